"""OAuth's codes and tokens. Each names the resident's grant by its id, as `GrantDocument` does, and holds no value.

A token opens nothing by itself: what it allows is the grant, which the gate checks in each reading. The database has
the SHA-256 of each code and token only.
"""

import hashlib
import uuid
from typing import Any

from django.db import models
from django.utils import timezone
from oauth2_provider.models import AbstractAccessToken, AbstractGrant, AbstractIDToken, AbstractRefreshToken

from certification.access.models.client import Client
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city, nothing

#: Of a SHA-256 thumbprint of a key (RFC 7638).
JKT = 43
_CODE = (
    "user",
    "code",
    "application",
    "expires",
    "redirect_uri",
    "scope",
    "code_challenge",
    "code_challenge_method",
    "grant_id",
    "used_at",
)
#: Not its access token, which the database takes away when that token is deleted.
_REFRESH = ("user", "token_checksum", "application", "token_family", "revoked", "grant_id")
_ACCESS = ("user", "token_checksum", "application", "expires", "scope", "grant_id")


class Hashed(str):
    """The hash of a code, as it is stored."""


class HashedCodeField(models.CharField):  # type: ignore[type-arg]  # Django has none at run time
    """A code of which the database has the hash. A lookup by the code finds its row; a lookup by the hash does not."""

    def from_db_value(self, value: str, *_: object) -> Hashed:
        return Hashed(value)

    def get_prep_value(self, value: Any) -> Any:  # noqa: ANN401 - Django's signature
        return value if value is None or isinstance(value, Hashed) else _hash(str(value))

    def pre_save(self, row: models.Model, add: bool) -> str:
        stored = Hashed(self.get_prep_value(getattr(row, self.attname)))
        setattr(row, self.attname, stored)
        return stored


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


class PushedRequest(AuthenticatedRow):
    """What a program will ask a person, pushed before their browser comes. It names nobody; `fapi.par` uses it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+")
    handle = models.CharField(max_length=64, unique=True, help_text="SHA-256")
    parameters = models.TextField(help_text="as in an address")
    expires = models.DateTimeField(db_index=True)

    objects = RowQuerySet["PushedRequest"].as_manager()
    decides = by_city("client", "handle", "parameters", "expires")

    def __str__(self) -> str:
        return f"pushed request {self.pk}"


class AuthorizationCode(AuthenticatedRow, AbstractGrant):
    """A code, exchanged once within a minute for tokens. It stays until its end, so that a second exchange is seen."""

    code = HashedCodeField(max_length=64, unique=True)
    grant_id = models.UUIDField()
    used_at = models.DateTimeField(null=True)
    jkt = models.CharField(max_length=JKT, blank=True, help_text="only who has this key exchanges it (RFC 9449, 10)")
    auth_time = models.DateTimeField(null=True, help_text="when whoever is at the browser showed who they are")

    objects = RowQuerySet["AuthorizationCode"].as_manager()
    decides = by_city(*_CODE, "jkt", "auth_time", former=[_CODE, (*_CODE, "jkt")])

    def __str__(self) -> str:
        return f"code {self.pk}"


class AccessToken(AuthenticatedRow, AbstractAccessToken):
    """A token of a grant; or, without grant and person, of a holder's program that sends lots."""

    grant_id = models.UUIDField(db_index=True, null=True)
    jkt = models.CharField(max_length=JKT, blank=True, help_text="only who has this key uses it (RFC 9449)")

    objects = RowQuerySet["AccessToken"].as_manager()
    decides = by_city(*_ACCESS, "jkt", former=[_ACCESS])

    def __str__(self) -> str:
        return f"access token {self.pk}"


class RefreshToken(AuthenticatedRow, AbstractRefreshToken):
    grant_id = models.UUIDField(db_index=True)
    auth_time = models.DateTimeField(null=True, help_text="as of its code")

    objects = RowQuerySet["RefreshToken"].as_manager()
    decides = by_city(*_REFRESH, "auth_time", former=[_REFRESH])

    class Meta(AbstractRefreshToken.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"refresh token {self.pk}"

    def revoke(self) -> None:
        """Mark this token as revoked and delete its access token. Under its lock: another request may renew it."""
        held = RefreshToken.objects.select_for_update(of=("self",)).filter(pk=self.pk, revoked=None).first()
        if held is not None:
            former = held.access_token
            held.access_token, held.revoked = None, timezone.now()
            held.save(update_fields=["access_token", "revoked"])
            if former is not None:
                former.delete()


class IDToken(AbstractIDToken):
    grant_id = models.UUIDField(db_index=True)

    objects = models.QuerySet["IDToken"].as_manager()
    decides = nothing("the number of an id_token that was signed; no page believes the row")

    def __str__(self) -> str:
        return f"id_token {self.pk}"
