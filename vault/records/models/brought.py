from django.db import models

from core.models import FileRow, ResidentManager, ResidentModel
from core.models.rows import UNSIGNED, by_resident


class Brought(FileRow, ResidentModel):
    """A copy that a resident brought from another portal, kept as history: that portal's journal, agreements and
    dossiers.

    Its journal does not enter this portal's chain, and no agreement is given again here. `content` seals its origin.
    """

    manifest_sha256 = models.CharField(max_length=64)
    stored_name = models.CharField(max_length=200, unique=True)
    size = models.PositiveBigIntegerField()
    content = models.BinaryField()

    objects = ResidentManager["Brought"]()
    decides = by_resident("manifest_sha256", "stored_name", former=[UNSIGNED])
    FILE = "brought"

    class Meta:
        ordering = ["created_at"]
        constraints = [models.UniqueConstraint(fields=["resident_id", "manifest_sha256"], name="brought_once")]

    def __str__(self) -> str:
        return f"brought {self.id}"

    @property
    def place(self) -> str:
        return f"vault_brought|{self.id}|1|content"
