"""Code that took over a process that reads files or draws documents owns nothing, as root and as a plain user."""

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ops.cluster import ROOT
from tests.attacks import hostile_children

pytestmark = pytest.mark.xdist_group("hostile children")
#: No account has it.
STRANGER = 61_001
UNIT = "plain user of the worker's unit"
USERS = [*(["root"] if os.geteuid() == 0 else []), "plain user", UNIT]
PARENT = ROOT / "tests" / "attacks" / "hostile_children.py"
#: Seconds after which a process that the child left behind shows itself.
LEFT = 0.3


def has_libseccomp() -> bool:
    try:
        ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return False
    return True


def command(user: str, *words: str) -> list[str]:
    """Return the command as that user runs it."""
    if user == UNIT:
        there = ROOT / "ops" / "systemd" / "garant-worker.service"
        under = ROOT / "tests" / "attacks" / "under_a_unit.py"
        return [sys.executable, str(under), str(there), str(STRANGER), *words]
    if os.geteuid() == 0 and user != "root":
        return ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", *words]
    return list(words)


@pytest.fixture(scope="module", params=USERS)
def user(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if name == UNIT and not (shutil.which("systemd-analyze") and has_libseccomp()):
        pytest.skip("NO systemd-analyze OR NO libseccomp ON THIS MACHINE: nothing was tried under a unit")
    able = subprocess.run(
        command("root" if name == "root" else "plain user", sys.executable, "-c", f"open({str(PARENT)!r})"),
        check=False,
    )
    if able.returncode:
        pytest.skip("NO OTHER USER MAY ENTER THIS FOLDER: nothing was tried as a plain user")
    return name


@pytest.fixture(scope="module")
def owned(user: str) -> Iterator[Path]:
    """A folder of the parent's user."""
    folder = Path(tempfile.mkdtemp(prefix="owned-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def targets(user: str, owned: Path) -> Iterator[dict[str, Any]]:
    """What the parent owns: keys, mails, sealed files, a database's socket, a portal."""
    for name in ("keyring.json", "seal.p12", "checkpoints.pem", "sealed", "removable", "mail/1.eml"):
        (owned / name).parent.mkdir(exist_ok=True)
        (owned / name).write_bytes(b"secret")
    abstract = f"hostile-{uuid4()}"
    with socket.socket(socket.AF_UNIX) as database, socket.socket(socket.AF_UNIX) as named, socket.socket() as portal:
        database.bind(str(owned / "database"))
        named.bind(f"\0{abstract}")
        portal.bind(("127.0.0.1", 0))
        for server in (database, named, portal):
            server.listen(64)
        if os.geteuid() == 0 and user != "root":
            for path in (owned, *owned.rglob("*")):
                os.chown(path, STRANGER, STRANGER)
        yield {
            "secret": str(owned / "sealed"),
            "folder": str(owned),
            "files": {name: str(owned / name) for name in ("keyring.json", "seal.p12", "checkpoints.pem", "sealed")}
            | {
                "/etc/passwd": "/etc/passwd",
                "the code's history": str(ROOT / ".git"),
                "README": str(ROOT / "README.md"),
            },
            "folders": [str(owned / "mail"), str(owned), "/", "/etc", "/proc", "/tmp", "/home", str(ROOT)],
            "socket": str(owned / "database"),
            "abstract": abstract,
            "port": portal.getsockname()[1],
            "seconds": LEFT,
            "outlived": str(owned / "outlived"),
        }


@pytest.fixture(scope="module")
def worked(user: str, owned: Path, targets: dict[str, Any]) -> dict[str, set[str]]:
    """For each child, the acts that hostile code in the place of its parser could do. One parent starts them all."""
    for child in (*hostile_children.CHILDREN, hostile_children.BROWSER):
        own = targets | {"outlived": f"{targets['outlived']} {child}"}
        (owned / f"{child} program.py").write_text(hostile_children.script(child, own))
    variables = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    done = subprocess.run(
        command(user, sys.executable, str(PARENT), str(owned)),
        env=variables | {"SECRET_KEY": "secret", "TMPDIR": "/tmp"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    time.sleep(3 * LEFT)
    return {
        child: {*names, *(["outlived"] if Path(f"{targets['outlived']} {child}").exists() else [])}
        for child, names in json.loads(done.stdout).items()
    }


@pytest.mark.parametrize("child", hostile_children.CHILDREN)
def test_hostile_code_in_a_child_s_place_reaches_nothing(child: str, worked: dict[str, set[str]]) -> None:
    assert worked[child] == set()


#: A browser starts processes, which share memory and look at the machine. The programs that it starts, the signals
#: that it sends and the files that it watches are inside its own walls.
BROWSERS_DO = {
    "list /proc",
    "write to /dev/shm",
    "look at the parent's cmdline",
    "look at the parent's task",
    "make two sockets",
    "make a file in memory",
    "lock memory",
    "watch a folder",
    "raise its own limits",
    "let itself be read",
    "live on after its parent",
    "signal every process",
    "send its own files' signals to the parent",
    "run /bin/sh",
    "spawn /bin/sh",
    "become /bin/sh",
    "fork",
    "outlive the child",
}


def test_hostile_code_in_a_browser_s_place_reaches_nothing_of_its_parent(worked: dict[str, set[str]]) -> None:
    """It may start processes: those of a group that it cannot leave, so that the parent's kill reaches them."""
    found = worked[hostile_children.BROWSER]
    assert "fork" in found
    left = sorted(found - BROWSERS_DO)
    assert not left, " | ".join(left)
