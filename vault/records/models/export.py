from datetime import timedelta

from django.db import models
from django.utils import timezone

from core.models import FileRow, Job, ResidentManager, ResidentModel
from core.models.rows import UNSIGNED, by_resident

#: Long enough to come back to the file, and no longer: it holds a whole vault.
KEPT = timedelta(days=7)


class Export(FileRow, ResidentModel):
    """The copy of a whole vault, in one sealed file. A resident has one; a new one replaces it.

    Its size field is not called `size`, because a copy does not count towards the vault's quota (core/files/quota.py).
    """

    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    stored_name = models.CharField(max_length=200, blank=True)
    length = models.PositiveBigIntegerField(default=0)
    made_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)

    objects = ResidentManager["Export"]()
    decides = by_resident("stored_name", "made_at", "expires_at", former=[UNSIGNED])
    FILE = "copy of a vault"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resident_id"], name="export_once"),
            models.CheckConstraint(
                condition=models.Q(stored_name="") | models.Q(made_at__isnull=False, expires_at__isnull=False),
                name="export_made_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"export {self.id}"

    @property
    def ready(self) -> bool:
        return bool(self.stored_name) and self.expires_at is not None and self.expires_at > timezone.now()

    @property
    def file_name(self) -> str:
        """Return a name with the date only: a shared computer would keep showing the resident's name."""
        return f"garant-{self.made_at:%Y-%m-%d}.zip" if self.made_at else "garant.zip"
