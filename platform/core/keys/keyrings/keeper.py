"""The keeper: another user of the machine holds the keyring's file, and wraps and unwraps for the portal over a socket.

    python -m core.keys.keyrings.keeper serve --keyring FILE --socket PATH --log FILE --for USER
    python -m core.keys.keyrings.keeper add | use KEY --keyring FILE
    python -m core.keys.keyrings.keeper verify --log FILE

Each key that it opens is first a line of its own log, on the disk before the answer leaves, chained to the line before: who runs the portal
can neither take the city's key away nor open a vault without a trace there. It needs neither Django's settings nor the database.
"""

import argparse
import base64
import fcntl
import hashlib
import json
import os
import pwd
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.keys.keyrings import files
from core.keys.keyrings.ring import KeyringError

LONGEST = 65_536
START = "0" * 64


class Log:
    """Append-only by its only writer; the chain shows what somebody else did to it. Its last hash is worth copying elsewhere."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._number, self._previous = _last(path)
        except BaseException:
            os.close(self._file)
            raise

    def write(self, **told: str | int) -> None:
        """
        Raises:
            OSError: it is not on the disk; nothing may be opened.
        """
        with self._lock:
            number = self._number + 1
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = json.dumps(
                {"number": number, "at": at, **told, "previous": self._previous}, separators=(",", ":")
            ).encode()
            if os.write(self._file, line + b"\n") != len(line) + 1:
                raise OSError("the log's disk is full")
            os.fdatasync(self._file)
            self._number, self._previous = number, hashlib.sha256(line).hexdigest()


def verify(path: Path) -> tuple[int, str | None]:
    """How many lines follow from the first, and what is wrong with the next one."""
    expected, previous = 0, START
    for line in _lines(path):
        try:
            told = json.loads(line)
            fits = (told["number"], told["previous"]) == (expected + 1, previous)
        except (ValueError, KeyError, TypeError):
            fits = False
        if not fits:
            return expected, f"line {expected + 1} does not follow from the one before"
        expected, previous = expected + 1, hashlib.sha256(line).hexdigest()
    return expected, None


class Keeper(socketserver.ThreadingUnixStreamServer):
    """`user`: the only one that is answered, told by the kernel."""

    daemon_threads = True
    #: Every thread of every process of the portal may knock at once.
    request_queue_size = 128

    def __init__(self, address: Path, keyring: Path, log: Log, user: int) -> None:
        self.keyring, self.log, self.user = keyring, log, user
        address.unlink(missing_ok=True)
        super().__init__(str(address), _Visit)
        address.chmod(0o666)  # who may ask is looked at below, line by line

    def answer(self, demand: dict[str, Any], process: int) -> dict[str, str]:
        ring = files.load(self.keyring, make=False)
        verb, kid, context = (
            str(demand["verb"]),
            str(demand.get("kid", "")),
            base64.b64decode(demand.get("context", "")),
        )
        if verb == "current":
            return {"kid": ring.current()}
        given = base64.b64decode(demand["key"])
        if verb == "wrap":
            kid, wrapped = ring.wrap(given, context)
            return {"kid": kid, "key": base64.b64encode(wrapped).decode()}
        if not ring.holds(kid):
            raise KeyringError(f"The keyring has no key “{kid}”: put back the keyring that goes with this database.")
        self.log.write(verb="unwrap", kid=kid, context=context.decode(errors="replace"), process=process)
        return {"key": base64.b64encode(ring.unwrap(kid, given, context)).decode()}


class _Visit(socketserver.StreamRequestHandler):
    server: Keeper

    def handle(self) -> None:
        process, user, _group = struct.unpack("3i", self.request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if user != self.server.user:
            self.server.log.write(verb="refused", user=user, process=process)
            return
        while line := self.rfile.readline(LONGEST):
            self.wfile.write(json.dumps(self._told(line, process)).encode() + b"\n")

    def _told(self, line: bytes, process: int) -> dict[str, str]:
        try:
            return self.server.answer(json.loads(line), process)
        except KeyringError as error:
            return {"error": str(error)}
        except OSError:
            return {"down": "The keeper's log takes no line: nothing is opened."}
        except (ValueError, KeyError, TypeError):
            return {"error": "The keeper did not understand."}


def _last(path: Path) -> tuple[int, str]:
    number, problem = verify(path)
    if problem:
        raise SystemExit(f"{path}: {problem}. Keep it aside, find out who changed it, and begin another.")
    last = START
    for line in _lines(path):
        last = hashlib.sha256(line).hexdigest()
    return number, last


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            yield line.rstrip(b"\n")


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description="Holds the city's key for the portal, under another user. docs/keys.md"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    serve, add, use, check = (verbs.add_parser(name) for name in ("serve", "add", "use", "verify"))
    for one in (serve, add, use):
        one.add_argument("--keyring", type=Path, required=True)
    for one in (serve, check):
        one.add_argument("--log", type=Path, required=True)
    serve.add_argument("--socket", type=Path, required=True)
    serve.add_argument("--for", dest="user", required=True, help="the portal's user")
    use.add_argument("key")
    told = parser.parse_args(words)
    try:
        return _do(told)
    except KeyringError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _do(told: argparse.Namespace) -> int:
    if told.verb == "verify":
        number, problem = verify(told.log)
        sys.stdout.write(f"{number} lines follow. {problem or 'Nothing is wrong with them'}.\n")
        return int(problem is not None)
    if told.verb == "add":
        files.make_file(told.keyring) or files.add_key(told.keyring)
        sys.stdout.write(f"Keys: {', '.join(files.load(told.keyring, make=False).keys)}\n")
        return 0
    if told.verb == "use":
        files.use_key(told.keyring, told.key)
        return 0
    files.load(told.keyring, make=False)
    user = int(told.user) if told.user.isdigit() else pwd.getpwnam(told.user).pw_uid
    Keeper(told.socket, told.keyring, Log(told.log), user).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
