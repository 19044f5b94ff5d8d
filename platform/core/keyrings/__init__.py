"""The key-encryption keys, from the setting KEYRING: a file, a keeper, an OpenBao or Vault engine, or AWS KMS.

KEYRING may list several, separated by spaces: the first one wraps, and each unwraps what it wrapped. This allows
moving from one to another.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings

from core.keyrings import files, kept, kms, transit
from core.keyrings.ring import KeyringError, KeysDown, Ring

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
        """Unwrap a key; raises as `Ring.unwrap`."""
        return self.of(kid).unwrap(kid, wrapped, context)

    def of(self, kid: str) -> Ring:
        for ring in self.rings:
            if ring.holds(kid):
                return ring
        raise KeyringError(f"The keyring has no key “{kid}”: put back the keyring that goes with this database.")

    def check(self) -> None:
        """Check every ring; raises as `Ring.check`."""
        for ring in self.rings:
            ring.check()


def keyring() -> Keyring:
    """Return the configured keyring.

    Raises:
        KeyringError: a file is missing, readable by other users or malformed, or an URL is invalid.
    """
    return Keyring(tuple(_ring(word) for word in str(settings.KEYRING).split(" ") if word))


def file_path() -> Path:
    """Return the path of the file that wraps, for the commands that make and change it.

    Raises:
        KeyringError: the keys are in a service, whose own tools change them.
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
    """Return one ring per process, which keeps its connections."""
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
