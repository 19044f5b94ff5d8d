"""Measure an opt-in to a campaign against bare reads through the gate, in the same run and process.

    python -m ops.bench contributing          [--smoke]

An opt-in gives a grant, reads it once, seals a row and writes its entries; the peer only reads under a grant. Opt-ins
must reach a fifth of the peer's rate.
"""

import argparse
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

from django_scopes import scope

from campaigns.contributions.actions import contributing
from tests.accounts.factories import ResidentFactory
from tests.campaigns import given
from vault.records import gate
from vault.records.models import Grant, GrantField

LEAST = 0.2


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke", action="store_true")
    count = 20 if parser.parse_args().smoke else 150
    campaign = given.opened(code=f"bench-{time.time_ns()}")
    given.give_keys(campaign, os.environ["RELEASE_DATABASE_URL"])
    took, read = [], []
    for number in range(count):
        resident = ResidentFactory(email=f"bench{time.time_ns()}@courriel.example", name=f"Habitante {number}")
        given.trip(resident)
        found = given.offered(resident, campaign)
        started = time.perf_counter()
        contributing.from_vault(
            resident_id=resident.pk,
            by=resident.pk,
            campaign=campaign,
            without=found.without,
            seen=found.seen,
            shown={},
        )
        took.append(time.perf_counter() - started)
        with scope(resident=resident.pk):
            grant = Grant.objects.get()
            fields = list(GrantField.objects.filter(grant=grant).values_list("field", flat=True))
        started = time.perf_counter()
        gate.read(grant=grant, fields=fields, person=resident.pk)
        read.append(time.perf_counter() - started)
    opt_in, bare = statistics.median(took), statistics.median(read)
    ratio = bare / opt_in
    print(f"opt-in {opt_in * 1000:.1f} ms, bare read {bare * 1000:.1f} ms: {ratio:.2f} × its rate, at least {LEAST}")
    return int(ratio < LEAST)


if __name__ == "__main__":
    sys.exit(main())
