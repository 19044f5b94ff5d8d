"""Contributions, sealed to their campaign, in a schema of their own.

The role `web` may insert a row. It asks about one, and deletes one, by functions of the database (`store.py`): it
reads no payload and no batch, and counts nothing. No row has a time, a number or a reference to a resident:
`pseudonym` is an HMAC of the resident's id under the campaign's key.
Nor does `stamp` name one: it says that the portal took this row.
"""

from django.db import models

from core.models.rows import nothing

SEALED = "sealed to the campaign, and bound to its pseudonym: another payload is not opened"
STAMPED = "each row has a stamp that no role of the database can make, which `stamping` checks"
STAMP = "of the portal, when it was given (stamping.py)"
# The database has the default too (migration 0004), by hand: Django would read the column back, which `web` may not.
AGAIN = "milestones have counted it before it was withdrawn: they do not count it again"


class Batch(models.Model):
    """The key under which one process of the portal seals the contributions of a day, sealed to the campaign."""

    id = models.UUIDField(primary_key=True, editable=False)
    campaign_id = models.UUIDField()
    made_on = models.DateField()
    sealed = models.BinaryField(help_text="HPKE: X25519, HKDF-SHA256, AES-256-GCM")

    decides = nothing(SEALED)

    class Meta:
        db_table = 'campaigns"."batch'

    def __str__(self) -> str:
        return f"batch {self.id}"


class Arrival(models.Model):
    """A contribution that waits for the night, when the role `release` moves all of them in a random order."""

    pk = models.CompositePrimaryKey("campaign_id", "pseudonym")
    campaign_id = models.UUIDField()
    pseudonym = models.BinaryField()
    batch_id = models.UUIDField()
    counts_from = models.DateField(help_text="seven days after it was given")
    again = models.BooleanField(default=False, help_text=AGAIN)
    payload = models.BinaryField()
    stamp = models.BinaryField(default=bytes, help_text=STAMP)

    decides = nothing(STAMPED)

    class Meta:
        db_table = 'campaigns"."arrival'

    def __str__(self) -> str:
        return "a contribution that arrived"


class Contribution(models.Model):
    """A contribution that no publication has counted. It is deleted in the transaction that publishes it."""

    pk = models.CompositePrimaryKey("campaign_id", "pseudonym")
    campaign_id = models.UUIDField()
    pseudonym = models.BinaryField()
    batch_id = models.UUIDField()
    counts_from = models.DateField(help_text="seven days after it was given")
    again = models.BooleanField(default=False, help_text=AGAIN)
    payload = models.BinaryField()
    stamp = models.BinaryField(default=bytes, help_text=STAMP)

    decides = nothing(STAMPED)

    class Meta:
        db_table = 'campaigns"."contribution'

    def __str__(self) -> str:
        return "a contribution"
