"""What a visitor's session may carry through sign-in: nothing, unless the visitor asked for it.

An app that keeps something for a visitor registers its session key in `AppConfig.ready()`, with a function that
returns True if the visitor said yes.
"""

from collections.abc import Callable, MutableMapping
from typing import Any

from django.contrib.auth import SESSION_KEY

Stays = Callable[[Any], bool]
_keys: dict[str, Stays] = {}


def register(key: str, stays: Stays) -> None:
    _keys[key] = stays


def drop(session: MutableMapping[str, Any]) -> None:
    """Drop what the visitor did not ask to keep. A session that is someone's already is left to Django, which empties
    it if another person signs in.
    """
    if SESSION_KEY in session:
        return
    for key, stays in _keys.items():
        if key in session and not stays(session[key]):
            del session[key]
