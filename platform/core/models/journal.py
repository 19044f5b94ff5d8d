from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Cast

from core.models.base import ResidentManager, ResidentModel
from core.models.rows import nothing


class JournalLeaf(models.Model):
    """The hashes of one entry. Kept when the entry is erased, so that the chain still verifies."""

    id = models.BigAutoField(primary_key=True)
    resident_id = models.UUIDField()
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    leaf = models.BinaryField()
    chain = models.BinaryField()
    xid = models.BigIntegerField(
        db_default=Cast(
            Cast(models.Func(function="pg_current_xact_id"), models.TextField()), models.BigIntegerField()
        ),
        help_text="the transaction that wrote it: a hint of what is new (core/journal/sealing.py)",
    )

    objects = ResidentManager["JournalLeaf"]()
    decides = nothing("the chain and its checkpoints show a change")

    class Meta:
        indexes = [BrinIndex(fields=["xid"], autosummarize=True, name="journal_leaf_xid")]
        constraints = [models.UniqueConstraint(fields=["resident_id", "number"], name="journal_leaf_number_once")]

    def __str__(self) -> str:
        return f"leaf {self.number} of {self.resident_id}"


class JournalEntry(ResidentModel):
    """One entry of a resident's journal. Actor, event, purpose, field names and salt are sealed under their key."""

    leaf = models.OneToOneField(JournalLeaf, on_delete=models.PROTECT, related_name="entry")
    content = models.BinaryField()

    objects = ResidentManager["JournalEntry"]()
    decides = nothing("the chain and its checkpoints show a change")

    class Meta:
        verbose_name_plural = "journal entries"

    def __str__(self) -> str:
        return f"entry {self.leaf_id}"
