"""Measure what authenticated rows cost (docs/decisions/0025): a reading by the gate, a sign-in, opening 2,000 records.

    python -m ops.bench rows                                      here alone
    python -m ops.cluster run -- python bench/rows.py --beside FOLDER [--rounds 20]

FOLDER is a worktree of another commit, such as one from before these rows, with `.venv` and compiled messages. Each
commit works in a process and a database of its own; they take turns, so that what else the machine does slows both. It
prints medians: this process's own processor time, wall-clock time, the number of queries, and the ratio of the two
commits. Processor time is steady on a busy machine, and leaves out what PostgreSQL does.
"""

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
HERE = Path(__file__).resolve().parent.parent
#: Each measure: how many times it is repeated in a turn.
TURN = {"gate": 40, "sign-in": 3, "page of 2,000 records": 2, "2,000 records": 1}
RECORDS = 2_000


def serve() -> None:
    """Answer each line, the name of a measure, with the times of one turn. Runs in the folder of its commit."""
    root = Path.cwd()
    sys.path[:0] = [str(root), str(root / "platform")]
    import django

    django.setup()
    logging.disable()
    measures = prepare()
    for measure in measures.values():
        measure()
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(turn(measures[line.strip()], TURN[line.strip()])), flush=True)


def prepare() -> Mapping[str, Callable[[], object]]:
    from django.core import mail
    from django.core.cache import cache
    from django.test import Client
    from django.test.utils import setup_test_environment
    from django.urls import reverse

    from tests.accounts.factories import ResidentFactory, signed_in
    from tests.accounts.mailbox import sent_code
    from tests.vault import scale
    from tests.vault.couples import TRIED, granted
    from tests.vault.made import add_signed_notice
    from vault import types
    from vault.records import gate
    from vault.records.content import paper_kinds
    from vault.records.grants import agreements

    setup_test_environment()
    paper_kinds.load()
    agreements.register(TRIED)
    reader, full = (ResidentFactory(email=f"{name}{time.time_ns()}@courriel.example") for name in ("reads", "holds"))
    add_signed_notice(reader)
    ten = types.fields_of("fiscal.avis_ir")[:10]
    grants = [granted(reader, *ten) for _ in range(10)]
    scale.fill(full, records=RECORDS, papers=300)
    client = signed_in(full)

    def sign_in() -> None:
        cache.clear()
        mail.outbox.clear()
        visitor = Client()
        visitor.post(reverse("account_login"), {"email": reader.email})
        visitor.post(reverse("account_confirm_login_code"), {"code": sent_code()})
        if visitor.get(reverse("records:home")).status_code != 200:
            sys.exit("nobody was signed in")

    def page() -> None:
        if client.get(reverse("records:home")).status_code != 200:
            sys.exit("the page of the vault was refused")

    def everything() -> None:
        for code in (*scale.SHARES, "fiscal.avis_ir", "logement.domicile"):
            gate.own_of_type(resident_id=full.pk, purpose="Mesurer", type_code=code)

    return {
        "gate": lambda: gate.read(grant=grants[0], fields=ten),
        "sign-in": sign_in,
        "page of 2,000 records": page,
        "2,000 records": everything,
    }


def turn(measure: Callable[[], object], times: int) -> list[tuple[float, float, int]]:
    """Return the milliseconds of processor and of wall clock of each repetition, and its queries."""
    from django.db import connection

    found, asked = [], [0]

    def counting(execute: Callable[..., Any], *arguments: object) -> object:
        asked[0] += 1
        return execute(*arguments)

    for _ in range(times):
        asked[0], began, used = 0, time.perf_counter(), time.process_time()
        with connection.execute_wrapper(counting):
            measure()
        found.append(((time.process_time() - used) * 1000, (time.perf_counter() - began) * 1000, asked[0]))
    return found


def start(folder: Path) -> "subprocess.Popen[str]":
    """Start the process that measures the commit of a folder, on a database of its own."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(folder / "platform")])}
    command = [sys.executable, str(Path(__file__).resolve()), "--serve"]
    migrate = [sys.executable, "manage.py", "migrate", "-v0"]
    if folder != HERE:
        environment = {name: value for name, value in environment.items() if "DATABASE_URL" not in name}
        run = [sys.executable, "-m", "ops.cluster", "run", "--"]
        command, migrate = [*run, *command], [*run, *migrate]
    subprocess.run(migrate, cwd=folder, env=environment, check=True)
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def ask(process: "subprocess.Popen[str]", measure: str) -> list[list[float]]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("not piped")
    if measure:
        print(measure, file=process.stdin, flush=True)
    while line := process.stdout.readline():
        if line == "ready\n":
            return []
        if line.startswith("["):
            found: list[list[float]] = json.loads(line)
            return found
    sys.exit("a process that measured ended")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--beside", type=Path, metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--smoke", action="store_true", help="two rounds")
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    folders = [HERE, *([options.beside.resolve()] if options.beside else [])]
    processes = [start(folder) for folder in folders]
    for process in processes:
        ask(process, "")
    found: dict[tuple[str, int], list[list[float]]] = defaultdict(list)
    for round_ in range(2 if options.smoke else options.rounds):
        for name in TURN:
            for side in range(len(folders)) if round_ % 2 else reversed(range(len(folders))):
                found[name, side] += ask(processes[side], name)
    for process in processes:
        process.communicate()
    for name in TURN:
        print(f"{name:22}" + "   ".join(show(found[name, side]) for side in range(len(folders))), end="")
        print(f"   × {ratio(found[name, 0], found[name, 1], 0):.2f} processor" if options.beside else "", end="")
        print(f", {ratio(found[name, 0], found[name, 1], 1):.2f} clock" if options.beside else "")


def show(times: Sequence[Sequence[float]]) -> str:
    spent, clock, queries = (statistics.median(one[at] for one in times) for at in range(3))
    return f"{spent:8.2f} ms processor {clock:8.1f} ms clock {queries:3.0f} queries"


def ratio(here: Sequence[Sequence[float]], there: Sequence[Sequence[float]], at: int) -> float:
    return statistics.median(one[at] for one in here) / statistics.median(one[at] for one in there)


if __name__ == "__main__":
    main()
