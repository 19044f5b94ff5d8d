"""After four hours without a checkpoint outside the database, only residents can read."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from core import jobs, journal
from core.journal import Means
from core.journal.checkpoints import seal
from tests.accounts.factories import signed_in
from tests.core.test_checkpoints import outside  # noqa: F401 - fixtures
from tests.vault.couples import granted
from tests.vault.made import add
from vault.records import gate
from vault.records.models.grant import RESIDENT_KIND

pytestmark = pytest.mark.django_db(transaction=True)
RENT = "logement.domicile#/loyer"
HOME = {"adresse": {"voie": "12 rue des Tanneurs", "code_postal": "00420", "commune": "Villebrume"}, "loyer": "612.00"}


def read(resident, kind):
    return gate.read(
        grant=granted(resident, RENT, recipient_kind=kind, recipient_label="Maison des aides"), fields=[RENT]
    )


def test_only_residents_read_without_a_copy_outside(resident, time_machine):
    add(resident, "logement.domicile", HOME)
    assert read(resident, "companion")
    time_machine.move_to(timezone.now() + timedelta(hours=5), tick=False)
    with pytest.raises(gate.NotAnchored):
        read(resident, "companion")
    line = journal.entries(resident_id=resident.pk, limit=1)[0]
    assert (line.event, line.details["reason"]) == ("read_refused", "not_anchored")
    assert "n’était plus scellé" in signed_in(resident).get(reverse("journal:journal")).content.decode()
    assert read(resident, RESIDENT_KIND)
    assert gate.read_own(resident_id=resident.pk, purpose="Essayer", fields=[RENT])
    seal()
    assert read(resident, "companion")


def test_an_entry_written_by_a_job_has_its_means(resident):
    with transaction.atomic():
        job = jobs.create(resident_id=resident.pk, kind="read_paper", subject_id=uuid4(), purpose="Essayer")
    with jobs.running(job.pk) as run:
        assert run is not None
        with transaction.atomic():
            journal.write(resident_id=resident.pk, actor_id=resident.pk, event="paper_checked", purpose="Essayer")
    assert journal.entries(resident_id=resident.pk, limit=1)[0].means == Means.JOB
