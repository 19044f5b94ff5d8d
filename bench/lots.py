"""Measure lots of holders: 10,000 records of 1,000 residents, received by the API's address, then written.

    python -m ops.cluster run -- python bench/lots.py [--smoke]

Writing is by one worker. Needs a migrated database, and leaves its residents there: `python -m ops.bench lots` makes
and drops one.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import django

django.setup()

from io import BytesIO
from uuid import UUID, uuid4

from django_scopes import scope

from certification.access.actions import pseudonyms
from tests.accounts.factories import ResidentFactory
from tests.certification.made import SIRETS, member, publisher, service
from vault.holders import across
from vault.holders.actions import connections, lots, senders
from vault.holders.enums import Rhythm
from vault.holders.models import Sender
from vault.records.content import holder_catalogue

TYPE = "mobilite.usage"
#: The most that it may take, in seconds.
PROMISED = 60


def main() -> None:
    read = argparse.ArgumentParser()
    read.add_argument("--smoke", action="store_true")
    residents, each = (20, 10) if read.parse_args().smoke else (1_000, 10)
    holder_catalogue.load()
    house = publisher(f"Transports {uuid4()}", SIRETS[1])
    one = service(member(house, email=f"{uuid4()}@bench.example"), house, f"Carte {uuid4()}"[:60])
    sender = senders.allow(holder="transport_local", service_id=one.pk, types_sent=[TYPE], rhythm=Rhythm.DAILY)
    subs = [_accepted(sender, one.pk) for _ in range(residents)]
    body = "".join(_line(sub, day) for day in range(each) for sub in subs).encode()
    begun = time.monotonic()
    lot = lots.receive(
        sender=sender,
        key=str(uuid4()),
        read=BytesIO(body).read,
        length=len(body),
        person_of=lambda sub: pseudonyms.person_of(one.pk, sub),
    )
    received = time.monotonic() - begun
    lots.write(lot_id=lot.pk)
    written = time.monotonic() - begun - received
    assert {outcome for _number, outcome in across.outcomes_of(lot)} == {"written"}
    total = received + written
    print(f"{residents * each} records of {residents} residents, {len(body) / 1e6:.1f} MB")
    print(f"received in {received:.1f} s, written in {written:.1f} s, {total:.1f} s in all (promised: {PROMISED} s)")
    if total > PROMISED:
        sys.exit("too slow")


def _accepted(sender: Sender, service_id: UUID) -> str:
    resident = ResidentFactory(email=f"bench{time.time_ns()}@courriel.example")
    made = connections.connect(
        resident_id=resident.pk, by=resident.pk, holder=sender.holder, datasets=[TYPE], unattended=True
    )
    with scope(resident=resident.pk):
        code = connections.content_of(made)["kept"]["code"]
    connections.pair(sender=sender, code=code)
    return pseudonyms.sub_of(service_id, resident.pk)


def _line(sub: str, day: int) -> str:
    payload = {"service": "Bus de Villebrume", "mode": "bus", "debut": f"2026-11-{day + 1:02}T07:40:00+00:00"}
    return json.dumps({"sub": sub, "type": TYPE, "payload": payload | {"lieu_debut": "Gare", "ligne": "4"}}) + "\n"


if __name__ == "__main__":
    main()
