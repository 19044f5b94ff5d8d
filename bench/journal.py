"""Measure the journal at 10,000 entries: its page, an empty search, a verification; and checkpoints over 200,000.

    python -m ops.cluster run -- python bench/journal.py [--smoke] [--lines 10000] [--residents 1000]
        [--grown 200000] [--around 10000000]

`--around` first fills a city's journals with entries that nobody can decrypt (minutes and 1 GB per million). The
database's own time for the page (EXPLAIN ANALYZE) is then that of residents whose entries lie among all others.
`--grown` puts that many entries under one checkpoint, first of a city, then of as many residents. The exit code is 1
if a budget is missed.

Needs a migrated database, and leaves its residents there: `python -m ops.bench journal` makes and drops one.
"""

import argparse
import json
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
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

from core import journal
from core.journal import checkpoints
from core.residents import prepare
from tests.accounts.factories import ResidentFactory, signed_in
from vault import types

FIELDS = types.fields_of("fiscal.avis_ir")[:10]
ROUNDS = 10
PAGE_SQL_MS, GROWN_SECONDS = 20, 2
#: A city of 20,000 vaults, over three years.
CITY, YEARS, BATCH = 20_000, 3, 250_000
FILL = """
WITH leaves AS (
    INSERT INTO core_journalleaf (resident_id, number, at, leaf, chain)
    SELECT md5(%(run)s || line %% %(residents)s)::uuid, line / %(residents)s + 1,
        now() - make_interval(days => 365 * %(years)s) * (1 - line::float / %(lines)s),
        sha256(int8send(line)), sha256(int8send(-line))
    FROM generate_series(%(first)s, %(last)s) line
    RETURNING id, resident_id, at)
INSERT INTO core_journalentry (id, resident_id, created_at, leaf_id, content)
SELECT gen_random_uuid(), resident_id, at, id, decode(repeat(md5(id::text), 30), 'hex') FROM leaves
"""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--residents", type=int, default=1_000)
    parser.add_argument("--grown", type=int, default=200_000)
    parser.add_argument("--around", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="few of everything: that it runs is all that is asked")
    asked = parser.parse_args()
    if asked.smoke:
        asked.lines, asked.residents, asked.grown, asked.around = 200, 20, 500, 1_000
    if asked.around:
        print(
            f"{asked.around} lines of {CITY} residents filled in"
            f" {timed(lambda: fill('around', asked.around, CITY)):.0f} s"
        )
        print(f"checkpoint over them: {timed(checkpoints.seal):.2f} s")
    among = neighbours() if asked.around else []
    checkpoints.seal()

    resident = ResidentFactory(email=f"bench{time.time_ns()}@courriel.example")
    print(f"{asked.lines} lines of one resident written in {timed(lambda: write(resident.pk, asked.lines)):.1f} s")
    logging.disable()
    browser = signed_in(resident)
    browser.defaults["SERVER_NAME"] = "localhost"
    for words, query in (
        ("the newest lines", ""),
        ("a search that finds nothing", "?quoi=refus"),
        ("one's own acts", "?qui=moi"),
    ):
        page(browser, words, query)
    spent = page_sql(browser, resident.pk, among or [resident.pk])
    print(f"chain of {asked.lines} lines followed in {timed(lambda: journal.verify(resident_id=resident.pk)):.2f} s")

    for _ in range(asked.residents):
        person = uuid4()
        prepare(person)
        write(person, max(1, asked.lines // asked.residents))
    print(
        f"checkpoint over {2 * asked.lines} new lines of {asked.residents + 1} residents:"
        f" {timed(checkpoints.seal):.2f} s"
    )
    took = grown(asked.grown, CITY)
    grown(asked.grown, asked.grown)
    print(f"checkpoint over nothing: {timed(checkpoints.seal) * 1000:.1f} ms")
    print(f"the resident's own proofs: {timed(lambda: checkpoints.checked(resident_id=resident.pk)):.3f} s")
    print(f"every checkpoint checked: {timed(lambda: list(checkpoints.problems())):.2f} s")
    return int(not asked.smoke and (spent > PAGE_SQL_MS or took > GROWN_SECONDS))


def fill(run: str, lines: int, residents: int) -> None:
    """Add entries that nobody can decrypt, to residents without a key, in turn as they arrive in a city."""
    parameters: dict[str, str | int] = {
        "run": f"{run}{time.time_ns()}",
        "residents": residents,
        "lines": lines,
        "years": YEARS,
    }
    for first in range(0, lines, BATCH):
        with connection.cursor() as cursor:
            cursor.execute(FILL, parameters | {"first": first, "last": min(first + BATCH, lines) - 1})


def page_sql(browser: Client, reader: UUID, among: Sequence[UUID]) -> float:
    """Return the median time in ms that the database spends on the page's queries, run for each resident of `among`.

    The queries run twice; the first run counts.
    """
    with CaptureQueriesContext(connection) as queries:
        browser.get(reverse("journal:journal"))
    reads = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    asked = [[sql.replace(reader.hex, one.hex).replace(str(reader), str(one)) for sql in reads] for one in among]
    first, again = (statistics.median(sum(map(explained, of_one)) for of_one in asked) for _ in range(2))
    print(
        f"page, its {len(reads)} queries in the database, of {len(among)} people: p50 {first:.1f} ms the first time,"
        f" {again:.1f} ms again"
    )
    return float(first)


def explained(sql: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        (explanation,) = cursor.fetchone()
    [plan] = json.loads(explanation) if isinstance(explanation, str) else explanation
    return float(plan["Planning Time"] + plan["Execution Time"])


def neighbours() -> list[UUID]:
    """Return residents whose entries lie among those of the whole city."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT resident_id FROM core_journalleaf ORDER BY id DESC LIMIT %s", [ROUNDS])
        return [UUID(str(key)) for (key,) in cursor.fetchall()]


def grown(lines: int, residents: int) -> float:
    fill("grown", lines, residents)
    took = timed(checkpoints.seal)
    print(f"checkpoint over {lines} new lines of {min(lines, residents)} residents: {took:.2f} s")
    return took


def write(resident_id: UUID, count: int) -> None:
    for start in range(0, count, 500):
        with transaction.atomic():
            for _ in range(min(500, count - start)):
                journal.write(
                    resident_id=resident_id, actor_id=resident_id, event="read", purpose="Essayer", fields=FIELDS
                )


def page(browser: Client, words: str, query: str) -> None:
    times = []
    for _ in range(ROUNDS):
        reset_queries()  # the query log is limited to 9,000 and would be full
        with CaptureQueriesContext(connection) as queries:
            times.append(timed(lambda: browser.get(reverse("journal:journal") + query)))
    print(f"page, {words}: p50 {statistics.median(times) * 1000:.0f} ms, {len(queries)} queries")


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


if __name__ == "__main__":
    raise SystemExit(main())
