"""While the antivirus is down, or refuses a file for its size, papers wait unread, and are scanned later."""

import pytest
from django.urls import reverse
from django_scopes import scope

from core import jobs
from core.models import Job
from tests.accounts.factories import signed_in
from tests.vault.records.test_examined import the_job
from tests.vault.sending import notice_pdf, the_paper, uploaded, work
from vault.records.content import holder_catalogue, paper_kinds

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(resident):
    paper_kinds.load()
    holder_catalogue.load()
    return signed_in(resident)


def test_a_paper_waits_while_the_antivirus_is_down_and_is_read_later(browser, resident, antivirus, monkeypatch):
    monkeypatch.setattr("vault.readers.sandbox.read", lambda *_args, **_options: pytest.fail("it was read unseen"))
    antivirus.trouble = "hangs up"
    paper = uploaded(browser, resident, notice_pdf())
    assert paper.state == "quarantined"
    assert browser.get(reverse("records:download", args=[paper.pk])).status_code == 404
    job = the_job(resident)
    assert (job.state, job.problem) == (Job.State.WAITING, "antivirus_silent")
    for page in (reverse("job", args=[job.pk]), reverse("records:paper", args=[paper.pk])):
        assert "L’antivirus de la ville ne répond pas" in browser.get(page).content.decode()
    monkeypatch.undo()
    antivirus.trouble = ""
    with scope(resident=resident.pk):
        Job.objects.update(sent_at=job.created_at - jobs.UNANSWERED)
    assert jobs.sweep() == 1, "the job system tries again by itself"
    work(resident)
    assert the_paper(resident).state == "to_confirm"
    assert (the_job(resident).state, the_job(resident).problem) == (Job.State.DONE, "")


def test_a_file_over_the_limit_waits_and_is_logged(browser, resident, antivirus, caplog):
    antivirus.limit = 100
    assert uploaded(browser, resident, notice_pdf()).state == "quarantined"
    assert the_job(resident).problem == "antivirus_limit"
    assert "StreamMaxLength" in caplog.text


def test_ready_names_an_antivirus_that_is_down(client, antivirus, settings):
    assert "antivirus" not in client.get("/ready").json()["down"]
    antivirus.trouble = "hangs up"
    assert "antivirus" in client.get("/ready").json()["down"]
    settings.CLAMD_URL = ""
    assert "antivirus" not in client.get("/ready").json()["down"]
