"""Links: an address and a code that open a grant to somebody who has no account here."""

from datetime import timedelta

from django.db import models
from django.db.models import Q

from core.models import ResidentManager, ResidentModel
from vault.records.enums import GrantState
from vault.records.models.grant import Grant

#: Somebody whom the resident names, who opens an address with a code (vault/sharing/agreements/links.py).
LINK_KIND = "link"
#: Wrong codes in a row, after which the link opens to nobody until its resident makes another code.
MOST_TRIES = 5
#: How long a right code opens the page in one browser.
VISIT_LASTS = timedelta(minutes=30)


class Link(ResidentModel):
    """What opens a grant of the kind `link`. Neither its address nor its code can be read again: their hashes are here."""

    grant = models.OneToOneField(Grant, on_delete=models.CASCADE, related_name="link")
    form = models.UUIDField(help_text="one per form shown: the same form sent twice gives one link")
    token_hash = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the address's random part, in hexadecimal"
    )
    code_hash = models.CharField(max_length=64, help_text="HMAC-SHA-256 of the code, under the portal's secret")
    codes = models.PositiveSmallIntegerField(
        default=1, help_text="counts the codes made: a visit belongs to one of them"
    )
    tries = models.PositiveSmallIntegerField(default=0, help_text="wrong codes since the last right one")
    content = models.BinaryField(
        default=bytes, help_text="sealed: the title and the reason, in the resident's words; written once"
    )

    objects = ResidentManager["Link"]()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["resident_id", "form"], name="link_once_per_form"),
            models.CheckConstraint(condition=Q(tries__lte=MOST_TRIES), name="link_tries_at_most"),
        ]

    def __str__(self) -> str:
        return f"link {self.id}"

    @property
    def locked(self) -> bool:
        return self.tries >= MOST_TRIES

    @property
    def opens(self) -> bool:
        """To somebody who has the code, at this moment. The gate looks at the grant again, under its lock."""
        return not self.locked and self.grant.state == GrantState.ACTIVE

    @property
    def place(self) -> str:
        return f"vault_link|{self.id}|1|content"


class Visit(ResidentModel):
    """A right code was given. What it opened, its `GrantReading`s say; of the visitor nothing is kept, no address, no browser."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="visits")
    at = models.DateTimeField()

    objects = ResidentManager["Visit"]()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"visit {self.id}"
