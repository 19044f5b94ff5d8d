"""Measure a mixed day of residents at once on this machine: pages' times, errors, memory, connections, processors.

    python -m ops.bench load [--smoke]                      50 and 200 residents, web × 1, 2, 4: eight minutes
    python -m ops.bench load -- --residents 50 --web 2      one of these
    python -m ops.bench load -- --machines 2 --web 1        two web machines behind nginx, turn by turn
    python -m ops.bench load -- --soak 30                   ten residents for half an hour: is the memory flat?

Visitors (bench/crowd/day.py) are a process of their own on the same machine, whose processor time is printed with that
of web, database, workers and all others. The tables are Markdown, for docs/capacity.md.

The goal: 50 residents, 95 of 100 answers within 400 ms, no error. After the first fifth of a soak, the memory of web
and workers may move by 5 %, the connections by two. The exit code says whether it was reached.
"""

import argparse
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.demo"
os.environ.setdefault("SECRET_KEY", "bench-only-" + "x" * 50)
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import django

django.setup()

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment

from bench.crowd import town
from bench.crowd.judging import GOAL_RESIDENTS, faults, is_moved, thirds
from bench.crowd.portal import LOOK, OURS, Portal, Run, percentile, running
from tests.ops import proxies

RESIDENTS, WEB = (50, 200), (1, 2, 4)
SECONDS, WARM, THINK = 50.0, 8.0, (8.0, 20.0)
#: Residents of a soak.
FEW = 10
#: The acts that bring most into memory, which each resident of a soak does first.
HEAVY = ["build", "upload", "aids", "why"]
QUERIED = {
    "home": "/",
    "vault": "/coffre/",
    "record": "{record}",
    "aids": "/aides/",
    "why an aid": "/aides/{aid}/pourquoi/",
    "dossiers": "/dossiers/",
    "dossier: draft": "{dossier}",
    "shares": "/partages/",
    "journal": "/journal/",
    "upload: page": "/coffre/ajouter/",
    "sign in: page": "/connexion/",
    "public result": "{result}",
    "API read": "/api/v1/me/fields",
}
ANONYMOUS = {"sign in: page", "public result", "API read"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--residents", type=int, nargs="+", default=RESIDENTS)
    parser.add_argument("--web", type=int, nargs="+", default=WEB, help="numbers of web processes")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each run")
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    parser.add_argument("--smoke", action="store_true", help="five residents for some seconds: errors alone fail it")
    parser.add_argument("--machines", type=int, choices=(1, 2), default=1, help="of the web; 2 need nginx")
    chosen = parser.parse_args()
    if chosen.machines == 2 and not {"BROKER_URL", "STORAGE_URL"} <= os.environ.keys():
        parser.error("two machines share a broker and a store: set BROKER_URL and STORAGE_URL")
    logging.disable()
    setup_test_environment()
    call_command("collectstatic", "--no-input", verbosity=0)
    if chosen.smoke:
        chosen.residents, chosen.web, chosen.seconds = [5], [1], 12.0
    began = time.monotonic()
    what = town.fill(FEW if chosen.soak else max(chosen.residents))
    print(f"{len(what['people'])} residents in {time.monotonic() - began:.0f} s", flush=True)
    queries = counted(what)
    var = Path(os.environ["GARANT_VAR"])
    with running(var, machines=chosen.machines) as portal, entrance(portal, var) as found:
        what |= found
        if chosen.soak:
            return soak(portal, what, chosen.soak * 60)
        think, warm = ((0.2, 1.0), 2.0) if chosen.smoke else (THINK, WARM)
        runs = [
            run(portal, what, residents, web, seconds=chosen.seconds, think=think, warm=warm)
            for residents in chosen.residents
            for web in chosen.web
        ]
    shown = next((one for one in runs if (one.residents, one.web) == (GOAL_RESIDENTS, 2)), runs[0])
    print_pages(shown, queries)
    return report(runs, judged=not chosen.smoke)


@contextmanager
def entrance(portal: Portal, var: Path) -> Iterator[dict[str, Any]]:
    """Yield where visitors come in: at the only web machine, or at nginx before both."""
    if len(portal.machines) == 1:
        yield {}
        return
    (folder := var / "nginx").mkdir()
    pair = proxies.certificate(folder)
    with proxies.running("nginx", folder, pair, *(one.port for one in portal.machines)) as proxy:
        mail = [str(var / "mail"), str(var / "second" / "mail")]
        yield {"port": proxy.secure, "certificate": str(pair[0]), "mail": mail}


def run(portal: Portal, what: dict[str, Any], residents: int, web: int, **more: Any) -> Run:
    portal.serve(web)
    found = portal.visited(what | {"people": what["people"][:residents]}, **more)
    portal.check()
    print(f"{residents} residents, web × {web}: {len(found.samples)} answers, {len(found.errors)} errors", flush=True)
    for fault, count in Counter(found.errors).most_common(5):
        print(f"    {count} × {fault}", flush=True)
    return found


def counted(what: dict[str, Any]) -> dict[str, int]:
    """Return the queries of each page, by this process: without those that begin and end transactions."""
    person, found = what["people"][0], {}
    for kind, path in QUERIED.items():
        client = Client(headers={"Authorization": f"Bearer {person['token']}"})
        client.cookies.load({} if kind in ANONYMOUS else person["cookies"])
        for _time in range(2):
            with CaptureQueriesContext(connection) as captured:
                answer = client.get(path.format_map(what | person))
            assert answer.status_code == 200, (kind, answer.status_code)
        found[kind] = sum(one["sql"] not in {"BEGIN", "COMMIT"} for one in captured.captured_queries)
    return found


def print_pages(one: Run, queries: dict[str, int]) -> None:
    print(f"\nPages, {one.residents} residents, web × {one.web}, {one.seconds:.0f} s:\n")
    print("| Page | Answers | p50, ms | p95, ms | Queries |\n|---|---|---|---|---|")
    for kind in sorted(one.kinds, key=lambda kind: -percentile(one.times(kind), 0.5)):
        times = one.times(kind)
        print(
            f"| {kind} | {len(times)} | {percentile(times, 0.5):.0f} | {percentile(times, 0.95):.0f}"
            f" | {queries.get(kind, '')} |"
        )


def report(runs: Sequence[Run], *, judged: bool) -> int:
    print(
        "\n| Residents | Web × | Answers a second | p50, ms | p95, ms | Longest, ms | Errors | Web, MB | Workers, MB"
        " | Connections | Web, cores | Database | Workers | Visitors | Others | First limit |"
    )
    print("|" + "---|" * 16)
    for one in runs:
        print_run(one)
    missed = [fault for one in runs for fault in faults(one)]
    print("\n" + ("\n".join(f"MISSED: {fault}" for fault in missed) or "the goal is reached"))
    return int(any(one.errors for one in runs) or (judged and bool(missed)))


def print_run(one: Run) -> None:
    times, last = one.times(), one.looks[-1]
    cores = " | ".join(f"{one.cores[name]:.2f}" for name in (*OURS, "others"))
    print(
        f"| {one.residents} | {one.web} | {len(times) / one.seconds:.1f} | {percentile(times, 0.5):.0f}"
        f" | {percentile(times, 0.95):.0f} | {percentile(times, 1):.0f} | {len(one.errors)} | {last.web:.0f}"
        f" | {last.workers:.0f} | {max(look.connections for look in one.looks)} | {cores} | {one.limit} |"
    )


def soak(portal: Portal, what: dict[str, Any], seconds: float) -> int:
    portal.serve(2)
    one = portal.visited(what, seconds=seconds, warm=0.0, think=THINK, first=HEAVY)
    print(f"\n{one.residents} residents, {seconds / 60:.0f} minutes, web × {one.web}, a look each {LOOK:.0f} s")
    print(f"{len(one.samples)} answers, p95 {percentile(one.times(), 0.95):.0f} ms, {len(one.errors)} errors")
    print("\n| | First third | Last third | Change |\n|---|---|---|---|")
    moved = []
    for name, (before, after) in thirds(one.looks).items():
        print(f"| {name} | {before:.0f} | {after:.0f} | {after / before - 1:+.1%} |")
        moved += [name] if is_moved(name, before, after) else []
    for fault, count in Counter(one.errors).most_common(5):
        print(f"    {count} × {fault}")
    print("\n" + (f"NOT FLAT: {', '.join(moved)}" if moved else "memory and connections are flat"))
    return int(bool(moved or one.errors))


if __name__ == "__main__":
    sys.exit(main())
