"""The same form sent twenty times concurrently makes one object, with the same answer for all."""

import pytest
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from core import journal
from core.files.storage import sealed_storage
from core.models import Job
from tests.at_once import at_once
from tests.vault.conftest import browser, kinds  # noqa: F401 - fixtures
from tests.vault.sending import notice_pdf, send
from vault.records.models import Paper, PaperFile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
TIMES = 20


def test_a_paper_sent_twenty_times_is_one_paper(browser, resident, folder):  # noqa: F811 - the fixture
    token = browser.get(reverse("records:add_paper")).context["form"].initial["token"]
    content, answers = notice_pdf(), []

    def once():
        client = Client()
        client.cookies = browser.cookies
        answer = send(client, content, token=token)
        answers.append((answer.status_code, answer.get("Location")))

    at_once(once, times=TIMES)
    assert len(answers) == TIMES and len(set(answers)) == 1, set(answers)
    with scope(resident=resident.pk):
        assert (Paper.objects.count(), PaperFile.objects.count(), Job.objects.filter(kind="read_paper").count()) == (
            1,
            1,
            1,
        )
        (name,) = PaperFile.objects.values_list("stored_name", flat=True)
    assert list(sealed_storage.names()) == [name]
    events = [entry.event for entry in journal.entries(resident_id=resident.pk, limit=100)]
    assert events.count("paper_added") == 1
