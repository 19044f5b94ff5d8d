from django.db import models

from core.models.base import ResidentManager
from core.models.rows import nothing


class Checkpoint(models.Model):
    """The state of all journals at one time: a signed note, chained to the previous one and also kept outside."""

    number = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    note = models.TextField(help_text="as it is published: core/journal/signed_notes.py")
    upto = models.BigIntegerField(
        help_text="every transaction under this number was over: a hint of what is new (core/journal/sealing.py)"
    )
    anchored_at = models.DateTimeField(null=True, help_text="when its copy outside was written")

    decides = nothing("signed, and copied outside")

    class Meta:
        indexes = [models.Index(fields=["anchored_at"], name="checkpoint_anchored")]

    def __str__(self) -> str:
        return f"checkpoint {self.number}"


class JournalSeal(models.Model):
    """One leaf of a checkpoint's tree: the last sealed entry of a journal. Kept when entries are erased."""

    id = models.BigAutoField(primary_key=True)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="seals")
    resident_id = models.UUIDField()
    position = models.PositiveIntegerField()
    number = models.PositiveIntegerField(help_text="of the line")
    chain = models.BinaryField()

    objects = ResidentManager["JournalSeal"]()
    decides = nothing("under the root of a signed checkpoint")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resident_id", "number"], name="journal_seal_line_once"),
            models.UniqueConstraint(fields=["checkpoint", "position"], name="journal_seal_position_once"),
        ]

    def __str__(self) -> str:
        return f"seal of line {self.number} of {self.resident_id}"
