"""Who is told that a vault changed, each registered by its app in `AppConfig.ready()`.

A listener runs in the transaction of the change and in its resident's scope. It notes what it must do later and does
nothing else: a page waits for it, and it holds the lock of the resident's values.
"""

from collections.abc import Callable, Collection
from uuid import UUID

#: Called with the resident's id and the types of the records that were added, replaced or withdrawn.
Listener = Callable[[UUID, Collection[str]], None]

_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    if listener not in _listeners:
        _listeners.append(listener)


def tell(resident_id: UUID, types: Collection[str]) -> None:
    for listener in _listeners:
        listener(resident_id, types)
