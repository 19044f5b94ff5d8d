"""A holder is asked when its resident asks, or when they agreed to it: not because somebody wrote a job."""

from contextlib import suppress
from uuid import uuid4

import pytest
from django.db import ProgrammingError, connection
from django_scopes import scope

from core import jobs, journal
from core.rows import Forged
from tests.vault.holders.connectors.conftest import (  # noqa: F401 - fixtures
    connected,
    holders,
    nadia,
    running,
)
from vault.holders.tasks import pull_connection
from vault.records.models import Record

pytestmark = pytest.mark.django_db(transaction=True)
COLUMNS = "id, created_at, resident_id, kind, state, subject_id, purpose, basis, done, total, problem, attempts"


def test_a_job_that_somebody_wrote_asks_no_holder(holders, nadia, connected) -> None:  # noqa: F811 - fixtures
    link, job = connected("caf", ["quotient"], unattended=False), uuid4()
    before = [one.event for one in journal.entries(resident_id=nadia.pk, limit=50)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone()[0] == "web"
        cursor.execute(
            f"INSERT INTO core_job ({COLUMNS}, losses, cancel_asked, mac) VALUES"
            " (%s, now(), %s, 'pull_connection', 'waiting', %s, 'x', 'own', 0, 0, '', 0, 0, false, '')",
            [job, nadia.pk, link.pk],
        )
    with suppress(Forged):
        pull_connection(str(job))  # as the sweep sends it
    after = [one.event for one in journal.entries(resident_id=nadia.pk, limit=50)]
    assert holders.site.seen == [], "the holder was asked about somebody who asked for nothing"
    with scope(resident=nadia.pk):
        assert not Record.objects.filter(type="social.quotient_familial").exists()
    assert after == before, "the journal says that the resident asked"


def test_a_job_that_is_done_does_not_begin_again(holders, nadia, connected) -> None:  # noqa: F811 - fixtures
    link = connected("caf", ["quotient"], unattended=False)
    job = jobs.create(resident_id=nadia.pk, kind="pull_connection", subject_id=link.pk, purpose="x")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_job SET state = 'done' WHERE id = %s", [job.pk])
        with pytest.raises(ProgrammingError):
            cursor.execute("UPDATE core_job SET state = 'waiting' WHERE id = %s", [job.pk])
