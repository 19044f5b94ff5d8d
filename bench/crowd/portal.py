"""The portal under load: its processes, and what a run of visitors found and took."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from bench.crowd import machine
from ops.services import ROOT, NotReady, Services, free_port

CORES = os.cpu_count() or 1
#: A share of all processors, or of the processors that the web's processes may use, above which they are the limit.
FULL = 0.9
#: Seconds between two looks at memory and connections.
LOOK = 5.0
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
#: Whose processor time is measured apart; `others` is all the rest of the machine.
OURS = ("web", "database", "workers", "visitors")
JOBS = "SELECT count(*) FROM core_job WHERE state IN ('waiting', 'running')"


@dataclass(frozen=True)
class Look:
    """The memory of web and workers, in MB, and the database's connections, at a moment of a run."""

    at: float
    web: float
    workers: float
    connections: int


@dataclass
class Run:
    """What visitors found, and what the processes took: `cores` has the processors that each kept busy."""

    residents: int
    web: int
    seconds: float
    samples: list[tuple[str, float]]
    errors: list[str]
    cores: Mapping[str, float]
    jobs: int
    looks: list[Look]

    def times(self, kind: str = "") -> list[float]:
        """Return the sorted milliseconds of the requests of one kind, or of all."""
        return sorted(taken for name, taken in self.samples if name == kind or not kind)

    @property
    def kinds(self) -> list[str]:
        return list(dict.fromkeys(name for name, _taken in self.samples))

    @property
    def limit(self) -> str:
        """Say what is used up first."""
        if sum(self.cores[name] for name in (*OURS, "others")) >= FULL * CORES:
            return "processors, most by " + max((*OURS, "others"), key=lambda name: self.cores[name])
        if self.cores["web"] >= FULL * self.web:
            return "web processes"
        return f"workers: {self.jobs} jobs wait" if self.jobs > self.residents / 10 else "none"


def percentile(times: list[float], share: float) -> float:
    """Return the time within which this share of sorted times lies."""
    return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0


class Portal:
    """One web machine or two, with one database, and the workers and the scheduler of the first."""

    def __init__(self, machines: Sequence[Services]) -> None:
        self.machines = machines
        self.database = machine.parent_of(one_number("SELECT pg_backend_pid()"))

    @property
    def port(self) -> int:
        return self.machines[0].port

    def serve(self, workers: int) -> None:
        """Run the web of each machine with this number of processes, the other processes going on."""
        for one in self.machines:
            if web := one.processes.get("web"):
                web.terminate()
                web.wait()
            one.web_workers = workers
            one.run("web")
        for one in self.machines:
            one.wait_until_ready(seconds=120)

    def check(self) -> None:
        """Raise if a process has ended."""
        for one in self.machines:
            if name := one.ended():
                raise NotReady(f"{name} ended:\n{one.last_words(name)}")

    def roots(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {"web": [], "workers": [], "database": [self.database]}
        for one in self.machines:
            for name, process in one.processes.items():
                found["web" if name == "web" else "workers"].append(process.pid)
        return found

    def took(self, visitors: int) -> Counter[str]:
        """Return the seconds of processor taken until now."""
        roots = self.roots() | {"visitors": [visitors]}
        found = {name: sum(map(machine.processor_seconds, pids)) for name, pids in roots.items()}
        return Counter(found | {"machine": machine.busy_seconds()})

    def look(self, since: float) -> Look:
        roots = self.roots()
        web, workers = (sum(map(machine.megabytes, roots[name])) for name in ("web", "workers"))
        return Look(time.monotonic() - since, web, workers, one_number(CONNECTIONS))

    def visited(self, what: dict[str, Any], *, seconds: float, warm: float, **more: Any) -> Run:
        """Let visitors live their day for some seconds. What happens while it is warming up is not counted."""
        given = {"port": self.port, "seed": 1, "first": [], **what, **more} | {
            "seconds": seconds,
            "warm": warm,
        }
        words, looks = [sys.executable, "-m", "bench.crowd.day"], []
        with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as visitors:
            assert visitors.stdin and visitors.stdout
            began = time.monotonic()
            json.dump(given, visitors.stdin)
            visitors.stdin.close()
            time.sleep(warm)
            before, counted = self.took(visitors.pid), time.monotonic()
            while time.monotonic() < began + seconds - LOOK:
                time.sleep(LOOK)
                looks.append(self.look(began))
            took, elapsed = self.took(visitors.pid) - before, time.monotonic() - counted
            found = json.loads(visitors.stdout.read())
        took["others"] = took["machine"] - sum(took[name] for name in OURS)
        return Run(
            residents=len(what["people"]),
            web=sum(one.web_workers for one in self.machines),
            seconds=seconds - warm,
            samples=[(str(kind), float(taken)) for kind, taken in found["samples"]],
            errors=found["errors"],
            cores={name: taken / elapsed for name, taken in took.items()},
            jobs=one_number(JOBS),
            looks=looks,
        )


@contextmanager
def running(var: Path, *, machines: int = 1) -> Iterator[Portal]:
    """Run a portal on the database of this process: web, workers, scheduler; with two machines, web on both.

    The second machine shares the keys of the first, and what BROKER_URL and STORAGE_URL name, but no folder.
    """
    connection.close()
    variables = {"TRUSTED_PROXIES": str(machines - 1)}
    found = [Services("127.0.0.1", free_port(), variables, var / "log")]
    if machines == 2:
        other = second(var)
        found.append(Services("127.0.0.1", free_port(), variables | other, var / "second" / "log"))
        found[1].logs.mkdir(parents=True)
    try:
        found[0].start()
        found[0].wait_until_ready(seconds=120)
        yield Portal(found)
    finally:
        for one in found:
            one.stop()
        connection.close()


def second(var: Path) -> dict[str, str]:
    """Make the folder of the second machine. Return its variables."""
    shutil.copytree(var / "static", var / "second" / "static")
    keys = {name: str(getattr(settings, name)) for name in ("KEYRING", "SEAL_KEY", "CHECKPOINT_KEY", "RECEIPT_KEYS")}
    return keys | {"GARANT_VAR": str(var / "second")}


def one_number(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        (number,) = cursor.fetchone()
    return int(number)
