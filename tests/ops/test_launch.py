"""The demonstration's launcher leaves no process however it ends, and the next start works."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import services
from ops.cluster import ROOT
from tests.ops.conftest import Spare, cluster_in, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("live")]


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
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spare]:
    """Yield one cluster for all tests, so that migrations and static files are done only once."""
    with cluster_in(tmp_path_factory.mktemp("launch") / "var") as cluster:
        subprocess.run([ROOT / "ops" / "setup"], env=variables(cluster), check=True, capture_output=True)
        yield cluster
        until(lambda: not processes_of(cluster.var))


def variables(spare: Spare, **more: str) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith("DATABASE_URL") and name != "GARANT_TEST"
    }
    return inherited | {"GARANT_VAR": str(spare.var), "PYTHONPATH": str(ROOT)} | more


def start(spare: Spare, port: int) -> tuple[subprocess.Popen[str], float]:
    """Start the launcher; return it with the seconds until /ready answered."""
    words = [sys.executable, "-m", "ops.launch", "--bare"]
    with open(spare.var / "launch.log", "w") as log:
        launcher = subprocess.Popen(
            words, cwd=ROOT, env=variables(spare, PORT=str(port)), stdout=log, stderr=log, text=True
        )
    portal = services.Services("127.0.0.1", port, {}, spare.var / "log")
    took = until(lambda: not portal.missing() or launcher.poll() is not None, seconds=120)
    until(lambda: "Stop: Ctrl-C" in (spare.var / "launch.log").read_text() or launcher.poll() is not None)
    assert launcher.poll() is None, (spare.var / "launch.log").read_text()
    return launcher, took


def test_no_process_remains_however_the_launcher_ends(prepared: Spare) -> None:
    port = services.free_port()
    launcher, _first = start(prepared, port)
    assert len(processes_of(prepared.var)) > 6
    launcher.kill()
    launcher.wait()
    until(lambda: not processes_of(prepared.var))

    for number in (signal.SIGINT, signal.SIGTERM):
        launcher, took = start(prepared, port)
        assert took < allowance()
        launcher.send_signal(number)
        assert launcher.wait(timeout=30) == 0
        until(lambda: not processes_of(prepared.var))
    assert "Stopped." in (prepared.var / "launch.log").read_text()


def allowance() -> float:
    """Return ten seconds for an idle machine, more if other processes load it."""
    return 10 * max(1.0, 1.5 * os.getloadavg()[0] / (os.cpu_count() or 1))


def test_killed_processes_are_started_again_while_the_demonstration_runs(prepared: Spare) -> None:
    port = services.free_port()
    launcher, _took = start(prepared, port)
    killed = [pid for pid in processes_of(prepared.var) if parent(pid) == launcher.pid and "config" in command(pid)]
    assert len(killed) == 3
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    portal = services.Services("127.0.0.1", port, {}, prepared.var / "log")
    until(lambda: not {*killed} & processes_of(prepared.var) and not portal.missing(), seconds=60)
    assert launcher.poll() is None
    launcher.terminate()
    assert launcher.wait(timeout=30) == 0


def test_a_process_that_ends_by_itself_ends_the_demonstration_with_its_log(prepared: Spare) -> None:
    launcher, _took = start(prepared, services.free_port())
    (web,) = [
        pid for pid in processes_of(prepared.var) if parent(pid) == launcher.pid and "config.serve" in command(pid)
    ]
    os.kill(web, signal.SIGTERM)
    assert launcher.wait(timeout=30) == 1
    assert "The process “web” ended" in (prepared.var / "launch.log").read_text()


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def test_a_killed_database_supervisor_is_replaced_while_the_demonstration_runs(prepared: Spare) -> None:
    port = services.free_port()
    launcher, _took = start(prepared, port)
    portal = services.Services("127.0.0.1", port, {}, prepared.var / "log")
    os.kill(prepared.supervisor, signal.SIGKILL)
    until(lambda: prepared.supervised() and prepared.answers())
    until(lambda: not portal.missing())
    launcher.terminate()
    assert launcher.wait(timeout=30) == 0


@pytest.mark.parametrize(
    ("port", "says"), [("taken", "is taken"), ("eighty", "set it to a number"), ("70000", "between 1 and 65535")]
)
def test_an_unusable_port_is_reported_before_the_start(spare: Spare, port: str, says: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        chosen = str(other.getsockname()[1]) if port == "taken" else port
        words = [sys.executable, "-m", "ops.launch"]
        began = time.monotonic()
        done = subprocess.run(
            words, cwd=ROOT, env=variables(spare, PORT=chosen), capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert time.monotonic() - began < 10
    assert processes_of(spare.var) == set()
