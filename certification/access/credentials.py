"""Programs that prove who they are by their secret, at OAuth's addresses and at those of their own events."""

import base64
import binascii
from urllib.parse import unquote_plus

from django.contrib.auth.hashers import check_password
from django.utils import timezone

from certification.access.enums import Environment
from certification.access.models import Client
from certification.access.models.client import FIRST, SECOND, Secret


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
