"""Measure whole releases under the role `release`: contributions taken from the database, seals opened, noise, freeze.

    python -m ops.bench releases          [--smoke]

100,000 contributions must take 3 s at most, and 1,000,000 must take 30 s and 400 MB over the import.
"""

import argparse
import os
import secrets
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import django

django.setup()

import psycopg
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection
from django.utils import timezone

from bench.campaigns import memory, packed
from campaigns.contributions import sealing, stamping
from campaigns.contributions.actions import releasing
from campaigns.contributions.enums import RunState
from campaigns.contributions.models import Batch, CampaignKey, ReleaseRun
from campaigns.noise import mechanism
from campaigns.plans.models import Campaign
from config import environment
from tests.campaigns import given

#: Contributions sealed by one process of the portal in one day.
BATCH = 5_000
MOST = ((100_000, 3.0), (1_000_000, 30.0))
MEGABYTES = 400


def sealed(campaign: Campaign, count: int, batches: list[tuple[UUID, AESGCM]]) -> Iterator[tuple[object, ...]]:
    """Yield rows of the table of contributions, sealed as the portal seals them."""
    counts_from, plan = timezone.localdate() - timedelta(days=1), campaign.plan
    stamp = stamping.stamper(campaign.pk, plan.sha256)
    for number, row in enumerate(packed(plan, count)):
        id, cipher = batches[number // BATCH]
        name, nonce = secrets.token_bytes(32), secrets.token_bytes(sealing.NONCE_BYTES)
        place = sealing.place_of(campaign.pk, name, plan.sha256, id)
        made = stamping.Row(name, id, counts_from, False, nonce + cipher.encrypt(nonce, row, place))
        yield campaign.pk, name, id, counts_from, made.payload, stamp(made)


def fill(campaign: Campaign, count: int, release: str) -> None:
    """Insert the batches as the portal does, and the contributions as the night does."""
    public = X25519PublicKey.from_public_bytes(bytes(CampaignKey.objects.only("public").get(pk=campaign.pk).public))
    batches, rows = [], []
    for _number in range(0, count, BATCH):
        id, key = uuid4(), secrets.token_bytes(sealing.KEY_BYTES)
        content = sealing.SUITE.encrypt(key, public, sealing.batch_info(campaign.pk, id))
        rows.append(Batch(id=id, campaign_id=campaign.pk, made_on=timezone.localdate(), sealed=content))
        batches.append((id, AESGCM(key)))
    Batch.objects.bulk_create(rows)
    columns = "campaign_id, pseudonym, batch_id, counts_from, payload, stamp"
    statement = f"COPY campaigns.contribution ({columns}) FROM STDIN"
    with psycopg.connect(release) as own, own.cursor() as cursor, cursor.copy(statement) as copied:
        for row in sealed(campaign, count, batches):
            copied.write_row(row)


def released(campaign: Campaign, on: date) -> tuple[float, str]:
    """Freeze the tally as the night does, release what is due, and return the seconds and the run's state."""
    releasing.prepare(on)
    stamping.freeze(campaign, stamping.look(campaign))
    run = ReleaseRun.objects.get(state=RunState.WAITING)
    begun = time.perf_counter()
    state = releasing.release(run_id=run.pk)
    return time.perf_counter() - begun, state


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a tenth of the contributions")
    parts, release = (10 if parser.parse_args().smoke else 1), os.environ["RELEASE_DATABASE_URL"]
    mechanism.draw([0], 1, 0.05)
    imported, late = memory(), False
    print(f"after the import: {imported} MB")
    web = dict(connection.settings_dict)
    for count, most in MOST:
        campaign = given.opened(code=f"releases-{count}")
        given.give_keys(campaign, release)
        fill(campaign, count // parts, release)
        connection.close()
        connection.settings_dict.update(environment.database(release))
        taken, state = released(campaign, campaign.plan.windows[0].release)
        connection.close()
        connection.settings_dict.update(web)
        late |= taken > most or state != RunState.PUBLISHED
        print(f"{count // parts:>9,} contributions, seals opened: {taken:.2f} s (at most {most:.0f}), {state}")
    print(f"memory: {memory() - imported} MB over the import (at most {MEGABYTES})")
    return int(late or memory() - imported > MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
