"""What a keyring is, wherever its keys lie."""

from typing import Protocol


class KeyringError(Exception):
    """The keyring cannot be used; the sentence says what to do. It never holds key material."""


class KeysDown(KeyringError):
    """The key service did not answer in time, or refused for now: the same demand may succeed later."""


class Ring(Protocol):
    """Keys that wrap other keys. `context` is bound to what is wrapped: it opens under the same one only."""

    #: It answers over a network: what it opened may be kept for a minute.
    remote: bool

    def current(self) -> str:
        """The name of the key that wraps from now on."""
        ...

    def holds(self, kid: str) -> bool: ...

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]: ...

    def unwrap(self, kid: str, wrapped: bytes, context: bytes) -> bytes:
        """
        Raises:
            KeyringError: the key that wrapped it is not here, or is another one under the same name.
            KeysDown
        """
        ...

    def check(self) -> None:
        """Asks the keys themselves, not only the settings.

        Raises:
            KeyringError, KeysDown
        """
        ...
