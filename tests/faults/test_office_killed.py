"""A process killed while a request is sent, receipted, decided or erased: nothing happens twice, nothing is lost."""

import signal
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.core.files.storage import storages
from django.utils import timezone
from django_scopes import scope

from core import jobs, journal
from core.models import Job
from services.requests import tasks
from services.requests.actions import office as actions
from services.requests.models import Letter, SentRequest
from tests.nursery import Forked
from tests.services.requests.made import finished, fresh, member, opened_office, proposed, sent, work
from vault.records.actions import grants
from vault.records.models import Grant, Paper, Record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WRITING, ENDING = "services.requests.actions.writing", "services.requests.ending"
LETTER_ROW = "services.requests.models:Letter.save"


def killed(moment: str, where: str, *act: str) -> None:
    process = Forked("tests.faults.office_app", moment, where, *act)
    code = process.wait(timeout=60)
    if code != -signal.SIGKILL:
        folder = f"files of this process: {storages['sealed'].path('')}"
        pytest.fail("\n".join([f"{where} did not kill it: {code}", folder, *(process.stdout or ())]))


def written_again(job: Job) -> None:
    """Let the sweep give the lost job back, and a worker take it: in the place of the one that was killed."""
    with time_machine.travel(timezone.now() + jobs.LOST + timedelta(seconds=1), tick=True):
        jobs.sweep()
        tasks.write_letters(str(job.pk))
    with scope(resident=job.resident_id):
        assert Job.objects.get(pk=job.pk).state == Job.State.DONE


def waiting(row: SentRequest) -> Job:
    with scope(resident=row.resident_id):
        return Job.objects.get(kind="request_letter", subject_id=row.pk, state=Job.State.WAITING)


def count(resident, event: str) -> int:
    return [entry.event for entry in journal.entries(resident_id=resident.pk, limit=200)].count(event)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_killed_at_the_receipt_leaves_one_receipt(resident, moment):
    """Its file is sealed; its row is not there yet, or not committed."""
    row = sent(resident, opened_office())
    job = waiting(row)
    killed(moment, LETTER_ROW, "letters", str(job.pk))
    written_again(job)
    with scope(resident=resident.pk):
        assert list(Letter.objects.values_list("kind", flat=True)) == ["receipt"]
    assert fresh(row).state == "received" and fresh(row).content is not None


@pytest.mark.parametrize(
    ("moment", "where"), [("before", f"{WRITING}:_keep_paper"), ("after", f"{WRITING}:write_letters")]
)
def test_a_worker_killed_while_it_keeps_a_decision_leaves_one_paper(resident, moment, where):
    office = opened_office()
    row = sent(resident, office)
    work()
    row = proposed(row, member(office, "Claire Morvan"))
    actions.decide(request=row, place=member(office, "Hugo Bastide", instructs=False, may_decide=True))
    job = waiting(row)
    killed(moment, where, "letters", str(job.pk))
    written_again(job)
    with scope(resident=resident.pk):
        assert sorted(Letter.objects.values_list("kind", flat=True)) == ["decision", "receipt"]
        paper, record = Paper.objects.get(), Record.objects.current().get(type="droit.decision")
        assert (paper.kind, record.paper_id) == ("decision_demande", paper.pk)
    assert count(resident, "request_paper_kept") == 1


@pytest.mark.parametrize(
    ("moment", "where"),
    [("before", f"{ENDING}:ended"), ("after", f"{ENDING}:ask_letter")],
)
def test_the_scheduler_killed_on_the_day_of_the_copy_erases_it_once(resident, moment, where):
    row = sent(resident, opened_office())
    work()
    with scope(resident=resident.pk):
        grant = Grant.objects.get(pk=row.grant_id)
        grant.starts_at, grant.ends_at = timezone.now() - timedelta(days=90), timezone.now() - timedelta(minutes=1)
        grant.save()
    killed(moment, where, "day")
    held = fresh(row)
    assert (held.content is None) == (count(resident, "grant_over") == 1), "half of it was written"
    grants.close_expired_grants()
    grants.close_expired_grants()
    gone = fresh(row)
    assert gone.content is None and gone.state == "unanswered"
    with scope(resident=resident.pk):
        assert list(gone.events.values_list("happened", flat=True)).count("copy_gone") == 1
    assert count(resident, "request_copy_gone") == count(resident, "grant_over") == 1
    work()
    with scope(resident=resident.pk):
        assert sorted(Letter.objects.values_list("kind", flat=True)) == ["gone", "receipt"]


@pytest.mark.parametrize(
    ("moment", "where", "there"),
    [
        ("after", f"{ENDING}:ask_letter", 0),
        ("after", "services.requests.actions.sending:send", 1),
    ],
)
def test_a_page_killed_while_it_sends_sends_once_when_its_form_comes_again(resident, moment, where, there):
    office, dossier, token = opened_office(), finished(resident), uuid4()
    killed(moment, where, "send", *map(str, (resident.pk, dossier.pk, office.pk, token)))
    with scope(resident=resident.pk):
        assert SentRequest.objects.count() == there == Grant.objects.count() == Job.objects.count()
    row = sent(resident, office, dossier, token=token, months=3)
    with scope(resident=resident.pk):
        assert SentRequest.objects.get().pk == row.pk and Grant.objects.standing().count() == 1
        assert Job.objects.count() == row.events.count() == 1
