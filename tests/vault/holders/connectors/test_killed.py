"""A worker killed during a pull: records stay, the next worker goes on from there, and nothing is duplicated."""

import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from datetime import time as clock

import pytest
import time_machine
from django.utils import timezone
from django_scopes import scope

from core import jobs
from core.models import Job
from ops.cluster import ROOT
from tests.vault.holders.connectors.conftest import outcomes, records
from vault.holders.actions import connections
from vault.holders.tasks import pull_connection
from vault.records import gate

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

METER = "00042000000011"
WORKER = """
import django, sys
django.setup()
from django.conf import settings
from demo.holders import reach
settings.CONNECTORS = reach.connectors(sys.argv[2])
from vault.holders.tasks import pull_connection
pull_connection(sys.argv[1])
"""


def curves(holders) -> int:
    return sum(path.endswith("load_curve") for _app, path in holders.site.seen)


def half_hours_of_a_year() -> int:
    """Return the half hours of the 365 days before today in Paris, of which one day has 23 hours and another 25."""
    today = timezone.localdate()
    ends = (timezone.make_aware(datetime.combine(day, clock())) for day in (today - timedelta(days=365), today))
    first, last = (end.astimezone(UTC) for end in ends)
    return (last - first) // timedelta(minutes=30)


def test_a_pull_killed_during_a_load_curve_is_completed(holders, nadia, connected) -> None:
    connection = connected("enedis", ["courbe"], meter=METER)
    job = connections.ask_pull(connection=connection, by=nadia.pk)
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(job.pk), holders.url], cwd=ROOT)
    end = time.monotonic() + 60
    while not records(nadia) or curves(holders) < 12:
        assert worker.poll() is None and time.monotonic() < end
        time.sleep(0.01)
    worker.kill()
    worker.wait()
    before = curves(holders)
    assert 12 <= before < 53

    # Without a heartbeat, the sweep gives the job back and another worker takes it.
    with time_machine.travel(timezone.now() + jobs.LOST + timedelta(seconds=1), tick=True):
        jobs.sweep()
        pull_connection(str(job.pk))
    with scope(resident=nadia.pk):
        assert Job.objects.get(pk=job.pk).state == Job.State.DONE
    assert outcomes(connection)["courbe"]["code"] == "arrived"
    # At most one batch was asked twice, and the two days that are always asked again.
    assert curves(holders) <= 53 + 8 + 1

    fields = ["energie.serie#/debut", "energie.serie#/valeurs", "energie.serie#/point", "energie.serie#/pas_s"]
    blocks = [record.payload for record in gate.read_own(resident_id=nadia.pk, purpose="test", fields=fields)]
    assert Counter(block["debut"] for block in blocks).most_common(1)[0][1] == 1
    assert sum(len(block["valeurs"]) for block in blocks) == half_hours_of_a_year()
    assert None not in [value for block in blocks for value in block["valeurs"]]
