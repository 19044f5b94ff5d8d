"""The page of a job shows its progress, with or without JavaScript, to its owner only."""

from uuid import uuid4

import pytest
from celery import current_app
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from core import jobs
from core.models import Job
from tests.accounts.factories import signed_in

pytestmark = pytest.mark.django_db
State = Job.State
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def kind(monkeypatch):
    monkeypatch.setattr(jobs, "_kinds", dict(jobs._kinds))
    problems = {"paper_unreadable": "Un de vos papiers ne s’ouvre plus."}
    jobs.register(
        "try",
        task="tests.try",
        queue="tries",
        label="Nous essayons",
        done_url=lambda job: f"/essai/{job.subject_id}/",
        problems=problems,
    )


@pytest.fixture
def job(resident):
    return jobs.create(resident_id=resident.pk, kind="try", subject_id=uuid4(), purpose="Essayer")


@pytest.fixture
def awa(resident):
    return signed_in(resident)


def become(job, **values):
    with scope(resident=job.resident_id):
        Job.objects.filter(pk=job.pk).update(**{"heartbeat_at": timezone.now(), **values})


def now(job) -> Job:
    with scopes_disabled():
        return Job.objects.get(pk=job.pk)


def page(client, job, **headers) -> str:
    response = client.get(reverse("job", args=[job.pk]), headers=headers)
    assert response.status_code == 200
    return str(response.content.decode())


def browser(who, resident, stranger, agent) -> Client:
    return {
        "owner": lambda: signed_in(resident),
        "stranger": lambda: signed_in(stranger),
        "agent": lambda: signed_in(agent),
        "nobody": Client,
    }[who]()


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("stranger", 404), ("agent", 403), ("nobody", 302)])
def test_only_the_owner_sees_a_job(job, resident, stranger, agent, who, status):
    client = browser(who, resident, stranger, agent)
    for headers in ({}, HTMX):
        assert client.get(reverse("job", args=[job.pk]), headers=headers).status_code == status


@pytest.mark.parametrize(("who", "status"), [("owner", 302), ("stranger", 404), ("agent", 403), ("nobody", 302)])
def test_only_the_owner_cancels_a_job(job, resident, stranger, agent, who, status):
    assert browser(who, resident, stranger, agent).post(reverse("cancel_job", args=[job.pk])).status_code == status
    assert now(job).state == (State.CANCELLED if who == "owner" else State.WAITING)


@pytest.mark.parametrize(("who", "status"), [("owner", 302), ("stranger", 404), ("agent", 403), ("nobody", 302)])
def test_only_the_owner_retries_a_job(job, resident, stranger, agent, who, status):
    become(job, state=State.FAILED)
    assert browser(who, resident, stranger, agent).post(reverse("retry_job", args=[job.pk])).status_code == status
    assert now(job).state == (State.WAITING if who == "owner" else State.FAILED)


@pytest.mark.parametrize("name", ["cancel_job", "retry_job"])
def test_a_get_request_cannot_cancel_or_retry(awa, job, name):
    assert awa.get(reverse(name, args=[job.pk])).status_code == 405
    assert now(job).state == State.WAITING


@pytest.mark.parametrize("name", ["cancel_job", "retry_job"])
def test_actions_redirect_to_the_page(awa, job, name):
    assert awa.post(reverse(name, args=[job.pk])).url == reverse("job", args=[job.pk])


def test_without_javascript_a_link_refreshes_the_page(awa, job):
    html = page(awa, job)
    assert f'<a href="{reverse("job", args=[job.pk])}">Actualiser la page</a>' in html
    assert "http-equiv" not in html
    assert "<h1>Nous essayons</h1>" in html
    assert "Vous pouvez fermer cette page" in html


def test_the_fragment_is_only_the_changing_part_and_polls(awa, job):
    html = page(awa, job, **HTMX)
    assert "<html" not in html
    assert 'hx-trigger="every 2s"' in html
    assert 'id="job"' in html


def test_a_page_that_polls_moves_on_to_the_result(awa, job):
    headers = {"HX-Request": "true"}
    assert "HX-Redirect" not in awa.get(reverse("job", args=[job.pk]), headers=headers)
    become(job, state=State.DONE)
    assert awa.get(reverse("job", args=[job.pk]), headers=headers)["HX-Redirect"] == f"/essai/{job.subject_id}/"
    assert "HX-Redirect" not in awa.get(reverse("job", args=[job.pk])), "the page itself stays, with its link"


@pytest.mark.parametrize("state", [State.DONE, State.FAILED, State.CANCELLED])
def test_a_finished_job_stops_polling(awa, job, state):
    become(job, state=state)
    for headers in ({}, HTMX):
        html = page(awa, job, **headers)
        assert "hx-trigger" not in html
        assert "Actualiser" not in html
        assert reverse("cancel_job", args=[job.pk]) not in html


def test_the_announced_progress_changes_at_most_every_ten_percent(awa, job):
    announcements = set()
    for done in range(61):
        become(job, state=State.RUNNING, done=done, total=60)
        html = page(awa, job, **HTMX)
        assert f'value="{done}"' in html
        announcements.add(html.partition('role="status"')[2].partition("</p>")[0])
    assert len(announcements) == 11


def test_a_job_without_a_total_shows_no_bar(awa, job):
    become(job, state=State.RUNNING)
    html = page(awa, job)
    assert "En cours" in html
    assert "<progress" not in html


def test_a_finished_job_links_to_its_result(awa, job):
    become(job, state=State.DONE)
    html = page(awa, job)
    assert f'href="/essai/{job.subject_id}/"' in html
    assert reverse("retry_job", args=[job.pk]) not in html


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("paper_unreadable", "Un de vos papiers"),
        ("error", "Rien n’est perdu"),
        ("worker_lost", "réessayez plus tard"),
        ("unheard_of", "Rien n’est perdu"),
    ],
)
def test_a_failed_job_shows_a_sentence_and_can_be_retried(awa, job, code, sentence):
    become(job, state=State.FAILED, problem=code)
    html = page(awa, job)
    assert sentence in html
    assert code not in html
    assert reverse("retry_job", args=[job.pk]) in html


def test_a_requested_cancellation_is_not_offered_again(awa, job):
    become(job, state=State.RUNNING, cancel_asked=True)
    html = page(awa, job)
    assert "Nous arrêtons" in html
    assert reverse("cancel_job", args=[job.pk]) not in html


def test_a_job_of_another_version_has_a_page_waits_and_is_sent_by_that_version(awa, job, monkeypatch):
    sent = []
    monkeypatch.setattr(current_app, "send_task", lambda _task, args, **_: sent.append(args[0]))
    become(job, state=State.FAILED, problem="error")
    known = jobs._kinds.pop("try")
    page = awa.get(reverse("job", args=[job.pk]))
    assert page.status_code == 200 and "Travail d’une autre version" in page.content.decode()
    with TestCase.captureOnCommitCallbacks(execute=True):
        awa.post(reverse("retry_job", args=[job.pk]))
    assert jobs.sweep() == 0
    assert (now(job).state, sent) == (State.WAITING, [])
    jobs._kinds["try"] = known
    assert jobs.sweep() == 1
    assert sent == [str(job.pk)]
