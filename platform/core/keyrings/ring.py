"""Interface of a keyring, wherever its keys are."""

from typing import Protocol


class KeyringError(Exception):
    """The keyring cannot be used. The message says what to do and never holds key material."""


class KeysDown(KeyringError):
    """The key service did not answer in time, or refused for now. The same request may succeed later."""


class Ring(Protocol):
    """Keys that wrap other keys. `context` is bound to the wrapped key: unwrapping needs the same one."""

    #: True if it answers over a network; then unwrapped keys may be cached for a minute.
    remote: bool

    def current(self) -> str:
        """Return the name of the key that wraps now."""
        ...

    def holds(self, kid: str) -> bool: ...

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]: ...

    def unwrap(self, kid: str, wrapped: bytes, context: bytes) -> bytes:
        """Unwrap a key.

        Raises:
            KeyringError: the key that wrapped it is missing, or replaced by another one of the same name.
            KeysDown: the service does not answer.
        """
        ...

    def check(self) -> None:
        """Check that the keys themselves are usable, not only the settings.

        Raises:
            KeyringError, KeysDown: they are not.
        """
        ...
