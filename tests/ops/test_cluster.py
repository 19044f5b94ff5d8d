"""The embedded database: commands share it, faults do not lose what was acknowledged, nobody else can open it."""

import os
import shutil
import signal
import stat
import subprocess
import threading
import time

import psycopg
import pytest

from ops.cluster import NoStart
from ops.databases import NAME
from tests.ops.conftest import Spare, ids, until

pytestmark = pytest.mark.slow
PROBE = """
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect(sys.argv[1])
server.sendall(bytes.fromhex(sys.argv[2]))
print(server.recv(400))
"""


class Writer(threading.Thread):
    """Inserts a number, remembers it once the server has acknowledged it, and goes on through any fault."""

    def __init__(self, cluster: Spare) -> None:
        super().__init__(daemon=True)
        self.cluster, self.acknowledged, self.over = cluster, list[int](), threading.Event()
        self.last = 0.0

    def run(self) -> None:
        number = 0
        while not self.over.is_set():
            try:
                with psycopg.connect(
                    self.cluster.server.url(role="web", database=NAME), autocommit=True, connect_timeout=2
                ) as connection:
                    while not self.over.is_set():
                        number += 1
                        connection.execute("INSERT INTO written VALUES (%s)", [number])
                        self.acknowledged.append(number)
                        self.last = time.monotonic()
            except psycopg.OperationalError:
                self.over.wait(0.02)


@pytest.fixture
def writer(joined: Spare) -> Writer:
    joined.sql("CREATE TABLE written (number bigint)")
    thread = Writer(joined)
    thread.start()
    until(lambda: len(thread.acknowledged) > 50)
    return thread


def lost(writer: Writer) -> set[int]:
    writer.over.set()
    writer.join(timeout=10)
    return set(writer.acknowledged).difference(
        number for (number,) in writer.cluster.sql("SELECT number FROM written")
    )


def test_a_killed_postmaster_is_back_within_five_seconds_with_every_acknowledged_row(
    joined: Spare, writer: Writer
) -> None:
    for _turn in range(2):
        before = len(writer.acknowledged)
        os.kill(joined.postmaster, signal.SIGKILL)
        killed = time.monotonic()

        def goes_on(before: int = before, killed: float = killed) -> bool:
            return len(writer.acknowledged) > before + 20 and writer.last > killed + 0.05

        until(goes_on)
        assert time.monotonic() - killed < 5
    assert lost(writer) == set()


def test_a_killed_supervisor_takes_the_server_down_cleanly_and_the_next_command_starts_another(
    joined: Spare, writer: Writer
) -> None:
    postmaster = joined.postmaster
    os.kill(joined.supervisor, signal.SIGKILL)
    until(lambda: postmaster not in ids(str(joined.data)))
    assert "database system is shut down" in joined.log.read_text()
    joined.ensure()
    assert lost(writer) == set()


def test_a_kill_while_the_cluster_is_made_leaves_nothing_that_hinders_the_next_start(spare: Spare) -> None:
    command = spare.command("-m", "ops.cluster", "run", "--", "true")
    until(lambda: list(spare.home.glob("data.new-*")))
    os.kill(spare.supervisor, signal.SIGKILL)
    assert not spare.data.exists()
    assert command.wait(timeout=30) == 0
    until(lambda: not spare.supervised())
    assert spare.data.exists()
    assert not list(spare.home.glob("data.new-*"))


def test_a_server_that_hangs_is_killed_and_started_again(joined: Spare) -> None:
    """Its process is there and takes connections; only a query tells."""
    hung = joined.postmaster
    os.kill(hung, signal.SIGSTOP)
    until(lambda: joined.postmaster != hung and joined.answers(), seconds=90)


def test_a_cluster_whose_clone_is_gone_is_removed_by_the_next_one(spare: Spare) -> None:
    if os.geteuid() != 0:
        pytest.skip("a user's cluster lies in its clone, and goes with it")
    lost = Spare(spare.var.parent / "lost")
    os.close(lost.join())
    until(lambda: not lost.supervised())
    home = lost.home
    shutil.rmtree(lost.var)
    os.close(spare.join())
    assert not home.exists()


def test_the_last_command_to_leave_stops_the_server(spare: Spare) -> None:
    first, second = spare.join(), spare.join()
    os.close(first)
    time.sleep(1.2)
    assert spare.answers()
    os.close(second)
    until(lambda: not spare.supervised())
    assert ids(str(spare.home)) == set()


def test_commands_that_start_at_once_share_one_server(spare: Spare) -> None:
    commands = [spare.command("-m", "ops.cluster", "run", "--", "sleep", "1") for _ in range(4)]
    until(lambda: spare.answers())
    assert len(ids(f"ops.supervisor {spare.var}")) == 1
    assert [command.wait(timeout=30) for command in commands] == [0, 0, 0, 0]


def test_a_command_gets_both_addresses_and_keeps_the_database_up_for_its_children(spare: Spare) -> None:
    show = "import os; print(os.environ['DATABASE_URL'], os.environ['MIGRATION_DATABASE_URL'])"
    output, _ = spare.command("-m", "ops.cluster", "run", "--", "python3", "-c", show).communicate(timeout=30)
    assert output.split() == [spare.server.url(role=role, database=NAME) for role in ("web", "owner")]


def test_nobody_else_reaches_the_sockets_and_there_is_no_port(joined: Spare) -> None:
    assert stat.S_IMODE(joined.sockets.stat().st_mode) == 0o700
    assert joined.sql("SHOW listen_addresses") == [("",)]
    assert joined.sql("SHOW data_checksums") == [("on",)]


def test_the_web_role_owns_nothing_and_cannot_change_the_schema(joined: Spare) -> None:
    joined.sql("CREATE TABLE kept (id int)")
    joined.sql("INSERT INTO kept VALUES (1)", role="web")
    for statement in ("DROP TABLE kept", "TRUNCATE kept", "CREATE TABLE mine (id int)", "CREATE ROLE other"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            joined.sql(statement, role="web")


def test_another_account_of_this_machine_is_refused(joined: Spare) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can try as somebody else")
    joined.sockets.chmod(0o777)
    (joined.sockets / ".s.PGSQL.5432").chmod(0o777)
    joined.home.chmod(0o755)
    for folder in joined.sockets.parents:
        if not folder.stat().st_mode & stat.S_IXOTH:
            pytest.skip(f"{folder} is closed to others anyway")
    parameters = b"\0\3\0\0user\0web\0database\0garant\0\0"
    packet = (len(parameters) + 4).to_bytes(4, "big") + parameters
    command = ["/usr/bin/python3", "-c", PROBE, str(joined.sockets / ".s.PGSQL.5432"), packet.hex()]
    answer = subprocess.run(command, capture_output=True, text=True, user="nobody", check=True)
    assert "Peer authentication failed" in answer.stdout


def test_what_a_person_typed_does_not_reach_the_servers_log(joined: Spare) -> None:
    joined.sql("CREATE TABLE person (email text PRIMARY KEY)")
    joined.sql("INSERT INTO person VALUES ('canary@courriel.example')", role="web")
    with pytest.raises(psycopg.errors.UniqueViolation):
        joined.sql("INSERT INTO person VALUES ('canary@courriel.example')", role="web")
    assert "duplicate key" in joined.log.read_text()
    assert "canary" not in joined.log.read_text()


def test_reset_is_refused_while_somebody_uses_the_database(joined: Spare) -> None:
    with pytest.raises(NoStart, match="in use"):
        joined.reset()
    assert joined.answers()


def test_a_new_clone_at_an_old_place_does_not_meet_the_old_database(spare: Spare) -> None:
    old = spare.identity
    (spare.control / "id").unlink()
    assert spare.identity != old


def test_a_long_path_gets_its_sockets_elsewhere(spare: Spare) -> None:
    deep = Spare(spare.var / ("deep" * 30))
    deep.prepare()
    assert len(str(deep.sockets / ".s.PGSQL.5432")) <= 107
