"""Measure the vault's page with 2,000 records and 300 papers: queries and server time, against decrypting everything.

    python -m ops.cluster run -- python bench/vault_page.py [--smoke]

Needs a migrated database, and leaves its resident there: `python -m ops.bench vault_page` makes and drops one. It
prints wall-clock time, which other processes lengthen, and this process's own processor time.
"""

import argparse
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import django

django.setup()

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment
from django.urls import reverse

from tests.accounts.factories import ResidentFactory, signed_in
from tests.vault import scale
from vault.records import gate
from vault.records.content import paper_kinds
from vault.records.presenting import values as rows

RECORDS, PAPERS = 2000, 300
QUERIES, GOAL = 16, 120
PAGES: Mapping[str, Mapping[str, str]] = {
    "page": {},
    "theme and holder": {"theme": "revenus", "organisme": "employeur"},
    "verified": {"etat": "verified"},
    "search, all opened": {"q": "boulangerie"},
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--smoke", action="store_true", help="few rounds: the queries are asserted, the times only shown"
    )
    rounds = 3 if parser.parse_args().smoke else 21
    logging.disable()
    setup_test_environment()
    paper_kinds.load()
    resident = ResidentFactory(email=f"bench{time.time_ns()}@courriel.example")
    scale.fill(resident, records=RECORDS, papers=PAPERS)
    client = signed_in(resident)
    found = {name: timed(partial(look, client, parameters), rounds) for name, parameters in PAGES.items()}
    found["peer: all decrypted"] = timed(lambda: everything(resident.pk), rounds)
    queries = {name: count(client, parameters) for name, parameters in PAGES.items()}
    peer = found["peer: all decrypted"][1]
    print(f"{RECORDS} records, {PAPERS} papers, {rounds} rounds, medians")
    for name, (wall, spent) in found.items():
        print(
            f"{name:22} {wall:7.1f} ms   processor {spent:7.1f} ms   × peer {spent / peer:5.2f}   queries"
            f" {queries.get(name, '-')}"
        )
    failed = [f"{name}: {number} queries" for name, number in queries.items() if number > QUERIES]
    if rounds > 3 and found["page"][1] > GOAL:
        failed.append(f"page: over {GOAL} ms")
    print("\n".join(failed) or f"within budget: {QUERIES} queries, {GOAL} ms")
    return bool(failed)


def look(client: Client, parameters: Mapping[str, str]) -> None:
    url = reverse("records:home")
    answer = client.post(url, parameters) if parameters else client.get(url)
    if answer.status_code != 200:
        sys.exit(f"{answer.status_code} for {parameters}")


def everything(resident_id: UUID) -> None:
    """Decrypt each record as a page that shows all of them would, without rendering its template."""
    for code in (*scale.SHARES, "fiscal.avis_ir", "logement.domicile"):
        values = gate.own_of_type(resident_id=resident_id, purpose="Mesurer", type_code=code)
        rows.sections(values, [], {})
    gate.own_papers(resident_id=resident_id, purpose="Mesurer")


def timed(run: Callable[[], None], rounds: int) -> tuple[float, float]:
    run()
    wall, spent = [], []
    for _ in range(rounds):
        began, used = time.perf_counter(), time.process_time()
        run()
        wall.append((time.perf_counter() - began) * 1000)
        spent.append((time.process_time() - used) * 1000)
    return statistics.median(wall), statistics.median(spent)


def count(client: Client, parameters: Mapping[str, str]) -> int:
    """Count the page's queries, without BEGIN, COMMIT and the update of the session's last use."""
    look(client, parameters)
    with CaptureQueriesContext(connection) as captured:
        look(client, parameters)
    return len([one for one in captured.captured_queries if one["sql"] not in {"BEGIN", "COMMIT"}])


if __name__ == "__main__":
    sys.exit(main())
