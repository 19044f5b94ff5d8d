"""Measure the gate: the cost of reading ten fields with their journal entry, readings per second, and delay of a stop.

    python -m ops.cluster run -- python bench/gate.py [--smoke] [--rounds 100] [--readers 6] [--verb stop]

Several processes read concurrently, first each for its own resident, then all for one: entries of one journal wait for
each other. The stop is that of a grant that all readers use as fast as they can.

Needs a migrated database, and leaves its residents there: `python -m ops.bench gate` makes and drops one.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "platform")])

import django

django.setup()

from django_scopes import scope

from accounts.models import User
from tests.accounts.factories import ResidentFactory
from tests.attacks.racing import FIELD, race
from tests.vault.couples import TRIED, granted
from tests.vault.made import add_signed_notice
from vault import types
from vault.records import gate
from vault.records.actions import grants as actions_grants
from vault.records.grants import agreements
from vault.records.models import Grant

TEN = types.fields_of("fiscal.avis_ir")[:10]
READS, SECONDS, AT_ONCE = 300, 5, 4


def make_resident() -> User:
    resident: User = ResidentFactory(email=f"bench{time.time_ns()}@courriel.example")
    add_signed_notice(resident)
    return resident


def read_for_a_while(named: str) -> None:
    """Read until the time is over. Runs in its own process."""
    resident, _colon, key = named.partition(":")
    with scope(resident=UUID(resident)):
        grant = Grant.objects.get(pk=UUID(key))
    gate.read(grant=grant, fields=TEN)
    sys.stdin.readline()
    end, reads = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        gate.read(grant=grant, fields=TEN)
        reads += 1
    print(reads)


def rate(grants: Sequence[Grant]) -> float:
    """Return the readings per second of one process per grant, started together."""
    command = [sys.executable, __file__, "--read"]
    readers = [
        subprocess.Popen(
            [*command, f"{grant.resident_id}:{grant.pk}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for grant in grants
    ]
    time.sleep(5)
    return sum(int(reader.communicate("go\n")[0]) for reader in readers) / SECONDS


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--read", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--readers", type=int, default=6)
    parser.add_argument("--verb", choices=["stop", "pause"], default="stop")
    parser.add_argument("--smoke", action="store_true", help="ten rounds, two readers")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.readers = 10, 2
    if options.read:
        read_for_a_while(options.read)
        return
    agreements.register(TRIED)
    resident = make_resident()

    grant, times = granted(resident, *TEN), []
    for _ in range(READS):
        began = time.perf_counter()
        gate.read(grant=grant, fields=TEN)
        times.append((time.perf_counter() - began) * 1000)
    print(
        f"read, {len(TEN)} fields, alone: p50 {statistics.median(times):.1f} ms,"
        f" p99 {sorted(times)[int(0.99 * READS)]:.1f} ms"
    )

    apart = rate([granted(make_resident(), *TEN) for _ in range(AT_ONCE)])
    together = rate([granted(resident, *TEN) for _ in range(AT_ONCE)])
    print(
        f"read by {AT_ONCE} at once: {apart:.0f} a second, each of its own resident; {together:.0f} a second,"
        " all of one"
    )

    grants = [granted(resident, FIELD) for _ in range(options.rounds)]
    verb = {"stop": actions_grants.stop, "pause": actions_grants.pause}[options.verb]
    began = time.perf_counter()
    outcome = race(grants, readers=options.readers, stop=lambda grant: verb(grant=grant, by=resident.pk))
    pace = outcome.reads / (time.perf_counter() - began)
    print(
        f"{options.verb} against {options.readers} readers, {options.rounds} rounds:"
        f" {outcome.reads} readings ({pace:.0f} a second)"
    )
    print(f"  opened after the acknowledgement: {outcome.opened_late}; begun after it: {outcome.begun_late}")
    print(f"  {options.verb}: p50 {outcome.p50:.1f} ms, p99 {outcome.p99:.1f} ms")
    if outcome.opened_late or outcome.begun_late:
        sys.exit(f"a reading succeeded after a {options.verb}")


if __name__ == "__main__":
    main()
