"""The embedded database: commands share it, faults lose no acknowledged row, and other users cannot connect."""

import os
import shutil
import signal
import stat
import subprocess
import threading
import time
from pathlib import Path

import psycopg
import pytest

from ops.cluster import Cluster, NoStart
from ops.databases import NAME
from tests.ops.conftest import Spare, ids, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]
PROBE = """
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect(sys.argv[1])
server.sendall(bytes.fromhex(sys.argv[2]))
print(server.recv(400))
"""


class Writer(threading.Thread):
    """Inserts numbers through any fault, and remembers those that the server acknowledged."""

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


def missing_rows(writer: Writer) -> set[int]:
    writer.over.set()
    writer.join(timeout=10)
    return set(writer.acknowledged).difference(
        number for (number,) in writer.cluster.sql("SELECT number FROM written")
    )


def test_a_killed_postmaster_restarts_within_five_seconds_without_losing_rows(joined: Spare, writer: Writer) -> None:
    for _turn in range(2):
        before = len(writer.acknowledged)
        os.kill(joined.postmaster, signal.SIGKILL)
        killed = time.monotonic()

        def goes_on(before: int = before, killed: float = killed) -> bool:
            return len(writer.acknowledged) > before + 20 and writer.last > killed + 0.05

        until(goes_on)
        assert time.monotonic() - killed < 5
    assert missing_rows(writer) == set()


def test_a_killed_supervisor_stops_the_server_and_is_replaced(joined: Spare, writer: Writer) -> None:
    postmaster = joined.postmaster
    os.kill(joined.supervisor, signal.SIGKILL)
    until(lambda: postmaster not in ids(str(joined.data)))
    assert "database system is shut down" in joined.log.read_text()
    joined.ensure()
    assert missing_rows(writer) == set()


def test_an_interrupted_creation_does_not_prevent_the_next_start(spare: Spare) -> None:
    command = spare.command("-m", "ops.cluster", "run", "--", "true")
    until(lambda: list(spare.home.glob("data.new-*")))
    os.kill(spare.supervisor, signal.SIGKILL)
    assert not spare.data.exists()
    assert command.wait(timeout=30) == 0
    until(lambda: not spare.supervised())
    assert spare.data.exists()
    assert not list(spare.home.glob("data.new-*"))


def test_a_hung_server_is_restarted(joined: Spare) -> None:
    """Its process exists and accepts connections; only a query shows that it hangs."""
    hung = joined.postmaster
    os.kill(hung, signal.SIGSTOP)
    until(lambda: joined.answers() and joined.postmaster != hung)


def test_the_cluster_of_a_deleted_clone_is_removed(spare: Spare) -> None:
    if os.geteuid() != 0:
        pytest.skip("a user's cluster lies in its clone, and goes with it")
    missing_rows = Spare(spare.var.parent / "lost")
    os.close(missing_rows.join())
    until(lambda: not missing_rows.supervised())
    home = missing_rows.home
    shutil.rmtree(missing_rows.var)
    os.close(spare.join())
    assert not home.exists()


def test_the_last_command_stops_the_server(spare: Spare) -> None:
    first, second = spare.join(), spare.join()
    os.close(first)
    time.sleep(1.2)
    assert spare.answers()
    os.close(second)
    until(lambda: not spare.supervised())
    assert ids(str(spare.home)) == set()


def test_concurrent_commands_share_one_server(spare: Spare) -> None:
    commands = [spare.command("-m", "ops.cluster", "run", "--", "sleep", "1") for _ in range(4)]
    until(lambda: spare.answers())
    assert len(ids(f"ops.supervisor {spare.var}")) == 1
    assert [command.wait(timeout=30) for command in commands] == [0, 0, 0, 0]


def test_a_command_gets_both_urls_and_its_children_keep_the_database_running(spare: Spare) -> None:
    show = "import os; print(os.environ['DATABASE_URL'], os.environ['MIGRATION_DATABASE_URL'])"
    output, _ = spare.command("-m", "ops.cluster", "run", "--", "python3", "-c", show).communicate(timeout=30)
    assert output.split() == [spare.server.url(role=role, database=NAME) for role in ("web", "owner")]


def test_sockets_are_owner_only_and_no_port_is_open(joined: Spare) -> None:
    assert stat.S_IMODE(joined.sockets.stat().st_mode) == 0o700
    assert joined.sql("SHOW listen_addresses") == [("",)]
    assert joined.sql("SHOW data_checksums") == [("on",)]


def test_the_web_role_cannot_change_the_schema(joined: Spare) -> None:
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


def test_residents_input_is_not_in_the_servers_log(joined: Spare) -> None:
    joined.sql("CREATE TABLE person (email text PRIMARY KEY)")
    joined.sql("INSERT INTO person VALUES ('canary@courriel.example')", role="web")
    with pytest.raises(psycopg.errors.UniqueViolation):
        joined.sql("INSERT INTO person VALUES ('canary@courriel.example')", role="web")
    assert "duplicate key" in joined.log.read_text()
    assert "canary" not in joined.log.read_text()


def test_reset_is_refused_while_the_database_is_used(joined: Spare) -> None:
    with pytest.raises(NoStart, match="in use"):
        joined.reset()
    assert joined.answers()


def test_reset_right_after_the_last_command_waits_for_the_database_to_stop(spare: Spare) -> None:
    """The supervisor still looks whether somebody is left, by the lock that a reset takes."""
    os.close(spare.join())
    home = spare.home
    spare.reset()
    assert not home.exists() and not spare.var.exists()
    spare.prepare()


def test_a_plain_user_resets_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their database lies in var/ itself, with the name of everything else that must go."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    cluster = Cluster(tmp_path / "a folder" / "var")
    cluster.prepare()
    before = cluster.identity
    cluster.data.mkdir(parents=True)
    (cluster.var / "migrated").touch()
    cluster.reset()
    assert not cluster.var.exists()
    cluster.prepare()
    assert cluster.identity != before


def test_a_new_clone_at_an_old_path_gets_a_new_database(spare: Spare) -> None:
    old = spare.identity
    (spare.control / "id").unlink()
    assert spare.identity != old


def test_sockets_of_a_long_path_are_in_the_temporary_folder(spare: Spare) -> None:
    deep = Spare(spare.var / ("deep" * 30))
    deep.prepare()
    assert len(str(deep.sockets / ".s.PGSQL.5432")) <= 107
