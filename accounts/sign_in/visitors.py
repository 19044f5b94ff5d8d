"""Values that a session may carry besides sign-in: none past its end, and none through sign-in without a yes.

An app that keeps something in the session of a visitor registers its key in `AppConfig.ready()`.
"""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import SESSION_KEY

Session = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """`stays` returns True if the visitor asked to keep the value through sign-in, `is_over` if its time is past."""

    stays: Callable[[Any], bool]
    is_over: Callable[[Any], bool]


_keys: dict[str, Kept] = {}


def register(key: str, kept: Kept) -> None:
    _keys[key] = kept


def drop_at_sign_in(session: Session) -> None:
    """Drop what the visitor did not ask to keep. A session that is someone's already is left to Django, which empties
    it if another person signs in.
    """
    if SESSION_KEY not in session:
        _drop(session, lambda kept, value: not kept.stays(value))


def drop_over(session: Session) -> None:
    """Drop what is past its end, at any request that used the session."""
    _drop(session, lambda kept, value: kept.is_over(value))


def _drop(session: Session, must_go: Callable[[Kept, Any], bool]) -> None:
    for key, kept in _keys.items():
        if key in session and must_go(kept, session[key]):
            del session[key]
