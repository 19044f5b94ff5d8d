from django.db import models
from django.utils import timezone

from core.models.base import ResidentManager, ResidentModel
from core.models.files import FileRow
from core.models.rows import UNSIGNED, by_resident, nothing


class Upload(ResidentModel):
    """A file arriving in parts, with its name sealed in `content`. It is deleted a day after its last part."""

    length = models.PositiveBigIntegerField()
    received = models.PositiveBigIntegerField(default=0)
    became = models.UUIDField(null=True, help_text="what was made of it: sending the same form again finds it")
    expires_at = models.DateTimeField(db_index=True)
    content = models.BinaryField()

    objects = ResidentManager["Upload"]()
    decides = nothing("sealed, and checked as any file when it becomes a paper")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(received__lte=models.F("length")), name="upload_within_its_length"
            )
        ]

    def __str__(self) -> str:
        return f"upload {self.id}"

    @property
    def place(self) -> str:
        return f"core_upload|{self.id}|1|content"

    @property
    def whole(self) -> bool:
        return self.received == self.length

    @property
    def expired(self) -> bool:
        return self.expires_at <= timezone.now()


class UploadPart(FileRow, ResidentModel):
    """One part of an upload, sealed as its own file so that a part sent again uses new nonces."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="parts")
    start = models.PositiveBigIntegerField()
    stored_name = models.CharField(max_length=200, unique=True)

    objects = ResidentManager["UploadPart"]()
    decides = by_resident(
        "upload",
        "start",
        "stored_name",
        former=[UNSIGNED],
        put_back="a part of its resident's own file, which is checked as it becomes a paper",
    )
    FILE = "part"

    class Meta:
        ordering = ["start"]
        constraints = [models.UniqueConstraint(fields=["upload", "start"], name="upload_part_once")]

    def __str__(self) -> str:
        return f"part of upload {self.upload_id}"
