"""Measure the page of a resident's aids: the first time in a month, and again with what was kept of the run.

    python -m ops.cluster run -- python bench/aids_page.py [--smoke]

Needs a migrated database, and leaves its resident there: `python -m ops.bench aids_page` makes and drops one. The
vault leaves three questions open, so that one run has dozens of rows. The peer is the same page without what was kept:
each round measures both, one after the other. It prints wall-clock time, which other processes lengthen, and this
process's own processor time.
"""

import argparse
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import django

django.setup()

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment
from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from core.models import City
from services.aids import benefits, catalogue
from services.aids.engine import run as engine
from services.aids.models import KeptRun, LocalAid
from tests.accounts.factories import ResidentFactory, signed_in
from tests.services.aids import people
from vault.records.actions import withdraw_record
from vault.records.models import Record

AIDS, QUERIES = 40, 25
#: Milliseconds, p50.
FIRST, AGAIN = 500, 120
PAGE = "/aides/"
#: Withdrawn, these leave their question open.
LEFT_OUT = ("revenu.mensuel", "handicap.decision", "social.paiement")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--smoke", action="store_true", help="few rounds: the times are shown, never judged")
    rounds = 3 if parser.parse_args().smoke else 31
    logging.disable()
    setup_test_environment()
    resident = filled()
    client = signed_in(resident)
    engine.warm()
    look(client)
    first, again = [], []
    for _ in range(rounds):
        forget(resident)
        first.append(timed(lambda: look(client)))
        again.append(timed(lambda: look(client)))
    with CaptureQueriesContext(connection) as captured:
        look(client)
    queries = len([one for one in captured.captured_queries if one["sql"] not in {"BEGIN", "COMMIT"}])
    return report(first, again, queries, judged=rounds > 3)


def filled() -> User:
    City.objects.update_or_create(pk=1, defaults={"name": "Villebrume", "of_name": "de Villebrume", "insee": "00042"})
    resident = ResidentFactory(email=f"bench{time.time_ns()}@courriel.example")
    people.full_vault(resident, month=timezone.localdate().strftime("%Y-%m"))
    people.local_aids([item["code"] for item in catalogue.local_aids()])
    with scope(resident=resident.pk):
        left_out = list(Record.objects.current().filter(type__in=LEFT_OUT, subject_person=resident.pk))
    for record in left_out:
        withdraw_record(record=record, by=resident.pk)
    return resident


def forget(resident: User) -> None:
    with scope(resident=resident.pk):
        KeptRun.objects.all().delete()


def look(client: Client) -> None:
    answer = client.get(PAGE)
    if answer.status_code != 200:
        sys.exit(f"{answer.status_code} for {PAGE}")


def timed(run: Callable[[], None]) -> tuple[float, float]:
    began, used = time.perf_counter(), time.process_time()
    run()
    return (time.perf_counter() - began) * 1000, (time.process_time() - used) * 1000


def report(first: list[tuple[float, float]], again: list[tuple[float, float]], queries: int, *, judged: bool) -> int:
    aids = len(benefits.ALL) + LocalAid.objects.published().count()
    medians = {
        name: [statistics.median(column) for column in zip(*times, strict=True)]
        for name, times in (("first", first), ("again", again))
    }
    print(f"{aids} aids, {len(first)} rounds, medians, {queries} queries")
    for name, (wall, spent) in medians.items():
        print(f"{name:6} {wall:7.1f} ms   processor {spent:7.1f} ms   × first {spent / medians['first'][1]:5.2f}")
    failed = [f"only {aids} aids"] * (aids < AIDS) + [f"{queries} queries"] * (queries > QUERIES)
    if judged:
        failed += [
            f"{name}: over {limit} ms"
            for name, limit in (("first", FIRST), ("again", AGAIN))
            if medians[name][0] > limit
        ]
    print("\n".join(failed) or f"within budget: {FIRST} ms first, {AGAIN} ms again, {QUERIES} queries")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
