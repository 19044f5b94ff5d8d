"""The civil status just received from FranceConnect (« identité pivot »), until the resident chooses to keep it.

It waits in the sealed session for half an hour. An app above registers the page that asks, and writes to the vault. If
the resident refuses or does not answer, it is deleted.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from accounts.sign_in.openid import Identity

LASTS = 1800
PLACE = "pivot"
FIELDS = (
    "given_name",
    "given_name_array",
    "family_name",
    "preferred_username",
    "birthdate",
    "gender",
    "birthplace",
    "birthcountry",
)

Listener = Callable[[HttpRequest, UUID, Mapping[str, Any]], None]
_pages: list[str] = []
_listeners: list[Listener] = []


def register(url_name: str) -> None:
    """Register the page that asks, in `AppConfig.ready()`. There is only one."""
    _pages[:] = [url_name]


def on_proof(listener: Listener) -> None:
    """Register what is told, in `AppConfig.ready()`, that FranceConnect has just proved a user's civil status.

    It may keep something of it in the session, and nothing elsewhere: the user has agreed to nothing.
    """
    if listener not in _listeners:
        _listeners.append(listener)


def prove(request: HttpRequest, user_id: UUID, identity: Identity) -> dict[str, Any]:
    """Tell the listeners what FranceConnect has just proved, and return it. Nothing of it is stored here."""
    status = {name: value for name in FIELDS if (value := identity.claims.get(name))}
    for listener in _listeners:
        listener(request, user_id, status)
    return status


def offer(request: HttpRequest, user_id: UUID, identity: Identity, next_page: str) -> str:
    """Store the civil status and return the URL of the page that asks, which then leads to `next_page`."""
    status = prove(request, user_id, identity)
    request.session[PLACE] = {"user": str(user_id), "at": time.time(), "told": status | {"acr": identity.acr}}
    return f"{reverse(_pages[0])}?{urlencode({'next': next_page})}" if _pages else next_page


def waiting(request: HttpRequest) -> Mapping[str, Any] | None:
    """Return the civil status that waits for this user's answer, or None."""
    kept = request.session.get(PLACE)
    if not kept or kept["user"] != str(request.user.pk) or time.time() - kept["at"] > LASTS:
        forget(request)
        return None
    status: Mapping[str, Any] = kept["told"]
    return status


def forget(request: HttpRequest) -> None:
    request.session.pop(PLACE, None)
