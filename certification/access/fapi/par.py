"""Requests that a program pushes before the person's browser comes (RFC 9126): a handle, used once, for a minute.

The browser that first brings the handle keeps what was asked in its session, until it is answered or for a quarter of
an hour: the person may have to sign in, and loads the page again. In another browser the handle is worth nothing.
"""

import hashlib
import secrets
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils import timezone

from certification.access.issuers import Issuer
from certification.access.models import Client, PushedRequest
from core import once
from core.models.rows import unchecked

PREFIX = "urn:ietf:params:oauth:request_uri:"
#: Seconds until the person's browser must have come.
LASTS = 60
#: Seconds for which that browser keeps the request.
OPEN = 15 * 60
KEY = "pushed_requests"
#: Of one browser, at the same time.
MOST = 3
LONGEST = 20_000

Session = MutableMapping[str, Any]


class Over(Exception):
    """The handle is unknown, another program's, late, or was used in another browser."""


def push(client: Client, query: QueryDict) -> str:
    """Keep a request that was checked, and return its handle."""
    handle = f"{PREFIX}{secrets.token_urlsafe(32)}"
    expires = timezone.now() + timedelta(seconds=LASTS)
    PushedRequest.objects.create(client=client, handle=_hash(handle), parameters=query.urlencode(), expires=expires)
    return handle


def opened(request: HttpRequest, issuer: Issuer) -> tuple[QueryDict, str]:
    """Return what is asked of the person at this browser, and the handle if it was pushed.

    With a handle, other parameters of the address mean nothing (RFC 9101, 5).

    Raises:
        Over
    """
    handle = request.GET.get("request_uri", "")
    if not handle.startswith(PREFIX):
        return request.GET, ""
    client_id, now = request.GET.get("client_id", ""), timezone.now().timestamp()
    kept = request.session.get(KEY, {})
    if handle in kept:
        owner, parameters, at = kept[handle]
        if owner != client_id or now > at + OPEN:
            raise Over
    else:
        parameters = _use(handle, client_id, issuer)
        latest = [*kept.items()][1 - MOST :]
        request.session[KEY] = {**dict(latest), handle: [client_id, parameters, now]}
    return QueryDict(parameters), handle


def close(session: Session, handle: str) -> None:
    """Forget a request that was answered: the handle opens nothing any more."""
    kept = session.get(KEY, {})
    if handle in kept:
        session[KEY] = {other: value for other, value in kept.items() if other != handle}


def is_over(kept: dict[str, Any]) -> bool:
    """Return whether a session holds no request that still counts."""
    now = timezone.now().timestamp()
    return all(now > at + OPEN for _client_id, _parameters, at in kept.values())


def clear() -> None:
    """Delete the requests that are over."""
    with unchecked():
        PushedRequest.objects.filter(expires__lt=timezone.now()).delete()


def _use(handle: str, client_id: str, issuer: Issuer) -> str:
    if "\0" in handle or "\0" in client_id:
        raise Over
    found = PushedRequest.objects.filter(
        handle=_hash(handle),
        client__client_id=client_id,
        client__environment=issuer.environment,
        expires__gt=timezone.now(),
    ).first()
    if found is None or not once.use("pushed_request", handle):
        raise Over
    return found.parameters


def _hash(handle: str) -> str:
    return hashlib.sha256(handle.encode()).hexdigest()
