from django.db import models
from django.db.models.functions import Now

from core.models.rows import nothing


class Used(models.Model):
    """Something that was used and serves no more, under a name that says nothing (core/once.py).

    The database dates it, and refuses to change it, or to delete it before eight days, whoever asks (migration 0015).
    """

    name = models.BinaryField(primary_key=True, help_text="an HMAC under the city's key")
    at = models.DateTimeField(db_default=Now())

    decides = nothing("nobody without the city's key makes a name that means something, and none is deleted in time")

    class Meta:
        indexes = [models.Index(fields=["at"], name="used_purge")]

    def __str__(self) -> str:
        return f"used {bytes(self.name).hex()}"
