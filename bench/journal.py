"""The journal at 10,000 lines: its page, a search that finds nothing, a check of the chain; and a checkpoint over 10,000 new lines.

    python -m ops.cluster run -- python bench/journal.py [--lines 10000] [--residents 1000]

Needs a migrated database. The people that it makes stay in it: run it on one of your own.
"""

import argparse
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "platform")])

import django

django.setup()

from django.db import connection, reset_queries, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import checkpoints, journal
from core.residents import prepare
from tests.accounts.factories import ResidentFactory, signed_in
from vault import types

FIELDS = types.fields_of("fiscal.avis_ir")[:10]
ROUNDS = 10


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--residents", type=int, default=1_000)
    asked = parser.parse_args()
    checkpoints.seal()

    resident = ResidentFactory(email=f"bench{time.time_ns()}@courriel.example")
    print(f"{asked.lines} lines of one resident written in {timed(lambda: write(resident.pk, asked.lines)):.1f} s")
    logging.disable()
    browser = signed_in(resident)
    browser.defaults["SERVER_NAME"] = "localhost"
    for words, query in (("the newest lines", ""), ("a search that finds nothing", "?quoi=refus"), ("one's own acts", "?qui=moi")):
        page(browser, words, query)
    print(f"chain of {asked.lines} lines followed in {timed(lambda: journal.verify(resident_id=resident.pk)):.2f} s")

    for _ in range(asked.residents):
        person = uuid4()
        prepare(person)
        write(person, max(1, asked.lines // asked.residents))
    print(f"checkpoint over {2 * asked.lines} new lines of {asked.residents + 1} residents: {timed(checkpoints.seal):.2f} s")
    print(f"checkpoint over nothing: {timed(checkpoints.seal) * 1000:.1f} ms")
    print(f"the resident's own proofs: {timed(lambda: checkpoints.checked(resident_id=resident.pk)):.3f} s")
    print(f"every checkpoint checked: {timed(lambda: list(checkpoints.problems())):.2f} s")


def write(resident_id: UUID, count: int) -> None:
    for start in range(0, count, 500):
        with transaction.atomic():
            for _ in range(min(500, count - start)):
                journal.write(resident_id=resident_id, actor_id=resident_id, event="read", purpose="Essayer", fields=FIELDS)


def page(browser: Client, words: str, query: str) -> None:
    times = []
    for _ in range(ROUNDS):
        reset_queries()  # the log that is counted is full after 9,000 and would then grow no more
        with CaptureQueriesContext(connection) as queries:
            times.append(timed(lambda: browser.get(reverse("vault:journal") + query)))
    print(f"page, {words}: p50 {statistics.median(times) * 1000:.0f} ms, {len(queries)} queries")


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
