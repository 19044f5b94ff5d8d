"""What was tampered with is one answer, whoever meets it: a view, another middleware, a job."""

from typing import Any
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from accounts.middleware import ResidentScopeMiddleware
from accounts.models import User
from core import jobs, tampered
from core.journal import signed_notes
from core.keys import KeyMissing
from core.keys.sealed import Unreadable
from core.models import Job
from core.rows import Forged
from tests.accounts.factories import signed_in

pytestmark = pytest.mark.django_db
SIGNS = {
    "a key": KeyMissing("x"),
    "a file": Unreadable("x"),
    "a content": InvalidTag(),
    "a checkpoint": signed_notes.Forged(),
}


@pytest.mark.parametrize(("language", "sentence"), [("fr", "ou manque"), ("en", "or is missing")])
@pytest.mark.parametrize("sign", SIGNS)
def test_what_another_middleware_meets_is_answered_in_the_language_of_its_reader(
    monkeypatch: pytest.MonkeyPatch, resident: User, sign: str, language: str, sentence: str
) -> None:
    def meet(*_more: Any) -> Any:
        raise SIGNS[sign]

    monkeypatch.setattr(ResidentScopeMiddleware, "__call__", meet)
    client = signed_in(resident, client=Client(raise_request_exception=False))
    answer = client.get(reverse("records:home"), headers={"Accept-Language": language})
    assert answer.status_code == 503
    assert sentence in answer.content.decode()


@pytest.mark.parametrize("sign", SIGNS)
def test_a_job_ends_by_it(resident: User, sign: str, caplog: pytest.LogCaptureFixture) -> None:
    with scope(resident=resident.pk):
        job = jobs.create(resident_id=resident.pk, kind="read_paper", subject_id=uuid4(), purpose="Essayer")
    with jobs.running(job.pk):
        raise SIGNS[sign]
    with scope(resident=resident.pk):
        ended = Job.objects.get(pk=job.pk)
    assert (ended.state, ended.problem) == (jobs.State.FAILED, "row_refused")
    assert any(record.levelname == "ERROR" and record.name == "core.tampered" for record in caplog.records)


def test_a_refused_row_is_reported_once(resident: User, caplog: pytest.LogCaptureFixture) -> None:
    forged = Forged(resident)
    for _time in range(2):
        tampered.report(forged)
    assert len([record for record in caplog.records if "not what the portal wrote" in record.message]) == 1
