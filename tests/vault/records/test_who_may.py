"""A request cannot reach into another resident's vault, by a page or by a verb.

The matrix of pages: tests/attacks/test_matrix.py.
"""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django_scopes import scope

from tests.vault.sending import notice_pdf, uploaded
from vault.records import actions
from vault.records.models import Draft, Paper

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture
def paper(resident, browser):
    paper = uploaded(browser, resident, notice_pdf())
    actions.confirm_paper(paper=paper, by=resident.pk)
    with scope(resident=resident.pk):
        return Paper.objects.get(pk=paper.pk)


def test_a_stranger_s_paper_cannot_be_the_proof_of_a_value(paper, stranger, other_browser):
    url = reverse("records:start_typing", args=["logement.domicile"])
    other_browser.post(f"{url}?papier={paper.pk}")
    with scope(resident=stranger.pk):
        assert Draft.objects.get().paper_id is None


@pytest.mark.parametrize("verb", [actions.delete_paper, actions.confirm_paper])
def test_the_verbs_refuse_another_person(paper, resident, stranger, verb):
    with pytest.raises(PermissionDenied):
        verb(paper=paper, by=stranger.pk)
    with scope(resident=resident.pk):
        assert Paper.objects.get(pk=paper.pk).state == "kept"
