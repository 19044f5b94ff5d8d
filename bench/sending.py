"""Measure the pages by which residents and an office follow requests, with five hundred in the office's list.

    python -m ops.bench sending [--smoke]

Each page's queries, and the median of the server's time in this process: 25 and 150 ms at most. None runs an engine.
"""

import argparse
import logging
import os
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import django

django.setup()

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment
from django.urls import reverse
from django.utils import timezone

from services.dossiers.actions import dossiers
from services.requests.actions import office as actions
from services.requests.enums import Fault
from tests.accounts.factories import ResidentFactory, signed_in
from tests.services.requests.made import PAPER, copied, finished, fresh, member, opened_office, sent
from tests.vault.made import add_signed_notice
from vault.records.content import paper_kinds

LISTED, QUERIES, MILLISECONDS = 500, 25, 150


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--smoke", action="store_true", help="few rounds: the times are shown, never judged")
    rounds = 3 if parser.parse_args().smoke else 31
    logging.disable()
    setup_test_environment()
    print(f"{'page':28} queries   p50 ms")
    failed = False
    for name, client, url in pages():
        counted, milliseconds = cost(client, url, rounds)
        over = counted > QUERIES or (rounds > 3 and milliseconds > MILLISECONDS)
        failed |= over
        print(f"{name:28} {counted:7} {milliseconds:8.0f}{'   over' if over else ''}")
    return 1 if failed else 0


def pages() -> list[tuple[str, Client, str]]:
    paper_kinds.load()
    resident = ResidentFactory(email=f"bench{time.time_ns()}@courriel.example")
    office = opened_office(f"Service Enfance {time.time_ns()}")
    claire = member(office, "Claire Morvan")
    row, corrected = sent(resident, office), sent(resident, office)
    actions.take(request=corrected, place=claire)
    correction = actions.ask_correction(
        request=fresh(corrected), place=claire, line=PAPER, fault=Fault.OUTDATED, message="Moins de 3 mois."
    )
    copied(row, LISTED)
    add_signed_notice(resident, annee_revenus=timezone.localdate().year - 5)
    draft = dossiers.start(resident_id=resident.pk, aids=["rsa"])
    ready = finished(resident)
    browser, agent = signed_in(resident), signed_in(claire.person)
    hers = [
        ("requests:send", [ready.pk]),
        ("requests:request", [corrected.pk]),
        ("requests:correct", [corrected.pk, correction.pk]),
        ("requests:withdraw", [row.pk]),
        ("dossiers:home", []),
        ("dossiers:dossier", [draft.pk]),
        ("dossiers:letter", [draft.pk]),
    ]
    theirs = [("requests:inbox", []), ("requests:office", [row.pk]), ("requests:office", [corrected.pk])]
    found = [(name, browser, reverse(name, args=given)) for name, given in hers]
    found += [(name, agent, reverse(name, args=given)) for name, given in theirs]
    return [*found, ("requests:inbox, last page", agent, f"{reverse('requests:inbox')}?page=11")]


def cost(client: Client, url: str, rounds: int) -> tuple[int, float]:
    """Return the queries of a page and the median of its time. The first request fills the process's caches."""
    assert client.get(url).status_code == 200, url
    times = []
    for _round in range(rounds):
        start = time.perf_counter()
        client.get(url)
        times.append((time.perf_counter() - start) * 1000)
    with CaptureQueriesContext(connection) as captured:
        client.get(url)
    return len(captured), statistics.median(times)


if __name__ == "__main__":
    sys.exit(main())
