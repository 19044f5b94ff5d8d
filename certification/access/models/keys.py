"""The OAuth server's keys: some sign id_tokens, another makes the names by which services know residents.

They are in one row, protected by the keyring. None decrypts anything. The sandbox has a row of its own, so that
nothing it signs is ever good for a real service.

A key that signs is published before it does and after another one has taken its place. Each process looks at the row
again once a minute, so that another key needs no restart. The key of names never changes, and is read once.
"""

import base64
import hmac
import json
import math
import secrets
import time
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, models, transaction
from django.utils import timezone
from jwcrypto.jwk import JWK

from certification.access.enums import Environment
from core.keys import protect
from core.models.rows import nothing

PURPOSE = "OAuth server's keys"
RSA_BITS = 2048
RS256, PS256 = "RS256", "PS256"
#: Seconds for which a key is published before it signs: services keep the set for an hour (`views.oauth.PUBLIC`).
ANNOUNCED = 2 * 3600
#: Seconds for which one that signed stays published: an id_token lasts five minutes, and is verified when it comes.
LINGERS = 24 * 3600
#: Seconds after which a process looks at the row again.
READ_AGAIN = 60
#: By row: when this process read it last, and what it read.
_last_read: dict[int, tuple[float, str]] = {}
#: The row of each environment.
ROWS = {Environment.LIVE: 1, Environment.TEST: 2}


class ServerKeys(models.Model):
    """The keys, protected by the keyring. One row for each environment, made when it is first needed."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    protected = models.TextField()
    made_at = models.DateTimeField()

    decides = nothing("protected by the keyring, bound to its purpose, and written once: no former one comes back")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk__in=(1, 2)), name="server_keys_one_row_each")]

    def __str__(self) -> str:
        return "the OAuth server's keys"


class Dated(NamedTuple):
    """A key that signs from a moment on, in seconds since 1970, until the next one does."""

    key: JWK
    since: float


class Waiting(Exception):
    """Another key is published already, and does not sign yet."""


def signing_key(environment: str = Environment.LIVE) -> JWK:
    """Return the key that signs now."""
    return _current(_signing(ROWS[Environment(environment)]))


def published(environment: str = Environment.LIVE) -> dict[str, Any]:
    """Return the JWK set by which services verify id_tokens: the key that signs, then the next and the former one."""
    dated = _signing(ROWS[Environment(environment)])
    current = _current(dated)
    others = [one for one in _shown(dated) if one is not current]
    return {"keys": [_public(key, alg) for key in (current, *others) for alg in (RS256, PS256)]}


def rotate(environment: str = Environment.LIVE, *, at_once: bool = False) -> str:
    """Make another key that signs id_tokens, and return its name.

    Args:
        at_once: somebody may have seen the key. The new one signs now, and no former one is published any more.

    Raises:
        Waiting
        KeyringError: the keyring cannot unwrap the keys.
    """
    row = ROWS[Environment(environment)]
    _ = _protected(row) or _make(row)
    fresh, now = JWK.generate(kty="RSA", size=RSA_BITS), time.time()
    with transaction.atomic():
        held = ServerKeys.objects.select_for_update().get(pk=row)
        kept = json.loads(protect.unprotect(held.protected, purpose=PURPOSE))
        known = _dated(kept)
        if not at_once and known[-1].since > now:
            raise Waiting
        published = _shown(known)
        shown = [] if at_once else [one for one in known if one.key in published]
        dated = [*shown, Dated(fresh, now if at_once else now + ANNOUNCED)]
        kept = {"pairwise": kept["pairwise"], "dated": [[one.key.export_private(), one.since] for one in dated]}
        held.protected = protect.protect(json.dumps(kept), purpose=PURPOSE)
        held.save(update_fields=["protected"])
    return kid_of(fresh, RS256)


def _public(key: JWK, alg: str) -> dict[str, Any]:
    return {"alg": alg, "use": "sig", **json.loads(key.export_public()), "kid": kid_of(key, alg)}


def _current(dated: Sequence[Dated]) -> JWK:
    """Return the last key whose time has come. A clock that is late has the first one."""
    now = time.time()
    return next((one.key for one in reversed(dated) if one.since <= now), dated[0].key)


def _shown(dated: Sequence[Dated]) -> list[JWK]:
    """Return the keys that are published: those that sign, will sign, or signed lately, the last one first."""
    now, ends = time.time(), [one.since for one in dated[1:]]
    return [one.key for one, end in zip(dated, [*ends, math.inf], strict=True) if now < end + LINGERS][::-1]


def kid_of(key: JWK, alg: str) -> str:
    """Return the name of a key: by PS256, which FAPI 2.0 asks for, it has another one."""
    return str(key.thumbprint()) + ("" if alg == RS256 else f"-{alg.lower()}")


def pairwise(service_id: UUID, person_id: UUID) -> str:
    """Return the name of a person at a service. Without the key nobody computes it, or compares two services'."""
    message = b"sub|" + service_id.bytes + person_id.bytes
    key = _pairwise(ROWS[Environment.LIVE])
    return base64.urlsafe_b64encode(hmac.digest(key, message, "sha256")).rstrip(b"=").decode()


@cache
def _pairwise(row: int) -> bytes:
    """Return the key of names; make the row if there is none; raises as `_opened`."""
    return bytes.fromhex(json.loads(protect.unprotect(_read(row), purpose=PURPOSE))["pairwise"])


def _signing(row: int) -> Sequence[Dated]:
    return _opened(_read(row))


@lru_cache(maxsize=4)
def _opened(protected: str) -> Sequence[Dated]:
    """Return the keys that sign, oldest first.

    Raises:
        KeyringError: the keyring cannot unwrap them.
    """
    return _dated(json.loads(protect.unprotect(protected, purpose=PURPOSE)))


def _dated(kept: dict[str, Any]) -> list[Dated]:
    """Return the keys that sign, as the row has them. Before one was ever replaced, there is one without a date."""
    return [Dated(JWK.from_json(key), since) for key, since in kept.get("dated") or [[kept["signing"], 0]]]


def _read(row: int) -> str:
    """Return the row, looked at once a minute. Where it is gone, the one that was there stays."""
    now, (at, text) = time.time(), _last_read.get(row, (-math.inf, ""))
    if not 0 <= now - at < READ_AGAIN:
        text = _protected(row) or text or _make(row)
        _last_read[row] = now, text
    return text


def _protected(row: int) -> str | None:
    return ServerKeys.objects.filter(pk=row).values_list("protected", flat=True).first()


def _make(row: int) -> str:
    """Make the keys over a connection of its own: they stay, whatever becomes of the caller's transaction."""
    fresh = JWK.generate(kty="RSA", size=RSA_BITS)
    kept = json.dumps({"signing": fresh.export_private(), "pairwise": secrets.token_bytes(32).hex()})
    apart = connection.copy()
    try:
        with apart.cursor() as cursor:
            cursor.execute(
                "INSERT INTO access_serverkeys (id, protected, made_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                [row, protect.protect(kept, purpose=PURPOSE), timezone.now()],
            )
    finally:
        apart.close()
    return ServerKeys.objects.get(pk=row).protected


def _replace(pk: int, old: str, new: str) -> int:
    return ServerKeys.objects.filter(pk=pk, protected=old).update(protected=new)


KEEPER = protect.Keeper(PURPOSE, lambda: ServerKeys.objects.values_list("pk", "protected"), _replace)
