"""The keeper: a process of another user, which holds the keyring file and serves the portal over a socket.

    python -m core.keyrings.keeper serve --keyring FILE --socket PATH --log FILE --for USER
    python -m core.keyrings.keeper add | use KEY --keyring FILE
    python -m core.keyrings.keeper verify --log FILE

Each unwrapping is first written to the keeper's own log, on disk before the answer, and chained to the previous line.
So the portal's administrators can neither take the city's key nor decrypt a vault without a trace there. The keeper
needs neither Django's settings nor the database.
"""

import argparse
import base64
import fcntl
import hashlib
import json
import logging
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

from core.confinement import own
from core.keyrings import files
from core.keyrings.ring import KeyringError
from core.telemetry.logs import JsonFormatter

logger = logging.getLogger(__name__)

LONGEST = 65_536
START = "0" * 64


class Log:
    """Append-only log with a single writer; its chain reveals changes made by others. Copy its last hash elsewhere."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._number, self._previous = _last(path)
        except BaseException:
            os.close(self._file)
            raise

    def write(self, **fields: str | int) -> None:
        """Append a line.

        Raises:
            OSError: the line is not on the disk, so nothing may be unwrapped.
        """
        with self._lock:
            number = self._number + 1
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = json.dumps(
                {"number": number, "at": at, **fields, "previous": self._previous}, separators=(",", ":")
            ).encode()
            if os.write(self._file, line + b"\n") != len(line) + 1:
                raise OSError("the log's disk is full")
            os.fdatasync(self._file)
            self._number, self._previous = number, hashlib.sha256(line).hexdigest()


def verify(path: Path) -> tuple[int, str | None]:
    """Return the number of valid lines from the first, and the problem of the next one, if any."""
    expected, previous = 0, START
    for line in _lines(path):
        try:
            entry = json.loads(line)
            fits = (entry["number"], entry["previous"]) == (expected + 1, previous)
        except (ValueError, KeyError, TypeError):
            fits = False
        if not fits:
            return expected, f"line {expected + 1} does not follow from the one before"
        expected, previous = expected + 1, hashlib.sha256(line).hexdigest()
    return expected, None


class Keeper(socketserver.ThreadingUnixStreamServer):
    """Socket server of the keeper. Answers only processes of `user`, which the kernel identifies."""

    daemon_threads = True
    #: Every thread of every process of the portal may connect at once.
    request_queue_size = 128

    def __init__(self, address: Path, keyring: Path, log: Log, user: int) -> None:
        self.keyring, self.log, self.user = keyring, log, user
        address.unlink(missing_ok=True)
        super().__init__(str(address), _Handler)
        address.chmod(0o666)  # any user may connect; `handle` checks each one

    def handle_error(self, request: object, client_address: object) -> None:
        """Log what went wrong with one connection. socketserver would print the traceback, with its messages."""
        logger.exception("a connection of the portal failed")

    def answer(self, demand: dict[str, Any], process: int) -> dict[str, str]:
        ring = files.load(self.keyring, make=False)
        verb, kid, context = (
            str(demand["verb"]),
            str(demand.get("kid", "")),
            base64.b64decode(demand.get("context", "")),
        )
        if verb == "current":
            return {"kid": ring.current()}
        if verb == "holds":
            return {"kid": kid if ring.holds(kid) else ""}
        given = base64.b64decode(demand["key"])
        if verb == "wrap":
            kid, wrapped = ring.wrap(given, context)
            return {"kid": kid, "key": base64.b64encode(wrapped).decode()}
        if not ring.holds(kid):
            raise KeyringError(f"The keyring has no key “{kid}”: put back the keyring that goes with this database.")
        self.log.write(verb="unwrap", kid=kid, context=context.decode(errors="replace"), process=process)
        return {"key": base64.b64encode(ring.unwrap(kid, given, context)).decode()}


class _Handler(socketserver.StreamRequestHandler):
    server: Keeper

    def handle(self) -> None:
        process, user, _group = struct.unpack("3i", self.request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if user != self.server.user:
            self.server.log.write(verb="refused", user=user, process=process)
            logger.warning("a process of another user was refused")
            return
        while line := self.rfile.readline(LONGEST):
            self.wfile.write(json.dumps(self._answer(line, process)).encode() + b"\n")

    def _answer(self, line: bytes, process: int) -> dict[str, str]:
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


def parser_of_words() -> argparse.ArgumentParser:
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
    return parser


def main(words: list[str]) -> int:
    own.forbid_inspection()
    arguments = parser_of_words().parse_args(words)
    try:
        return _run(arguments)
    except KeyringError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _run(arguments: argparse.Namespace) -> int:
    if arguments.verb == "verify":
        number, problem = verify(arguments.log)
        sys.stdout.write(f"{number} lines follow. {problem or 'Nothing is wrong with them'}.\n")
        return int(problem is not None)
    if arguments.verb == "add":
        files.make_file(arguments.keyring) or files.add_key(arguments.keyring)
        sys.stdout.write(f"Keys: {', '.join(files.load(arguments.keyring, make=False).keys)}\n")
        return 0
    if arguments.verb == "use":
        files.use_key(arguments.keyring, arguments.key)
        return 0
    files.load(arguments.keyring, make=False)
    user = int(arguments.user) if arguments.user.isdecimal() else pwd.getpwnam(arguments.user).pw_uid
    out = logging.StreamHandler(sys.stdout)
    out.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[out])
    keeper = Keeper(arguments.socket, arguments.keyring, Log(arguments.log), user)
    logger.info("the keeper answers")
    keeper.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
