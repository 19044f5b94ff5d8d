import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q
from jwcrypto.jwk import JWK
from oauth2_provider.models import AbstractApplication

from certification.access.enums import Environment
from certification.access.models import keys
from certification.labels.models import Service
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city, nothing

#: Columns of a client under its MAC before it had a second secret.
_FIRST = (
    "client_id",
    "client_secret",
    "client_type",
    "authorization_grant_type",
    "redirect_uris",
    "skip_authorization",
    "algorithm",
    "allowed_origins",
    "service",
    "environment",
)
_SECOND = (*_FIRST, "second_secret")
_KEYS = ("jwks", "keys_only", "require_pushed_authorization_requests", "dpop_bound_access_tokens")
#: The columns of each secret: its hash, its last characters, since when, and the day on which it was used last.
FIRST = ("client_secret", "secret_hint", "secret_made_at", "secret_used_on")
SECOND = ("second_secret", "second_secret_hint", "second_secret_made_at", "second_secret_used_on")


@dataclass(frozen=True)
class Secret:
    """One of a client's secrets, by its hash."""

    hashed: str
    hint: str
    made_at: datetime | None
    used_on: date | None

    @property
    def id(self) -> str:
        """Return by what pages name the secret. From the hash of 256 random bits nobody learns anything."""
        return self.hashed.rpartition("$")[2][:12]


class Client(AuthenticatedRow, AbstractApplication):  # type: ignore[django-manager-missing]  # of the toolkit
    """A service's program that asks residents and reads under their grants: OAuth's client.

    It proves who it is by a secret, and knows the code flow only; the database refuses anything else. What it may ask
    is its service's label, looked at in each request, and never a column here.

    A program of a holder sends lots, in its own name and under no grant (`sends`): it knows the flow of client
    credentials only, and no resident is ever sent to it.

    Two secrets may be alive at once, so that one is turned over without a stop. There is always a first one. Beside
    them it may have public keys, and say that its secrets no longer count where tokens are made (`keys_only`).
    """

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="clients")
    environment = models.CharField(max_length=4, choices=Environment.choices)
    secret_hint = models.CharField(max_length=4, blank=True, help_text="the secret's last characters")
    secret_made_at = models.DateTimeField(null=True, help_text="empty: before the portal noted it")
    secret_used_on = models.DateField(null=True)
    second_secret = models.CharField(max_length=255, blank=True)
    second_secret_hint = models.CharField(max_length=4, blank=True)
    second_secret_made_at = models.DateTimeField(null=True)
    second_secret_used_on = models.DateField(null=True)
    jwks = models.TextField(blank=True, help_text="the set of its public keys (RFC 7517)")
    keys_only = models.BooleanField(default=False, help_text="OAuth's addresses take its keys, and no secret")
    require_pushed_authorization_requests = models.BooleanField(default=False, help_text="RFC 9126, 6")
    dpop_bound_access_tokens = models.BooleanField(default=False, help_text="RFC 9449, 5.2")

    objects = RowQuerySet["Client"].as_manager()
    decides = by_city(*_SECOND, *_KEYS, former=[_FIRST, _SECOND])

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(environment__in=Environment.values), name="client_environment_known"),
            models.CheckConstraint(
                condition=Q(
                    client_type=AbstractApplication.CLIENT_CONFIDENTIAL,
                    authorization_grant_type__in=[
                        AbstractApplication.GRANT_AUTHORIZATION_CODE,
                        AbstractApplication.GRANT_CLIENT_CREDENTIALS,
                    ],
                    algorithm=AbstractApplication.RS256_ALGORITHM,
                    hash_client_secret=True,
                ),
                name="client_confidential_by_code_or_sending",
            ),
            models.CheckConstraint(condition=Q(skip_authorization=False), name="client_never_skips_consent"),
            models.CheckConstraint(
                condition=Q(authorization_grant_type=AbstractApplication.GRANT_CLIENT_CREDENTIALS, redirect_uris="")
                | Q(authorization_grant_type=AbstractApplication.GRANT_AUTHORIZATION_CODE) & ~Q(redirect_uris=""),
                name="client_has_an_address_or_sends",
            ),
            models.CheckConstraint(condition=Q(keys_only=False) | ~Q(jwks=""), name="client_keys_only_if_any"),
        ]

    def __str__(self) -> str:
        return str(self.client_id)

    @property
    def sends(self) -> bool:
        """Return whether it is a holder's program, which sends lots and reads nothing."""
        return bool(self.authorization_grant_type == self.GRANT_CLIENT_CREDENTIALS)

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Return whether an address is registered, sign by sign (RFC 9700, 2.1), but for a port on this machine.

        Raises:
            ValueError: it is no address.
        """
        own_machine = urlsplit(uri).hostname in {"127.0.0.1", "::1"}
        return uri in self.redirect_uris.split() or (own_machine and bool(super().redirect_uri_allowed(uri)))

    def returns_to(self, address: str) -> bool:
        """Return whether people may be sent to this address, which may be any text."""
        try:
            return bool(self.redirect_uri_allowed(address))
        except ValueError:
            return False

    @cached_property
    def jwk_key(self) -> JWK:
        """Return the portal's key that signs id_tokens, the same for a whole request; the sandbox has another one."""
        return keys.signing_key(self.environment)

    @property
    def public_keys(self) -> list[dict[str, Any]]:
        """Return the public keys by which it may prove who it is."""
        found: list[dict[str, Any]] = json.loads(self.jwks)["keys"] if self.jwks else []
        return found

    @property
    def is_sender_constrained(self) -> bool:
        """Return whether each of its tokens is of no use without its keys. It then gets what FAPI 2.0 says: refresh
        tokens that stay the same, and id_tokens by PS256.
        """
        return bool(self.keys_only and self.dpop_bound_access_tokens)

    @property
    def secrets(self) -> list[Secret]:
        """Return the secrets that are alive, the older first."""
        found = [Secret(*(getattr(self, column) for column in columns)) for columns in (FIRST, SECOND)]
        return [one for one in found if one.hashed]


class CallCount(models.Model):
    """The calls of one client, or from one network, within one minute (`limits.py`)."""

    key = models.CharField(max_length=64, help_text="a hash under the portal's secret, of whom it counts")
    minute = models.PositiveIntegerField(help_text="since 1970")
    count = models.PositiveIntegerField()

    decides = nothing("a count of calls; a call that it refuses is refused by nothing else")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "minute"], name="call_count_once_a_minute")]

    def __str__(self) -> str:
        return f"{self.count} in minute {self.minute}"
