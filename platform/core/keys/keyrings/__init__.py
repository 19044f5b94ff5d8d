"""The key-encryption keys, where the setting KEYRING says: a file, another user of the machine, an OpenBao or Vault engine, AWS KMS.

Several, separated by spaces: the first wraps, each of them opens what it wrapped. So one moves from one to another.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings

from core.keys.keyrings import files, kept, kms, transit
from core.keys.keyrings.ring import KeyringError, KeysDown, Ring

__all__ = ["Keyring", "KeyringError", "KeysDown", "Ring", "file_path", "keyring"]


@dataclass(frozen=True, repr=False)
class Keyring:
    rings: tuple[Ring, ...]

    @property
    def current(self) -> str:
        return self.rings[0].current()

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        return self.rings[0].wrap(key, context)

    def unwrap(self, kid: str, wrapped: bytes, context: bytes) -> bytes:
        """Raises as `Ring.unwrap`."""
        return self.of(kid).unwrap(kid, wrapped, context)

    def of(self, kid: str) -> Ring:
        for ring in self.rings:
            if ring.holds(kid):
                return ring
        raise KeyringError(f"The keyring has no key “{kid}”: put back the keyring that goes with this database.")

    def check(self) -> None:
        """Raises as `Ring.check`."""
        for ring in self.rings:
            ring.check()


def keyring() -> Keyring:
    """
    Raises:
        KeyringError: a file is absent, readable by others or malformed, or an address is not understood.
    """
    return Keyring(tuple(_ring(word) for word in str(settings.KEYRING).split(" ") if word))


def file_path() -> Path:
    """The file that wraps, for the commands that make and change one.

    Raises:
        KeyringError: the keys lie elsewhere, where they are changed with that service's own tools.
    """
    word = str(settings.KEYRING).split(" ")[0]
    path = _path(word)
    if path is None:
        raise KeyringError(
            f"The keys lie at {urlsplit(word).netloc or word}: make and rotate them there (docs/keys.md)."
        )
    return path


def _ring(word: str) -> Ring:
    path = _path(word)
    return files.load(path, make=settings.MAKE_KEYRING) if path else _remote(word)


def _path(word: str) -> Path | None:
    parts = urlsplit(word)
    if not parts.scheme:
        return Path(word)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


@lru_cache(maxsize=8)
def _remote(word: str) -> Ring:
    """One for each process, with its open connections."""
    parts = urlsplit(word)
    if parts.scheme in transit.SCHEMES:
        return transit.load(parts)
    if parts.scheme == "kms":
        return kms.load(parts)
    if parts.scheme == "keeper":
        return kept.load(parts)
    raise KeyringError(
        f"KEYRING starts with “{parts.scheme}”: set it to a file, keeper:///…, transit+https://… or kms://…."
    )
