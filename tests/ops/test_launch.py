"""The demonstration's launcher leaves no process however it ends, and the next start works."""

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ops import binaries, launch, prepare, services
from ops.cluster import ROOT
from ops.databases import NAME
from tests.ops.conftest import Spare, cluster_in, until

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("live")]
#: The portal's processes let nobody but root inspect them, not even their own user.
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="ONLY ROOT READS THE VARIABLES OF THE PORTAL'S PROCESSES")


def processes_of(var: Path) -> set[int]:
    """Return the ids of the processes started with this var folder, without zombies."""
    mark, found = f"GARANT_VAR={var}\0".encode(), set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes() + b"\0":
                found.add(int(folder.name))
        except OSError:
            continue
    return found - {os.getpid()}


@pytest.fixture(scope="module")
def prepared(databases: "Databases", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spare]:
    """Yield one cluster for all tests, with the tables already: migrating anew takes 20 s of processor time."""
    with cluster_in(tmp_path_factory.mktemp("launch") / "var") as cluster:
        subprocess.run([ROOT / "ops" / "setup"], env=variables(cluster), check=True, capture_output=True)
        if databases.server.embedded:
            fill(cluster, databases.server.url(role="admin", database=databases.template))
        yield cluster
        until(lambda: not processes_of(cluster.var))


def fill(spare: Spare, template: str) -> None:
    """Copy another cluster's database, with its owners and rights."""
    programs, share = binaries.find(), spare.join()
    dump = subprocess.run([programs / "pg_dump", "-Fc", template], capture_output=True, check=True).stdout
    spare.server.drop(NAME)
    with spare.server.admin() as connection:
        connection.execute(f"CREATE DATABASE {NAME} OWNER owner TEMPLATE template0")
    restored = spare.server.url(role="admin", database=NAME)
    subprocess.run([programs / "pg_restore", "--exit-on-error", "-d", restored], input=dump, check=True)
    os.close(share)


def variables(spare: Spare, **more: str) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith("DATABASE_URL") and name != "GARANT_TEST"
    }
    return inherited | {"GARANT_VAR": str(spare.var), "PYTHONPATH": str(ROOT), "SIMULATE": "0"} | more


def begin(spare: Spare, port: int) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "ops.launch", "--bare"]
    with open(spare.var / "launch.log", "w") as log:
        return subprocess.Popen(
            words, cwd=ROOT, env=variables(spare, PORT=str(port)), stdout=log, stderr=log, text=True
        )


def start(spare: Spare, port: int) -> "subprocess.Popen[str]":
    """Start the launcher and wait until its portal is ready."""
    launcher = begin(spare, port)
    portal = services.Services("127.0.0.1", port, {}, spare.var / "log")
    until(lambda: not portal.missing() or launcher.poll() is not None)
    until(lambda: "Stop: Ctrl-C" in (spare.var / "launch.log").read_text() or launcher.poll() is not None)
    assert launcher.poll() is None, (spare.var / "launch.log").read_text()
    return launcher


@needs_root
def test_no_process_remains_after_the_launcher_was_killed(prepared: Spare) -> None:
    launcher = start(prepared, services.free_port())
    assert (prepared.var / "static" / "staticfiles.json").exists()
    assert len(processes_of(prepared.var)) > 6
    launcher.kill()
    launcher.wait()
    until(lambda: not processes_of(prepared.var))


def stop(prepared: Spare, launcher: "subprocess.Popen[str]", number: int) -> None:
    launcher.send_signal(number)
    assert launcher.wait(timeout=90) == 0
    until(lambda: not processes_of(prepared.var))
    assert "Stopped." in (prepared.var / "launch.log").read_text()


def test_a_start_is_stopped_half_way(prepared: Spare) -> None:
    launcher = begin(prepared, services.free_port())
    until(lambda: "migrations" in (prepared.var / "launch.log").read_text())
    stop(prepared, launcher, signal.SIGTERM)


FINALISED = """
import os, signal, time
from ops import launch

class Finalised:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)

launch.listen()
try:
    Finalised()
    time.sleep(60)
except launch.Stop:
    print("Stopped.")
"""


def test_a_signal_is_not_lost_while_an_object_is_finalised() -> None:
    """Python ignores what a finaliser raises: the launcher then ran on, deaf to any other signal."""
    done = subprocess.run([sys.executable, "-c", FINALISED], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.stdout == "Stopped.\n"
    assert "Exception ignored" in done.stderr


@needs_root
def test_what_is_killed_is_started_again_while_the_demonstration_runs(prepared: Spare) -> None:
    """Its processes, then the supervisor of its database."""
    port = services.free_port()
    launcher = start(prepared, port)
    killed = [pid for pid in processes_of(prepared.var) if parent(pid) == launcher.pid and "config" in command(pid)]
    assert len(killed) == 5
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    portal = services.Services("127.0.0.1", port, {}, prepared.var / "log")
    until(lambda: not {*killed} & processes_of(prepared.var) and not portal.missing())
    os.kill(prepared.supervisor, signal.SIGKILL)
    until(lambda: prepared.supervised() and prepared.answers())
    until(lambda: not portal.missing())
    assert launcher.poll() is None
    stop(prepared, launcher, signal.SIGINT)


@needs_root
def test_a_process_that_ends_by_itself_ends_the_demonstration_with_its_log(prepared: Spare) -> None:
    launcher = start(prepared, services.free_port())
    (web,) = [
        pid for pid in processes_of(prepared.var) if parent(pid) == launcher.pid and "config.serve" in command(pid)
    ]
    os.kill(web, signal.SIGTERM)
    assert launcher.wait(timeout=90) == 1
    assert "The process “web” ended" in (prepared.var / "launch.log").read_text()


def test_the_web_starts_first_beside_one_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    monkeypatch.setattr(services.Services, "run", lambda _self, name: steps.append(name))
    monkeypatch.setattr(services.Services, "wait_until_web_listens", lambda _self: steps.append("listens"))
    services.Services("127.0.0.1", 8000, {}, tmp_path, holders_port=8001).start()
    assert {*steps[:2]} == {"web", "worker"}
    assert steps[2] == "listens"
    assert {"holders", "scheduler", "watch"} <= {*steps[3:]}


def test_a_web_that_ended_is_not_waited_for(tmp_path: Path) -> None:
    running = services.Services("127.0.0.1", services.free_port(), {}, tmp_path)
    running.processes["web"] = subprocess.Popen(["false"])
    running.wait_until_web_listens()
    assert running.processes["web"].returncode == 1


def test_a_failure_to_collect_static_files_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object, **__: object) -> None:
        raise prepare.Missing("no space left on device")

    monkeypatch.setattr(prepare, "run", run)
    with pytest.raises(launch.Failed, match="no space left"):
        launch.collect_static_files(tmp_path)


def command(pid: int) -> str:
    """Return the command line of a process, or nothing if it has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def parent(pid: int) -> int:
    """Return the parent of a process, or 0 if it has ended meanwhile."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


@pytest.mark.parametrize(
    ("port", "says"), [("taken", "is taken"), ("eighty", "set it to a number"), ("70000", "between 1 and 65535")]
)
def test_an_unusable_port_is_reported_before_the_start(spare: Spare, port: str, says: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        chosen = str(other.getsockname()[1]) if port == "taken" else port
        words = [sys.executable, "-m", "ops.launch"]
        done = subprocess.run(
            words, cwd=ROOT, env=variables(spare, PORT=chosen), capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert processes_of(spare.var) == set()


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "is for root alone"),
        (OSError(errno.EADDRINUSE, "Address already in use"), "is taken"),
        (OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), "is not an address of this machine"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "is not an address of this machine"),
    ],
)
def test_each_reason_not_to_listen_is_said(refusal: OSError, says: str) -> None:
    assert says in launch.why_not("192.0.2.1", 80, refusal)


def test_a_foreign_address_is_refused_as_one() -> None:
    refusal = services.refusal("192.0.2.1", 8000)
    assert refusal is not None and refusal.errno == errno.EADDRNOTAVAIL
