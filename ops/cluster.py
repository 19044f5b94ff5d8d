"""The project's embedded database. The first command that joins it starts it, the last one stops it.

    python -m ops.cluster run -- COMMAND…      COMMAND with DATABASE_URL and MIGRATION_DATABASE_URL set
    python -m ops.cluster reset                delete the database and everything else under var/

A command holds a shared lock as long as it runs; the supervisor (ops/supervisor.py) stops PostgreSQL when no command
holds it. If DATABASE_URL is set, nothing is started: the command uses that server.
"""

import fcntl
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

from ops import prepare
from ops.databases import NAME, Server

ROOT = Path(__file__).resolve().parents[1]
SYSTEM = Path("/var/lib/garant")
START_SECONDS = 60
LONGEST_TRY = 3
LONGEST_SOCKET = 107 - len("/.s.PGSQL.5432")


class NoStart(Exception):
    """PostgreSQL did not start. The message says where to look."""


@dataclass(frozen=True)
class Cluster:
    """The cluster of one `var` folder.

    Started by root, it runs as a system user, in a folder that this user can reach.
    """

    var: Path

    @property
    def control(self) -> Path:
        return self.var / "postgres"

    @property
    def home(self) -> Path:
        return SYSTEM / self.identity if os.geteuid() == 0 else self.control

    @property
    def identity(self) -> str:
        """Random name of this var folder, made once, so that a new clone at an old path gets a new database."""
        file = self.control / "id"
        with locked(self.control / "id.lock"):
            if not file.exists():
                file.write_text(secrets.token_hex(4))
            return file.read_text()

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def sockets(self) -> Path:
        """Folder of the sockets, in the temporary folder if the path is too long: PostgreSQL allows 107 bytes."""
        folder = self.home / "run"
        if len(os.fsencode(folder)) <= LONGEST_SOCKET:
            return folder
        return Path(tempfile.gettempdir(), f"garant-{os.geteuid()}-{self.identity}")

    @property
    def server(self) -> Server:
        return Server(f"postgresql:///postgres?host={quote(str(self.sockets))}", embedded=True)

    @property
    def log(self) -> Path:
        return self.control / "server.log"

    def prepare(self) -> None:
        self.control.mkdir(parents=True, exist_ok=True)
        if not os.access(self.control, os.W_OK):
            raise NoStart(
                f"{self.control} belongs to another user:"
                " run the command as that user, or choose another folder with GARANT_VAR."
            )

    def supervised(self) -> bool:
        """Return True if a supervisor runs. It holds a lock, which is released even if it is killed."""
        with open(self.control / "supervisor.lock", "a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def start_supervisor(self) -> None:
        """Start a supervisor through a shell that ends at once, to detach it from this process and its terminal."""
        command = [sys.executable, "-m", "ops.supervisor", str(self.var)]
        with open(self.control / "supervisor.log", "a") as log:
            subprocess.run(
                ["sh", "-c", '"$@" &', "sh", *command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                check=True,
            )

    def answers(self) -> bool:
        """Run a query as the web role; an existing process proves nothing."""
        if not (self.control / "socket").exists():
            return False
        try:
            with psycopg.connect(self.server.url(role="web", database=NAME), connect_timeout=5) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False

    def join(self) -> int:
        """Take a share of the cluster, until the returned file descriptor is closed or this process ends."""
        self.prepare()
        share = os.open(self.control / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(share, fcntl.LOCK_SH)
        self.ensure()
        return share

    def ensure(self) -> None:
        """Wait until the database answers, and start a supervisor if there is none. The caller must hold a share."""
        deadline, starts, last_start = time.monotonic() + START_SECONDS, 0, 0.0
        while not self.answers():
            if time.monotonic() > deadline or starts > LONGEST_TRY:
                raise NoStart(f"PostgreSQL did not start. Its last words:\n{self.last_words()}")
            if not self.supervised() and time.monotonic() > last_start + 1:
                self.start_supervisor()
                starts, last_start = starts + 1, time.monotonic()
            time.sleep(0.05)

    def last_words(self) -> str:
        lines = [line for name in ("supervisor.log", "server.log") for line in read_lines(self.control / name)[-8:]]
        return "\n".join(lines)

    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.server.url(role="web", database=NAME),
            "MIGRATION_DATABASE_URL": self.server.url(role="owner", database=NAME),
            "RELEASE_DATABASE_URL": self.server.url(role="release", database=NAME),
        }

    def reset(self) -> None:
        """Delete the cluster and var/. Refuse while a command uses it."""
        self.prepare()
        with open(self.control / "users.lock", "a") as share:
            while not self._takes(share):
                time.sleep(0.2)
            # A user's home is inside var/, with the identity that names the others.
            home, sockets, note = self.home, self.sockets, SYSTEM / f"{self.identity}.of"
            for folder in (home, sockets, self.var):
                shutil.rmtree(folder, ignore_errors=True)
            note.unlink(missing_ok=True)

    def _takes(self, share: IO[str]) -> bool:
        """Take the lock for this process alone. Return False while a supervisor that everybody left is about to end.

        It needs the lock itself to see that nobody is left, and holds it while PostgreSQL stops.

        Raises:
            NoStart: a command uses the database.
        """
        if _locks(share, fcntl.LOCK_EX):
            if not self.supervised():
                return True
            fcntl.flock(share, fcntl.LOCK_UN)
        elif _locks(share, fcntl.LOCK_SH):
            raise NoStart("The database is in use: stop `make demo` and the other commands first.")
        return False


def _locks(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_lines(file: Path) -> list[str]:
    return file.read_text(errors="replace").splitlines() if file.exists() else []


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with open(file, "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def of_this_clone() -> Cluster:
    return Cluster(Path(os.environ.get("GARANT_VAR", ROOT / "var")).resolve())


def run(command: list[str]) -> None:
    """Replace this process by `command`, which keeps the share open until it ends."""
    if "DATABASE_URL" not in os.environ:
        cluster = of_this_clone()
        os.set_inheritable(cluster.join(), True)
        os.environ.update(cluster.environment())
    os.execvp(command[0], command)


def main() -> None:
    try:
        match sys.argv[1:]:
            case ["run", "--", *command] if command:
                run(command)
            case ["reset"]:
                of_this_clone().reset()
            case _:
                sys.exit(__doc__)
    except NoStart as reason:
        sys.exit(str(reason))
    except OSError as error:
        sys.exit(prepare.in_one_sentence(error))


if __name__ == "__main__":
    main()
