"""The OAuth server's keys: one signs id_tokens, the other makes the names by which services know residents.

Both are in one row, protected by the keyring, and read once in each process. Neither decrypts anything. The sandbox
has a row of its own, so that nothing it signs is ever good for a real service.
"""

import base64
import hmac
import json
import secrets
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, models
from django.utils import timezone
from jwcrypto.jwk import JWK

from certification.access.enums import Environment
from core.keys import protect
from core.models.rows import nothing

PURPOSE = "OAuth server's keys"
RSA_BITS = 2048
RS256, PS256 = "RS256", "PS256"
#: The row of each environment.
ROWS = {Environment.LIVE: 1, Environment.TEST: 2}


class ServerKeys(models.Model):
    """The keys, protected by the keyring. One row for each environment, made when it is first needed."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    protected = models.TextField()
    made_at = models.DateTimeField()

    decides = nothing("protected by the keyring, and bound to its purpose: another one is not unwrapped")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk__in=(1, 2)), name="server_keys_one_row_each")]

    def __str__(self) -> str:
        return "the OAuth server's keys"


class Keys(NamedTuple):
    signing: JWK
    pairwise: bytes


def signing_key(environment: str = Environment.LIVE) -> JWK:
    return _keys(ROWS[Environment(environment)]).signing


def published(environment: str = Environment.LIVE) -> dict[str, Any]:
    """Return the JWK set by which services verify id_tokens."""
    key = signing_key(environment)
    public = json.loads(key.export_public())
    return {"keys": [{"alg": alg, "use": "sig", **public, "kid": kid_of(key, alg)} for alg in (RS256, PS256)]}


def kid_of(key: JWK, alg: str) -> str:
    """Return the name of a key: by PS256, which FAPI 2.0 asks for, it has another one."""
    return str(key.thumbprint()) + ("" if alg == RS256 else f"-{alg.lower()}")


def pairwise(service_id: UUID, person_id: UUID) -> str:
    """Return the name of a person at a service. Without the key nobody computes it, or compares two services'."""
    message = b"sub|" + service_id.bytes + person_id.bytes
    key = _keys(ROWS[Environment.LIVE]).pairwise
    return base64.urlsafe_b64encode(hmac.digest(key, message, "sha256")).rstrip(b"=").decode()


@cache
def _keys(row: int) -> Keys:
    """Return the keys; make them if there are none.

    Raises:
        KeyringError: the keyring cannot unwrap them.
    """
    kept = json.loads(protect.unprotect(_protected(row) or _make(row), purpose=PURPOSE))
    return Keys(JWK.from_json(kept["signing"]), bytes.fromhex(kept["pairwise"]))


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
