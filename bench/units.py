"""Measure what one of each thing costs, for docs/capacity.md: processor time, bytes on disk, time of a backup.

    python -m ops.bench units [--smoke]
    python -m ops.bench units -- --entries 1000000 --megabytes 2000      for the backup

Processor time is that of the web's processes, of the workers' and of the database's: other work on the machine hardly
changes it. Each page is asked for by two visitors in turn, again and again. Bytes are those by which the database's
files, or the folder of sealed files, have grown. Nothing is judged.
"""

import argparse
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.demo"
os.environ.setdefault("SECRET_KEY", "bench-only-" + "x" * 50)
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import django

django.setup()

from django.core.management import call_command
from django.test.utils import setup_test_environment

from bench import journal
from bench.crowd import day, machine, town
from bench.crowd.portal import JOBS, OURS, Portal, one_number, running
from core.files.storage import sealed_storage
from tests.accounts.factories import ResidentFactory
from tests.vault import scale
from tests.vault.couples import TRIED, granted
from vault import types
from vault.records import gate
from vault.records.grants import agreements

ROUNDS, READS, RESIDENTS = 20, 200, 20
RECORDS, ENTRIES, FILES = 2_000, 2_000, 50
PIECE = 1_000_000
TEN = types.fields_of("fiscal.avis_ir")[:10]
SIZE = "SELECT pg_database_size(current_database())"
#: An act, and the name of what it costs. Those that leave jobs are waited for.
ACTS = {
    "home": "home",
    "vault": "vault",
    "record": "record",
    "aids": "aids",
    "why": "why an aid",
    "dossiers": "dossiers",
    "draft": "draft of a dossier",
    "shares": "shares",
    "journal": "journal",
    "sign in": "sign in again, four answers",
    "upload": "upload of a paper, three answers and its reading",
    "build": "dossier, four answers and its PDF",
    "API": "API read",
    "result": "public result",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=200_000, help="of journals, in the backup")
    parser.add_argument("--megabytes", type=int, default=400, help="of sealed files, in the backup")
    parser.add_argument("--smoke", action="store_true", help="few of everything")
    chosen = parser.parse_args()
    logging.disable()
    setup_test_environment()
    call_command("collectstatic", "--no-input", verbosity=0)
    rounds = ROUNDS
    if chosen.smoke:
        rounds, chosen.entries, chosen.megabytes = 2, 1_000, 5
    what = town.fill(2 if chosen.smoke else RESIDENTS)
    print_bytes(what["file"].encode("latin-1"), 10 if chosen.smoke else 1)
    with running(Path(os.environ["GARANT_VAR"])) as portal:
        print_pages(portal, what, rounds)
        print_reads(portal, READS // 10 if chosen.smoke else READS)
    print_backup(chosen.entries, chosen.megabytes)
    return 0


def print_pages(portal: Portal, what: dict[str, Any], rounds: int) -> None:
    """Print the processor time of each act by two visitors in turn, the first time of each left out."""
    given = what | {"port": portal.port, "seed": 1, "warm": 0.0, "first": []}
    visitors = [day.Visitor(one, person, given, day.Found(), 0.0) for one, person in enumerate(what["people"])]
    idle = resting(portal, 2.0 if rounds < ROUNDS else 15.0)
    print("\n| Act | Web, ms | Database, ms | Workers, ms |\n|---|---|---|---|")
    print_act(
        portal, "home, the first time after a vault changed", [(day.DAY["home"][1], one) for one in visitors], idle
    )
    for act, name in ACTS.items():
        many = 4 if act in {"sign in", "upload", "build"} else rounds
        for one in visitors[:2]:
            day.DAY[act][1](one)
        print_act(portal, name, [(day.DAY[act][1], visitors[number % 2]) for number in range(many)], idle)


def print_act(
    portal: Portal,
    name: str,
    acts: Sequence[tuple[Callable[[day.Visitor], None], day.Visitor]],
    idle: Mapping[str, float],
) -> None:
    """Do these acts and wait for their jobs. Print what each took, without what is taken at rest."""
    wait_for_jobs()
    before, began = portal.took(os.getpid()), time.monotonic()
    for act, visitor in acts:
        act(visitor)
    wait_for_jobs()
    took, elapsed = portal.took(os.getpid()) - before, time.monotonic() - began
    spent = [max(0.0, took[one] - idle[one] * elapsed) * 1000 / len(acts) for one in OURS[:3]]
    print(f"| {name} | " + " | ".join(f"{one:.0f}" for one in spent) + " |", flush=True)


def resting(portal: Portal, seconds: float) -> Mapping[str, float]:
    """Return the processors that the processes keep busy while nobody asks for anything; print them."""
    wait_for_jobs()
    before = portal.took(os.getpid())
    time.sleep(seconds)
    took = portal.took(os.getpid()) - before
    print("at rest, of a processor: " + ", ".join(f"{name} {took[name] / seconds:.1%}" for name in OURS[:3]))
    return {name: took[name] / seconds for name in OURS[:3]}


def print_reads(portal: Portal, count: int) -> None:
    """Print the processor time of a reading under a grant, without the web."""
    resident = ResidentFactory(email=f"lu{time.time_ns()}@courriel.example")
    town.fill_vault(resident, "odette")
    agreements.register(TRIED)
    grant = granted(resident, *TEN)
    gate.read(grant=grant, fields=TEN)
    own, database = time.process_time(), machine.processor_seconds(portal.database)
    for _time in range(count):
        gate.read(grant=grant, fields=TEN)
    own, database = time.process_time() - own, machine.processor_seconds(portal.database) - database
    print(f"\na reading of ten fields: {own * 1000 / count:.1f} ms, database {database * 1000 / count:.1f} ms")


def print_bytes(file: bytes, fewer: int) -> None:
    """Print what a resident, a record, a journal entry and a file add on disk."""
    records = [0]

    def residents(count: int) -> None:
        for number in range(count):
            one = ResidentFactory(email=f"un{number}@courriel.example")
            records[0] += town.fill_vault(one, town.STORIES[number % len(town.STORIES)])
            town.keep_papers(one, file)

    count = RESIDENTS // fewer
    print(f"a resident: {grown(residents, count) / count / 1000:.0f} kB in tables, {records[0] / count:.0f} records")
    resident = ResidentFactory(email="plein@courriel.example")
    makes: dict[str, tuple[int, Callable[[int], None]]] = {
        "record": (RECORDS // fewer, lambda count: scale.fill(resident, records=count, papers=0)),
        "journal entry": (ENTRIES // fewer, lambda count: journal.write(resident.pk, count)),
    }
    for name, (many, make) in makes.items():
        print(f"a {name}: {grown(make, many) / many:,.0f} bytes in tables and indexes")
    before, many = folder_bytes(), FILES // fewer
    keep_files(resident.pk, many, PIECE)
    print(f"a file of {PIECE:,} bytes: {(folder_bytes() - before) / many - PIECE:,.0f} bytes more, sealed")


def grown(make: Callable[[int], None], count: int) -> int:
    before = one_number(SIZE)
    make(count)
    return one_number(SIZE) - before


def folder_bytes() -> int:
    return sum(file.stat().st_size for file in files_folder().rglob("*") if file.is_file())


def files_folder() -> Path:
    return Path(str(sealed_storage.inner.location))  # type: ignore[attr-defined]  # a folder, in a benchmark


def keep_files(resident_id: UUID, count: int, size: int) -> None:
    content = os.urandom(size)
    for _file in range(count):
        with sealed_storage.create(resident_id=resident_id) as kept:
            kept.write(content)


def print_backup(entries: int, megabytes: int) -> None:
    """Print how long a backup takes of a town with more journal entries and files, and what it weighs."""
    journal.fill("backup", entries, 20_000)
    resident = ResidentFactory(email=f"sauve{time.time_ns()}@courriel.example")
    keep_files(resident.pk, megabytes * 1_000_000 // (4 * PIECE), 4 * PIECE)
    print(f"\nbackups of a database of {one_number(SIZE) / 1e6:,.0f} MB and {folder_bytes() / 1e6:,.0f} MB of files:")
    for options in ([], ["--without-files"]):
        with tempfile.TemporaryDirectory(dir=os.environ["GARANT_VAR"]) as folder:
            target = Path(folder, "backup")
            used, began = processors_of_backup(), time.monotonic()
            words = [sys.executable, "manage.py", "backup", str(target), *options]
            subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
            took, used = time.monotonic() - began, processors_of_backup() - used
            weighs = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
        name = " ".join(["backup", *options])
        print(f"{name}: {took:.1f} s, {used:.1f} s of processor, {weighs / 1e6:,.0f} MB", flush=True)


def processors_of_backup() -> float:
    """Return the seconds of processor of the database, and of the commands that this process has run."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    database = machine.processor_seconds(machine.parent_of(one_number("SELECT pg_backend_pid()")))
    return children.ru_utime + children.ru_stime + database


def wait_for_jobs(seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while one_number(JOBS) and time.monotonic() < end:
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
