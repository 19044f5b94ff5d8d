from django.db import models

from core.models.rows import nothing


class Written(models.Model):
    """The hash of a MAC that a row has or had. No row has it a second time (migration 0020).

    Triggers of each table whose rows are under a MAC, and under no head, write it: `SELECT core_write_once('table')`
    in a migration makes them, with `SELECT core_mac_covers('table', '{columns under no MAC}')`. So do those of some
    other tables, for the ids of deleted rows (migration 0028). The database refuses to change a row of this table, or
    to delete it before its end.
    """

    name = models.BinaryField(primary_key=True, help_text="SHA-256 of the MAC, which a salt makes unlike any other")
    until = models.DateTimeField(null=True, help_text="empty: for ever; else the row opens nothing by then")

    decides = nothing("hashes; the database refuses to change one, or to delete it in time")

    class Meta:
        indexes = [
            models.Index(fields=["until"], condition=models.Q(until__isnull=False), name="written_purge"),
        ]

    def __str__(self) -> str:
        return f"written {bytes(self.name).hex()}"
