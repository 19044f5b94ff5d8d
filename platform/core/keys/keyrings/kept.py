"""A keyring that another user of the machine keeps (core/keys/keyrings/keeper.py): `keeper:///run/garant-keys/socket`.

Asked each time, and nothing is kept: every use of a key is in its log, at a cost of 0.2 ms.
"""

import base64
import json
import socket
import threading
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote

from core.keys.keyrings.ring import KeyringError, KeysDown

#: Seconds: it answers in a fraction of a thousandth of that.
TIMEOUT = 3
LONGEST = 65_536


class _Line(threading.local):
    """Each thread has its own, open from one demand to the next."""

    held: socket.socket | None = None


@dataclass(repr=False)
class KeptRing:
    address: str
    line: _Line = field(default_factory=_Line)
    remote = False

    def current(self) -> str:
        return self._ask(verb="current")["kid"]

    def holds(self, kid: str) -> bool:
        """It says so itself when it does not: it comes last where there are several."""
        return not kid.startswith(("transit:", "kms:"))

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        told = self._ask(verb="wrap", key=_b64(key), context=_b64(context))
        return told["kid"], base64.b64decode(told["key"])

    def unwrap(self, kid: str, wrapped: bytes, context: bytes) -> bytes:
        return base64.b64decode(self._ask(verb="unwrap", kid=kid, key=_b64(wrapped), context=_b64(context))["key"])

    def check(self) -> None:
        self.current()

    def _ask(self, **demand: str) -> dict[str, str]:
        """Once more on a new line where the old one was cut: the keeper was started again."""
        answer = self._sent(demand) or self._sent(demand)
        try:
            told: dict[str, str] = json.loads(answer or b"")
        except ValueError:
            raise KeysDown("The keeper of the keys refused this user, or has gone.") from None
        if "down" in told:
            raise KeysDown(told["down"])
        if "error" in told:
            raise KeyringError(told["error"])
        return told

    def _sent(self, demand: dict[str, str]) -> bytes | None:
        """None: the line was cut."""
        try:
            if self.line.held is None:
                self.line.held = socket.socket(socket.AF_UNIX)
                self.line.held.settimeout(TIMEOUT)
                self.line.held.connect(self.address)
            self.line.held.sendall(json.dumps(demand).encode() + b"\n")
            return self._received(self.line.held)
        except (BrokenPipeError, ConnectionResetError):
            self._hang_up()
            return None
        except OSError as error:
            self._hang_up()
            raise KeysDown(f"The keeper of the keys did not answer ({type(error).__name__}).") from None

    def _received(self, line: socket.socket) -> bytes | None:
        answer = b""
        while not answer.endswith(b"\n"):
            more = line.recv(LONGEST)
            if not more or len(answer) > LONGEST:
                self._hang_up()
                return None
            answer += more
        return answer

    def _hang_up(self) -> None:
        if self.line.held is not None:
            self.line.held.close()
            self.line.held = None


def load(parts: SplitResult) -> KeptRing:
    """
    Raises:
        KeyringError: the address lacks something.
    """
    if parts.netloc or parts.query or not parts.path.startswith("/"):
        raise KeyringError("KEYRING: a keeper is keeper:///the/socket.")
    return KeptRing(unquote(parts.path))


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
