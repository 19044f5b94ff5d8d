"""When a person came before this session. Only the session holds it: the account knows the last sign-in alone."""

from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import Any

from django.utils import timezone

_KEY = "last_visit"


def keep(session: MutableMapping[str, Any], at: datetime | None) -> None:
    """Keep in the new session the sign-in before it: `User.last_login`, read before Django writes the new one."""
    if at is not None:
        session[_KEY] = at.isoformat()


def before(session: Mapping[str, Any]) -> datetime | None:
    """Return the person's sign-in before this session, in the town's time, or None at their first visit."""
    kept = session.get(_KEY)
    return timezone.localtime(datetime.fromisoformat(kept)) if isinstance(kept, str) else None
