"""Programs that prove who they are: by their secret or their key at OAuth's addresses, by their secret elsewhere."""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import unquote_plus

from django.contrib.auth.hashers import check_password
from django.db import connection
from django.utils import timezone

from certification.access.enums import Environment
from certification.access.fapi import client_assertions
from certification.access.models import Client
from certification.access.models.client import FIRST, SECOND, Secret

#: What says or proves who a program is, in the body of a request to an address of OAuth.
IN_BODY = ("client_id", "client_secret", "client_assertion", "client_assertion_type")


class TwoMethods(Exception):
    """The request proves who sends it in two ways (RFC 6749, 2.3)."""


def of_request(header: str, body: Mapping[str, str], environment: Environment) -> Client | None:
    """Return the client that a request to an address of OAuth proves to be, by one method, or None.

    Call it in a transaction. The client is not deleted before it ends.

    Args:
        header: `Authorization`.
        body: the parameters, each of which came once.

    Raises:
        TwoMethods
    """
    asserted = "client_assertion" in body or "client_assertion_type" in body
    by_basic = header.partition(" ")[0].lower() == "basic"
    if by_basic + asserted + ("client_secret" in body) > 1:
        raise TwoMethods
    named = body.get("client_id", "")
    if asserted:
        known = body.get("client_assertion_type") == client_assertions.TYPE
        client = client_assertions.client_of(body.get("client_assertion", ""), environment) if known else None
    else:
        proof = from_basic(header) if by_basic else (named, body.get("client_secret", ""))
        client = authenticated(*proof, environment) if proof else None
        if client is not None and client.keys_only:
            return None
    return client if client is not None and named in {"", client.client_id} and keep_from_deletion(client.pk) else None


def keep_from_deletion(client_id: int) -> bool:
    """Keep a client from being deleted until the transaction ends. Return False if it was deleted meanwhile.

    PostgreSQL would take the same lock at the end, for the rows that name the client: too late for a deletion that
    waits for one of them.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM access_client WHERE id = %s FOR KEY SHARE", [client_id])
        return cursor.fetchone() is not None


def from_basic(header: str) -> tuple[str, str] | None:
    """Return the client's id and secret of an HTTP Basic header, encoded as RFC 6749 (2.3.1) says, or None."""
    kind, _space, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return (unquote_plus(client_id), unquote_plus(secret)) if colon else None


def authenticated(client_id: str, secret: str, environment: Environment) -> Client | None:
    """Return the client of this environment that has this id and this secret, and note the day; or None."""
    if not secret or "\0" in client_id:
        return None
    client = Client.objects.select_related("service").filter(client_id=client_id, environment=environment).first()
    found = next((one for one in client.secrets if check_password(secret, one.hashed)), None) if client else None
    if client is None or found is None:
        return None
    _note_use(client, found)
    return client


def _note_use(client: Client, secret: Secret) -> None:
    """Keep the day on which a secret was used last. Cost: one statement a day."""
    today = timezone.localdate()
    for hashed, _hint, _made_at, used_on in (FIRST, SECOND):
        if getattr(client, hashed) == secret.hashed and secret.used_on != today:
            Client.objects.filter(pk=client.pk, **{hashed: secret.hashed}).update(**{used_on: today})
