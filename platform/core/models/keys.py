import uuid

from django.db import models

from core.models.base import ResidentManager
from core.models.rows import nothing


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
    decides = nothing("wrapped by the keyring, and bound to its resident: another one is not unwrapped")

    class Meta:
        db_table = 'keystore"."resident_key'

    def __str__(self) -> str:
        return f"key of {self.resident_id}"


class CityKey(models.Model):
    """The city's own key, protected by the keyring: it makes the MACs of accounts (core/rows.py). It decrypts nothing.

    One row, which only the owner of the tables changes or deletes: a former one would have `rows sign` believe rows
    again. Deleting it refuses every account until `manage.py rows sign --again`.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    protected = models.TextField()
    made_at = models.DateTimeField()

    decides = nothing("protected by the keyring, and bound to its purpose: another one is not unwrapped")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_city_key")]

    def __str__(self) -> str:
        return "the city's key"


class RowMac(models.Model):
    """The MAC of a row of another package's model, whose table we do not change."""

    label = models.CharField(max_length=60)
    row = models.CharField(max_length=40)
    mac = models.BinaryField()

    decides = nothing("a MAC, which nobody makes without the city's key")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["label", "row"], name="row_mac_once")]

    def __str__(self) -> str:
        return f"{self.label} {self.row}"
