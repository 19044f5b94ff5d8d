"""The key-encryption keys, from the setting KEYRING: a file, a keeper, an OpenBao or Vault engine, or AWS KMS.

KEYRING may list several, separated by spaces: the first one wraps, and each unwraps what it wrapped. This allows
moving from one to another. A path that has a space is written as a URL, `file:///a%20folder/keyring.json`.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings

from core.keyrings import files, kept, kms, transit
from core.keyrings.ring import KeyringError, KeysDown, Ring

__all__ = ["Keyring", "KeyringError", "KeysDown", "Ring", "file_path", "keyring", "path_of", "words"]


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
    listed = [(word, path_of(word)) for word in words()]
    make = settings.MAKE_KEYRING
    return Keyring(tuple(files.load(path, make=make) if path else _remote(word) for word, path in listed))


def words() -> list[str]:
    """Return each of the keyrings that KEYRING lists."""
    return str(settings.KEYRING).split()


def file_path() -> Path:
    """Return the path of the file that wraps, for the commands that make and change it.

    Raises:
        KeyringError: the keys are in a service, whose own tools change them.
    """
    word = words()[0]
    path = path_of(word)
    if path is None:
        raise KeyringError(
            f"The keys lie at {urlsplit(word).netloc or word}: make and rotate them there (docs/keys.md)."
        )
    return path


def path_of(word: str) -> Path | None:
    """Return the path of a keyring that is a file.

    Raises:
        KeyringError: the word is neither a URL nor an absolute path, as the parts of a path with a space are.
    """
    parts = urlsplit(word)
    path = Path(unquote(parts.path) if parts.scheme else word)
    if parts.scheme not in {"", "file"}:
        return None
    if not path.is_absolute():
        raise KeyringError(
            f"KEYRING has “{word}”, which is neither a URL nor an absolute path: write a path that has a space as a"
            " URL, such as file:///a%20folder/keyring.json."
        )
    return path


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
