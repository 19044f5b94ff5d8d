from django.db import models

from core.models.base import ResidentManager
from core.models.rows import nothing


class RowHead(models.Model):
    """The rows by which a resident's vault can still be opened: a tag of each. Those that ended, and how many did not
    (core/journal/heads.py).
    """

    resident_id = models.UUIDField(primary_key=True, editable=False)
    counter = models.PositiveBigIntegerField(help_text="one more at each change; the journal's last entry names it")
    tags = models.BinaryField(help_text="each row's id and tag, in the order of the ids")
    ended = models.BinaryField(default=bytes, help_text="the last bytes of the ids of rows that ended, in order")
    counts = models.BinaryField(default=bytes, help_text="how many rows of each lot did not end; empty: not counted")
    mac = models.BinaryField()

    objects = ResidentManager["RowHead"]()
    decides = nothing("under a MAC of its own, and named by the journal's last entry")

    def __str__(self) -> str:
        return f"head of {self.resident_id}"
