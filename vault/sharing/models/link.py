"""Links: a URL and a code by which a visitor without an account reads under a grant."""

from datetime import timedelta

from django.db import models
from django.db.models import Q

from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, by_resident
from vault.records.enums import GrantState
from vault.records.models.grant import Grant

#: Recipient kind: a visitor named by the resident, who opens a URL with a code (vault/sharing/agreements/links.py).
LINK_KIND = "link"
#: After this many wrong codes in a row, the link is locked until its resident makes another code.
MOST_TRIES = 5
#: How long a visit lasts in one browser.
VISIT_LASTS = timedelta(minutes=30)


class Link(AuthenticatedRow, ResidentModel):
    """The URL and the code of a grant of the kind `link`. Only their hashes are stored."""

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
    decides = by_resident("grant", "token_hash", "code_hash", "codes", "tries", head=True)

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
        """True if a right code would open it now. The gate checks the grant again, under its lock."""
        return not self.locked and self.grant.state == GrantState.ACTIVE

    @property
    def place(self) -> str:
        return f"vault_link|{self.id}|1|content"


class Visit(AuthenticatedRow, ResidentModel):
    """A visit begun by a right code. Its readings are `GrantReading` rows; no IP address or browser is stored."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="visits")
    at = models.DateTimeField()

    objects = ResidentManager["Visit"]()
    decides = by_resident("link", "at", put_back="opens nothing without its link, which the head follows")

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"visit {self.id}"
