"""Following a long job in a real browser: it updates by itself with JavaScript, by a link without."""

from uuid import uuid4

import pytest
from django.utils import timezone
from django_scopes import scope
from playwright.sync_api import Page, expect

from core import jobs
from core.models import Job
from tests.browser import Visitors, axe, scrolls_sideways
from tests.faults.web import signed_in_by_cookie

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.journey]
State = Job.State


@pytest.fixture
def job(resident):
    """Make a job that no worker runs: the test sets its progress."""
    kind = next(iter(jobs._kinds))
    with scope(resident=resident.pk):
        return Job.objects.create(
            resident_id=resident.pk, kind=kind, subject_id=uuid4(), purpose="Essayer", sent_at=timezone.now()
        )


def become(job: Job, state: State, **values: int) -> None:
    with scope(resident=job.resident_id):
        Job.objects.filter(pk=job.pk).update(state=state, heartbeat_at=timezone.now(), **values)


def opened(visitors: Visitors, resident, job: Job, **how) -> Page:
    page = visitors(**how)
    cookies = signed_in_by_cookie(resident).items()
    page.context.add_cookies([{"name": name, "value": value, "url": visitors.base_url} for name, value in cookies])
    page.goto(f"/travaux/{job.pk}/")
    return page


def test_with_javascript_the_page_updates_then_moves_on_to_the_result(visitors, resident, job):
    page = opened(visitors, resident, job)
    expect(page.locator("#progress")).to_contain_text("En attente")
    assert axe(page) == []

    become(job, State.RUNNING, done=7, total=18)
    expect(page.locator("#progress")).to_contain_text("environ 30", timeout=10_000)
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "7")

    with scope(resident=job.resident_id):
        result = jobs.kind_of(job).done_url(job)
    become(job, State.DONE, done=18, total=18)
    page.wait_for_url(f"**{result}", timeout=10_000)


def test_the_page_of_a_finished_job_shows_a_link_and_asks_nothing_more(visitors, resident, job):
    become(job, State.DONE, done=18, total=18)
    page = opened(visitors, resident, job)
    expect(page.get_by_role("link", name="Voir le résultat")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3_000)
    assert asked == []
    assert axe(page) == []


def test_a_job_can_be_cancelled_and_retried(visitors, resident, job):
    page = opened(visitors, resident, job)
    page.get_by_role("button", name="Annuler").click()
    expect(page.get_by_text("Annulé.")).to_be_visible()
    page.get_by_role("button", name="Réessayer").click()
    expect(page.locator("#progress")).to_contain_text("En attente")
    assert axe(page) == []


def test_a_button_that_htmx_brought_works_too(visitors, resident, job):
    page = opened(visitors, resident, job)
    become(job, State.FAILED)
    page.get_by_role("button", name="Réessayer").click(timeout=10_000)
    expect(page.locator("#progress")).to_contain_text("En attente")


def test_without_javascript_a_link_shows_the_progress(visitors, resident, job):
    page = opened(visitors, resident, job, javascript=False, width=320)
    assert not scrolls_sideways(page)
    become(job, State.RUNNING, done=9, total=18)
    page.get_by_role("link", name="Actualiser la page").click()
    expect(page.locator("#progress")).to_contain_text("environ 50")
    become(job, State.DONE)
    page.get_by_role("link", name="Actualiser la page").click()
    expect(page.get_by_role("link", name="Voir le résultat")).to_be_visible()
