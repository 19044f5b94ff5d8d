"""The civil status that FranceConnect has just told (« identité pivot »), until the person says whether to keep it in their vault.

It waits in the session, which is sealed, for as long as it takes to answer: half an hour. The vault asks (it is above this room, and
registers its page) and writes; nothing is kept when the answer is no, or when there is none.
"""

import time
from collections.abc import Mapping
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

_pages: list[str] = []


def register(url_name: str) -> None:
    """The page that asks, in `AppConfig.ready()`. There is one."""
    _pages[:] = [url_name]


def offer(request: HttpRequest, user_id: UUID, identity: Identity, next_page: str) -> str:
    """Keep it for the page that asks, whose address is returned; `next_page` is where that page leads."""
    told = {name: value for name in FIELDS if (value := identity.claims.get(name))}
    request.session[PLACE] = {"user": str(user_id), "at": time.time(), "told": told | {"acr": identity.acr}}
    return f"{reverse(_pages[0])}?{urlencode({'next': next_page})}" if _pages else next_page


def waiting(request: HttpRequest) -> Mapping[str, Any] | None:
    """What this very person was told to have, while it waits for their answer."""
    kept = request.session.get(PLACE)
    if not kept or kept["user"] != str(request.user.pk) or time.time() - kept["at"] > LASTS:
        forget(request)
        return None
    told: Mapping[str, Any] = kept["told"]
    return told


def forget(request: HttpRequest) -> None:
    request.session.pop(PLACE, None)
