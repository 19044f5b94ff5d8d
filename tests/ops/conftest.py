"""Clusters made for these tests, which may kill them; a server that is installed once."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from ops.cluster import ROOT, Cluster
from ops.databases import NAME
from tests.ops.installed import Server, installed

if TYPE_CHECKING:
    from tests.conftest import Databases


def until(what: Callable[[], object], *, seconds: float = 90) -> None:
    """Wait until `what` returns True. The limit is that of a machine which does much else."""
    start = time.monotonic()
    while not what():
        assert time.monotonic() < start + seconds, "it did not come about in time"
        time.sleep(0.05)


def ids(mark: str) -> set[int]:
    """Return the ids of the processes whose command line contains `mark`, without zombies."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in line and int(folder.name) != os.getpid():
            found.add(int(folder.name))
    return found


class Spare(Cluster):
    @property
    def supervisor(self) -> int:
        (found,) = ids(f"ops.supervisor {self.var}")
        return found

    @property
    def postmaster(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def sql(self, statement: str, role: str = "owner") -> list[tuple[object, ...]]:
        with psycopg.connect(
            self.server.url(role=role, database=NAME), connect_timeout=5, autocommit=True
        ) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def command(self, *words: str) -> "subprocess.Popen[str]":
        environment = {name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")}
        environment |= {"GARANT_VAR": str(self.var), "PYTHONPATH": str(ROOT)}
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [sys.executable, *words], cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True
        )


@contextmanager
def cluster_in(folder: Path) -> Iterator[Spare]:
    """Yield a cluster that is not started. Its users must leave it before the end."""
    cluster = Spare(folder)
    cluster.prepare()
    home, sockets = cluster.home, cluster.sockets
    # A plain user's home is inside var/, with the identity.
    note = home.with_name(f"{cluster.identity}.of")
    yield cluster
    until(lambda: not cluster.supervised())
    until(lambda: not ids(str(home)))
    shutil.rmtree(home, ignore_errors=True)
    note.unlink(missing_ok=True)
    shutil.rmtree(sockets, ignore_errors=True)


@pytest.fixture
def spare(tmp_path: Path) -> Iterator[Spare]:
    with cluster_in(tmp_path / "var") as cluster:
        yield cluster


@pytest.fixture
def joined(spare: Spare) -> Iterator[Spare]:
    share = spare.join()
    yield spare
    os.close(share)


@pytest.fixture(scope="session")
def server(databases: "Databases", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with installed(databases, tmp_path_factory.mktemp("var")) as made:
        yield made
