import uuid

from django.db import models

from core.models.base import ResidentManager


class ResidentKey(models.Model):
    """A resident's data key, wrapped by the keyring. Deleting the row makes everything sealed under it unreadable.

    The table is in a separate schema, so that long-term dumps can leave it out.
    """

    resident_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.PositiveSmallIntegerField(default=1)
    kid = models.CharField(max_length=40)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ResidentManager["ResidentKey"]()

    class Meta:
        db_table = 'keystore"."resident_key'

    def __str__(self) -> str:
        return f"key of {self.resident_id}"
