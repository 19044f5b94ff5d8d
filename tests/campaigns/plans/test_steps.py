"""A consultation from draft to end: who may take each step, what is frozen, and what the register says."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from accounts.two_persons import NotTwo
from campaigns.noise.refusals import PlanRefused
from campaigns.plans import opening
from campaigns.plans.actions import campaigns
from campaigns.plans.actions.campaigns import NoOpinion, NotReady
from campaigns.plans.models import Campaign, CampaignEvent
from campaigns.plans.states import NotNow, State
from core.journal import register
from core.models.rows import Forged
from tests.accounts.factories import AgentFactory, ResidentFactory
from tests.campaigns.made import EVE, document, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def author():
    return AgentFactory(name="Rachid Amrani")


@pytest.fixture
def officer():
    agent = AgentFactory(name="Solène Abadie")
    agent.is_dpo = True
    agent.save()
    return agent


@pytest.fixture
def submitted(author):
    draft = campaigns.begin(by=author, template="travel", document=document())
    return campaigns.submit(campaign=draft, by=author, today=EVE)


@pytest.fixture
def approved(submitted, officer):
    campaigns.give_opinion(campaign=submitted, by=officer, favourable=True, words="Les cases sont larges.")
    return campaigns.approve(campaign=submitted, by=AgentFactory(), today=EVE)


@pytest.fixture
def no_preparation(monkeypatch):
    monkeypatch.setattr(opening, "_registered", {})


def test_from_draft_to_end(approved, no_preparation):
    assert campaigns.open_due(date(2027, 1, 10)) == []
    [opened] = campaigns.open_due(date(2027, 1, 11))
    assert opened.takes_contributions(date(2027, 3, 1)) and not opened.takes_contributions(date(2027, 3, 2))
    campaigns.close(campaign=opened)
    ended = campaigns.note_destruction(campaign=opened)
    assert ended.state == State.DESTROYED
    told = [entry.event.removeprefix("consultation_") for entry in register.of("consultation", ended.pk)]
    assert told == ["draft", "submit", "opinion", "approve", "open", "close", "destroy"]
    assert list(register.problems({}, None)) == []


def test_the_register_names_nobody(approved, author, officer):
    said = str([entry.content for entry in register.of("consultation", approved.pk)])
    assert "Les cases sont larges." in said and approved.sha256 in said
    assert author.name not in said and officer.name not in said


def test_only_agents_begin():
    with pytest.raises(PermissionDenied):
        campaigns.begin(by=ResidentFactory(), template="travel", document=document())


def test_only_the_author_changes_and_submits(author):
    draft = campaigns.begin(by=author, template="travel", document=document())
    with pytest.raises(PermissionDenied):
        campaigns.change(campaign=draft, by=AgentFactory(), document=document(minimum=200))
    with pytest.raises(PermissionDenied):
        campaigns.submit(campaign=draft, by=AgentFactory(), today=EVE)
    assert campaigns.change(campaign=draft, by=author, document=document(minimum=200)).plan.minimum == 200


def test_a_plan_with_faults_is_not_submitted(author):
    draft = campaigns.begin(by=author, template="travel", document=document(tables=[]))
    with pytest.raises(PlanRefused):
        campaigns.submit(campaign=draft, by=author, today=EVE)


def with_unused_column():
    tables = [one for one in document()["tables"] if one["code"] != "trips"]
    return {"tables": tables}


def with_zone(name):
    changed = document()["zoning"]
    changed["zones"][2]["label"] = words(name)
    return {"zoning": changed}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"opens": EVE.isoformat(), "windows": ["2027-02-09"]}, "opens_in_the_past"),
        (with_unused_column(), "unused_column at dimensions/2"),
        ({"purpose": {"fr": "Placer des arrêts.", "en": "To be written"}}, "unwritten at purpose"),
        ({"question": words("Quel est votre nom ?")}, "identity"),
        ({"title": words("Votre date de naissance")}, "identity"),
        (with_zone("Rue des Lilas"), "street at zoning/zones/2"),
        (with_zone("12 bis, avenue Foch"), "street"),
    ],
)
def test_a_plan_is_not_submitted_with(changes, code, author):
    """Days that are past, a column that no table needs, a text not written, who somebody is, a street as a zone."""
    draft = campaigns.begin(by=author, template="travel", document=document(**changes))
    with pytest.raises(PlanRefused, match=code):
        campaigns.submit(campaign=draft, by=author, today=EVE)
    assert Campaign.objects.get(pk=draft.pk).state == State.DRAFT


@pytest.mark.parametrize("name", ["Quartier de la Place", "Quai Nord", "Les Allées et la Gare", "Bellerive"])
def test_a_quarter_is_a_zone_whatever_it_is_called_after(name, author):
    draft = campaigns.begin(by=author, template="travel", document=document(**with_zone(name)))
    assert campaigns.submit(campaign=draft, by=author, today=EVE).state == State.SUBMITTED


def test_a_plan_whose_first_day_has_come_is_not_approved(submitted, officer):
    campaigns.give_opinion(campaign=submitted, by=officer, favourable=True, words="Bien.")
    with pytest.raises(PlanRefused, match="opens_in_the_past"):
        campaigns.approve(campaign=submitted, by=AgentFactory(), today=date(2027, 1, 11))
    assert Campaign.objects.get(pk=submitted.pk).state == State.SUBMITTED


def test_a_submitted_plan_never_changes(submitted, author):
    with pytest.raises(NotNow):
        campaigns.change(campaign=submitted, by=author, document=document(minimum=200))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE plans_campaign SET document = '{}'")


def test_a_state_that_somebody_else_wrote_is_refused(submitted):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE plans_campaign SET state = 'refused'")
    with pytest.raises(Forged):
        Campaign.objects.get(pk=submitted.pk)


@pytest.mark.parametrize(
    "statement", ["UPDATE plans_campaignevent SET words = 'x'", "DELETE FROM plans_campaignevent"]
)
def test_steps_are_never_rewritten(submitted, statement):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert CampaignEvent.objects.filter(campaign=submitted).count() == 2


def test_the_author_does_not_approve(submitted, author, officer):
    campaigns.give_opinion(campaign=submitted, by=officer, favourable=True, words="Bien.")
    with pytest.raises(NotTwo):
        campaigns.approve(campaign=submitted, by=author, today=EVE)


def test_nothing_is_approved_without_the_officers_opinion(submitted):
    with pytest.raises(NoOpinion):
        campaigns.approve(campaign=submitted, by=AgentFactory(), today=EVE)


def test_an_opinion_counts_for_the_plan_that_it_was_given_on(submitted, author, officer):
    campaigns.give_opinion(campaign=submitted, by=officer, favourable=True, words="Bien.")
    campaigns.send_back(campaign=submitted, by=AgentFactory(), words="Retirez une date.")
    campaigns.change(campaign=submitted, by=author, document=document(windows=["2027-03-09"]))
    again = campaigns.submit(campaign=submitted, by=author, today=EVE)
    with pytest.raises(NoOpinion):
        campaigns.approve(campaign=again, by=AgentFactory(), today=EVE)


def test_only_the_officer_gives_the_opinion_and_never_approves_too(submitted, officer):
    with pytest.raises(PermissionDenied):
        campaigns.give_opinion(campaign=submitted, by=AgentFactory(), favourable=True, words="Bien.")
    campaigns.give_opinion(campaign=submitted, by=officer, favourable=True, words="Bien.")
    with pytest.raises(PermissionDenied):
        campaigns.approve(campaign=submitted, by=officer, today=EVE)


def test_an_unfavourable_opinion_is_overruled_with_reasons_only(submitted, officer):
    campaigns.give_opinion(campaign=submitted, by=officer, favourable=False, words="Trop de cases.")
    with pytest.raises(ValueError, match="why"):
        campaigns.approve(campaign=submitted, by=AgentFactory(), today=EVE)
    assert (
        campaigns.approve(campaign=submitted, by=AgentFactory(), words="Le but l’exige.", today=EVE).state
        == State.APPROVED
    )


def test_a_refused_consultation_stays_refused(submitted):
    campaigns.refuse(campaign=submitted, by=AgentFactory(), words="Des réponses touchent à la santé.")
    with pytest.raises(NotNow):
        campaigns.send_back(campaign=submitted, by=AgentFactory(), words="Encore.")


def test_an_installation_that_is_not_ready_opens_nothing(approved, monkeypatch):
    not_ready = opening.Preparation(lambda: "Il manque un rôle.", lambda campaign: None)
    monkeypatch.setattr(opening, "_registered", {"keys": not_ready})
    with pytest.raises(NotReady, match="rôle"):
        campaigns.open_campaign(campaign=approved)
    assert campaigns.open_due(date(2027, 2, 1)) == []


def test_a_preparation_that_fails_leaves_the_consultation_approved(approved, monkeypatch):
    def fails(campaign):
        raise RuntimeError("keys")

    monkeypatch.setattr(opening, "_registered", {"keys": opening.Preparation(lambda: "", fails)})
    with pytest.raises(RuntimeError):
        campaigns.open_campaign(campaign=approved)
    assert Campaign.objects.get(pk=approved.pk).state == State.APPROVED
