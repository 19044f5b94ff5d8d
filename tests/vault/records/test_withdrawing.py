"""An agent withdraws a kind of paper or an organisation, and reads first what residents lose. None is deleted."""

import pytest
from django.urls import reverse

from tests.accounts.factories import signed_in
from vault.records.forms.papers import KindForm, UploadForm
from vault.records.models import Holder, PaperKind

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kinds")]


def act(agent, row, action, **more):
    """Take an action of the list on a row."""
    page = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_changelist")
    return signed_in(agent).post(page, {"action": action, "_selected_action": [str(row.pk)], **more}, follow=True)


@pytest.mark.parametrize("model", [PaperKind, Holder])
def test_withdrawing_says_first_what_residents_lose(agent, model):
    row = model.objects.earliest("pk")
    page = act(agent, row, "withdraw").content.decode()
    assert "Ce qui suit" in page and "Les habitants ne" in page
    row.refresh_from_db()
    assert row.withdrawn_at is None
    act(agent, row, "withdraw", confirmed="yes")
    row.refresh_from_db()
    assert row.withdrawn_at and row.edited_at, "loading the content again leaves it withdrawn"
    act(agent, row, "offer_again")
    row.refresh_from_db()
    assert row.withdrawn_at is None


def test_a_withdrawn_kind_is_not_chosen_any_more(agent):
    kind = PaperKind.objects.get(code="cni")
    act(agent, kind, "withdraw", confirmed="yes")
    assert kind.code not in {known.code for known in KindForm().known}
    assert UploadForm({"kind": kind.code}).errors["kind"]


def test_a_withdrawn_holder_is_not_in_the_list_and_gets_no_letter(agent, browser):
    holder = Holder.objects.get(code="caf")
    listed = reverse("holders:holder", args=["caf"])
    assert listed in browser.get(reverse("holders:holders")).content.decode()
    act(agent, holder, "withdraw", confirmed="yes")
    assert listed not in browser.get(reverse("holders:holders")).content.decode()
    assert browser.get(reverse("holders:start_request", args=["caf"])).status_code == 404
