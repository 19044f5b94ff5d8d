"""Short secrets of the portal's accounts (a second factor's seed), protected by the keyring.

They belong to signing in, not to a vault: a resident's data is sealed under their own key (core.keys.sealed). An app
that stores such secrets registers them, so that a rotation finds them.
"""

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from core.keyrings import keyring


@dataclass(frozen=True)
class Keeper:
    """Stored secrets of one purpose.

    `texts` yields pairs of a row's key and its protected text. `replace(key, old, new)` returns the number of rows
    changed: none if `old` is no longer there.

    `named` yields the name of each secret's key, where the portal's role may not read the secrets themselves.
    """

    purpose: str
    texts: Callable[[], Iterable[tuple[Any, str]]]
    replace: Callable[[Any, str, str], int]
    named: Callable[[], Iterable[str]] | None = None

    def kids(self) -> Iterable[str]:
        """Return the name of the key that protects each secret."""
        return self.named() if self.named else (kid_of(text) for _pk, text in self.texts())


_keepers: dict[str, Keeper] = {}


def register(keeper: Keeper) -> None:
    """Register stored secrets. Each app calls it once in `AppConfig.ready`."""
    _keepers[keeper.purpose] = keeper


def keepers() -> list[Keeper]:
    return list(_keepers.values())


def protect(text: str, *, purpose: str) -> str:
    """Protect a text. `purpose` is bound to the result, so a value copied to another purpose cannot be read."""
    kid, wrapped = keyring().wrap(text.encode(), _context(purpose))
    return f"{kid}:{base64.b64encode(wrapped).decode()}"


def unprotect(protected: str, *, purpose: str) -> str:
    """Return the text of a protected value.

    Raises:
        KeyringError: the keyring lacks the key that protected it, or the value was changed.
    """
    wrapped = base64.b64decode(protected.rpartition(":")[2])
    return keyring().unwrap(kid_of(protected), wrapped, _context(purpose)).decode()


def kid_of(protected: str) -> str:
    return protected.rpartition(":")[0]


def _context(purpose: str) -> bytes:
    return b"account secret|" + purpose.encode()
