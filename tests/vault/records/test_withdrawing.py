"""Two persons withdraw a kind of paper or an organisation, and read first what residents lose. None is deleted."""

import pytest
from django.urls import reverse

from accounts.actions import city_decisions
from accounts.models import CityDecision
from tests.accounts.factories import AgentFactory, signed_in
from vault.records.forms.papers import KindForm, UploadForm
from vault.records.models import Holder, PaperKind

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kinds")]


@pytest.fixture
def manager(db):
    return AgentFactory(name="Claire", manages_agents=True)


def act(agent, row, action, **more):
    """Take an action of the list on a row."""
    page = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_changelist")
    return signed_in(agent).post(page, {"action": action, "_selected_action": [str(row.pk)], **more}, follow=True)


def agree():
    """Have another person who governs accept the only proposal that waits."""
    waiting = CityDecision.objects.get(decided_at=None)
    city_decisions.decide(decision=waiting, by=AgentFactory(manages_agents=True), agree=True)


@pytest.mark.parametrize("model", [PaperKind, Holder])
def test_withdrawing_says_first_what_residents_lose_and_takes_two(manager, model):
    row = model.objects.earliest("pk")
    page = act(manager, row, "withdraw").content.decode()
    assert "Ce qui suit" in page and "Les habitants ne" in page
    assert not CityDecision.objects.exists()
    assert "Une autre personne" in act(manager, row, "withdraw", confirmed="yes").content.decode()
    act(manager, row, "withdraw", confirmed="yes")
    row.refresh_from_db()
    assert row.withdrawn_at is None
    agree()
    row.refresh_from_db()
    assert row.withdrawn_at and row.edited_at, "loading the content again leaves it withdrawn"
    act(manager, row, "offer_again")
    row.refresh_from_db()
    assert row.withdrawn_at
    agree()
    row.refresh_from_db()
    assert row.withdrawn_at is None


@pytest.mark.parametrize("model", [PaperKind, Holder])
def test_what_is_so_already_is_not_proposed(manager, model):
    page = act(manager, model.objects.earliest("pk"), "offer_again").content.decode()
    assert "Rien à changer" in page and not CityDecision.objects.exists()


@pytest.mark.parametrize("model", [PaperKind, Holder])
def test_an_agent_who_does_not_govern_is_not_offered_it(agent, model):
    row = model.objects.earliest("pk")
    act(agent, row, "withdraw", confirmed="yes")
    row.refresh_from_db()
    assert row.withdrawn_at is None and not CityDecision.objects.exists()


def test_a_manager_too_new_to_be_one_of_the_two_reads_why(agent):
    new = AgentFactory(manages_agents=True, new=True)
    answer = act(new, Holder.objects.earliest("pk"), "withdraw", confirmed="yes")
    assert answer.status_code == 403 and not CityDecision.objects.exists()


def test_a_withdrawn_kind_is_not_chosen_any_more(manager):
    kind = PaperKind.objects.get(code="cni")
    act(manager, kind, "withdraw", confirmed="yes")
    agree()
    assert kind.code not in {known.code for known in KindForm().known}
    assert UploadForm({"kind": kind.code}).errors["kind"]


def test_a_withdrawn_holder_is_not_in_the_list_and_gets_no_letter(manager, browser):
    holder = Holder.objects.get(code="caf")
    listed = reverse("holders:holder", args=["caf"])
    assert listed in browser.get(reverse("holders:holders")).content.decode()
    act(manager, holder, "withdraw", confirmed="yes")
    agree()
    assert listed not in browser.get(reverse("holders:holders")).content.decode()
    assert browser.get(reverse("holders:start_request", args=["caf"])).status_code == 404
