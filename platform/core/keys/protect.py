"""Short secrets of the portal's own accounts (a second factor's seed), protected under the keyring.

They belong to signing in, not to a vault: what is a resident's goes through core.keys.sealed, under their own key. Whoever keeps some registers
where, so that a rotation finds them.
"""

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from core.keys.keyrings import keyring


@dataclass(frozen=True)
class Keeper:
    """`texts` gives each row's key with a protected text of it; `replace(key, old, new)` says how many it changed, none if old is gone."""

    purpose: str
    texts: Callable[[], Iterable[tuple[Any, str]]]
    replace: Callable[[Any, str, str], int]


_keepers: dict[str, Keeper] = {}


def register(keeper: Keeper) -> None:
    """Called once by each app's `AppConfig.ready`."""
    _keepers[keeper.purpose] = keeper


def keepers() -> list[Keeper]:
    return list(_keepers.values())


def protect(text: str, *, purpose: str) -> str:
    """`purpose` is bound to the result: a value copied into another place does not open there."""
    kid, wrapped = keyring().wrap(text.encode(), _context(purpose))
    return f"{kid}:{base64.b64encode(wrapped).decode()}"


def unprotect(protected: str, *, purpose: str) -> str:
    """
    Raises:
        KeyringError: the keyring that protected it is not here, or the value was changed.
    """
    wrapped = base64.b64decode(protected.rpartition(":")[2])
    return keyring().unwrap(kid_of(protected), wrapped, _context(purpose)).decode()


def kid_of(protected: str) -> str:
    return protected.rpartition(":")[0]


def _context(purpose: str) -> bytes:
    return b"account secret|" + purpose.encode()
