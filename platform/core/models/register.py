from django.db import models

from core.models.rows import nothing


class RegisterEntry(models.Model):
    """One public act of the city, such as granting or suspending a label. It holds no personal data.

    The database refuses a change or deletion. Each entry has the hash of the one before, and a stamp: whoever writes
    to the database alone adds no act (core/journal/register.py, which reads them).
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=20, help_text="of what it is about: “label”, “charter”")
    subject_id = models.UUIDField(db_index=True)
    event = models.CharField(max_length=40)
    content = models.JSONField()
    chain = models.BinaryField(help_text="SHA-256 over this entry and the former one's chain")

    stamp = models.BinaryField(default=bytes, help_text="HMAC-SHA256 of this entry under the city's key")

    decides = nothing("each entry has a stamp, which `core.journal.register` checks wherever one is read")

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"entry {self.number} of the register"
