"""Client of a keeper (core/keyrings/keeper.py): `keeper:///run/garant-keys/socket`.

Nothing is cached, so that the keeper's log has each use of a key. Cost: 0.2 ms each.
"""

import base64
import json
import socket
import threading
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote

from core.keyrings.ring import KeyringError, KeysDown

#: Seconds. The keeper usually answers in less than a millisecond.
TIMEOUT = 3
LONGEST = 65_536


class _Connection(threading.local):
    """The connection of each thread, kept open between requests."""

    opened: socket.socket | None = None


@dataclass(repr=False)
class KeptRing:
    address: str
    connection: _Connection = field(default_factory=_Connection)
    #: Names of keys that the keeper said it has: it is asked once for each. One that it forgot since is its own error.
    held: set[str] = field(default_factory=set)
    remote = False

    def current(self) -> str:
        return self._ask(verb="current")["kid"]

    def holds(self, kid: str) -> bool:
        """Return True if the keeper has the key.

        Raises:
            KeysDown: the keeper does not answer.
        """
        if kid not in self.held and self._ask(verb="holds", kid=kid)["kid"] == kid:
            self.held.add(kid)
        return kid in self.held

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        answer = self._ask(verb="wrap", key=_b64(key), context=_b64(context))
        return answer["kid"], base64.b64decode(answer["key"])

    def unwrap(self, kid: str, wrapped: bytes, context: bytes) -> bytes:
        return base64.b64decode(self._ask(verb="unwrap", kid=kid, key=_b64(wrapped), context=_b64(context))["key"])

    def check(self) -> None:
        self.current()

    def _ask(self, **demand: str) -> dict[str, str]:
        """Send a request, and once more on a new connection if the first was cut: the keeper was restarted."""
        received = self._send(demand) or self._send(demand)
        try:
            answer: dict[str, str] = json.loads(received or b"")
        except ValueError:
            raise KeysDown("The keeper of the keys refused this user, or has gone.") from None
        if "down" in answer:
            raise KeysDown(answer["down"])
        if "error" in answer:
            raise KeyringError(answer["error"])
        return answer

    def _send(self, demand: dict[str, str]) -> bytes | None:
        """Return the answer, or None if the connection was cut."""
        try:
            if self.connection.opened is None:
                self.connection.opened = socket.socket(socket.AF_UNIX)
                self.connection.opened.settimeout(TIMEOUT)
                self.connection.opened.connect(self.address)
            self.connection.opened.sendall(json.dumps(demand).encode() + b"\n")
            return self._receive(self.connection.opened)
        except (BrokenPipeError, ConnectionResetError):
            self._close()
            return None
        except OSError as error:
            self._close()
            raise KeysDown(f"The keeper of the keys did not answer ({type(error).__name__}).") from None

    def _receive(self, opened: socket.socket) -> bytes | None:
        answer = b""
        while not answer.endswith(b"\n"):
            more = opened.recv(LONGEST)
            if not more or len(answer) > LONGEST:
                self._close()
                return None
            answer += more
        return answer

    def _close(self) -> None:
        if self.connection.opened is not None:
            self.connection.opened.close()
            self.connection.opened = None


def load(parts: SplitResult) -> KeptRing:
    """Return the ring of a keeper's URL.

    Raises:
        KeyringError: the URL is invalid.
    """
    if parts.netloc or parts.query or not parts.path.startswith("/"):
        raise KeyringError("KEYRING: a keeper is keeper:///the/socket.")
    return KeptRing(unquote(parts.path))


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
