"""When somebody shows again who they are before they are asked: `prompt=login`, `max_age` (OpenID Connect, 3.1.2.1).

The browser's session keeps when a request first came. Whoever has signed in since is not sent to do it again.
"""

import hashlib
from collections.abc import MutableMapping
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts.sign_in import reauthentication
from certification.access.server import Request

KEY = "asked_to_sign_in"
#: Seconds for which a browser keeps it.
LASTS = 15 * 60
#: Of one browser, at the same time.
MOST = 3

Session = MutableMapping[str, Any]


def is_due(request: HttpRequest, asked: Request) -> bool:
    """Return whether the person must show again who they are. Call it for a visitor too, before they sign in."""
    always, now = "login" in asked.prompts, timezone.now().timestamp()
    if not always and asked.max_age is None:
        return False
    at = reauthentication.last_at(request)
    if not always and now - at <= float(asked.max_age or 0):
        return False
    return at < _first_seen(request.session, _name(asked), now)


def forget(session: Session, asked: Request) -> None:
    """Forget a request that was answered: the same one again asks again."""
    name, kept = _name(asked), session.get(KEY, {})
    if name in kept:
        session[KEY] = {other: at for other, at in kept.items() if other != name}


def is_over(kept: dict[str, float]) -> bool:
    """Return whether a session holds no request that still counts."""
    return all(_is_old(at) for at in kept.values())


def _first_seen(session: Session, name: str, now: float) -> float:
    kept = {other: at for other, at in session.get(KEY, {}).items() if not _is_old(at)}
    if name not in kept:
        session[KEY] = {**dict([*kept.items()][1 - MOST :]), name: now}
        return now
    found: float = kept[name]
    return found


def _is_old(at: float) -> bool:
    return timezone.now().timestamp() > at + LASTS


def _name(asked: Request) -> str:
    return hashlib.sha256((asked.handle or str(asked.query.urlencode())).encode()).hexdigest()
