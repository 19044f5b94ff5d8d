"""Two persons change the names of kinds of paper and of organisations, by which a second person knows them."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.actions import city_decisions
from accounts.models import CityDecision
from tests.accounts.factories import AgentFactory, signed_in
from tests.vault.holders.test_holders import posted
from vault.records.actions import holder_addresses, offering
from vault.records.models import Holder, PaperKind

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kinds")]


@pytest.fixture
def two(db):
    return [AgentFactory(name=name, manages_agents=True) for name in ("Agathe", "Camille")]


def sent(by, row, **values):
    """Send the page of a row with other values, as this agent."""
    browser, page = signed_in(by), reverse(f"admin:records_{row._meta.model_name}_change", args=[row.pk])
    return browser.post(page, posted(browser.get(page).context["adminform"].form) | values)


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [
        (PaperKind, "label_fr", "Avis d’imposition"),
        (PaperKind, "proves", ["loisirs.adhesion"]),
        (Holder, "name_fr", "Le Trésor"),
        (Holder, "short_en", "Treasury"),
        (Holder, "record_codes", "TRESOR"),
    ],
)
def test_a_name_is_proposed_and_changes_once_another_person_agrees(two, model, name, value):
    first, second = two
    row = model.objects.get(code="avis_impot" if model is PaperKind else "dgfip")
    before = getattr(row, name)
    assert sent(first, row, **{name: value}).status_code == 302
    assert getattr(model.objects.get(pk=row.pk), name) == before
    [asked] = CityDecision.objects.all()
    assert set(asked.value) == {name}
    page = signed_in(second).get(reverse("city_decision", args=[asked.pk])).content.decode()
    assert "aujourd’hui" in page and "ensuite" in page
    city_decisions.decide(decision=asked, by=second, agree=True)
    found = model.objects.get(pk=row.pk)
    assert getattr(found, name) == (["TRESOR"] if name == "record_codes" else value)
    assert found.edited_at, "loading the content again leaves it"


def test_a_kind_becomes_sensitive_at_once_and_stays_so_until_two_agree(two):
    kind = PaperKind.objects.filter(sensitive=False)[0]
    sent(two[0], kind, sensitive="on")
    assert PaperKind.objects.get(pk=kind.pk).sensitive
    assert sent(two[0], kind, sensitive="").status_code == 302
    assert PaperKind.objects.get(pk=kind.pk).sensitive


def test_a_proposal_whose_subject_was_renamed_since_does_nothing(two):
    first, second = two
    holder = Holder.objects.get(code="banque")
    value = holder_addresses.of(holder) | {"email": "donnees@banque.example"}
    asked = city_decisions.change(what=holder_addresses.CODE, subject="banque", value=value, by=first)
    Holder.objects.filter(pk=holder.pk).update(name_en="Cinema")
    assert asked is not None
    assert "a changé depuis" in signed_in(second).get(reverse("city_decision", args=[asked.pk])).content.decode()
    with pytest.raises(city_decisions.Moved):
        city_decisions.decide(decision=asked, by=second, agree=True)
    assert not Holder.objects.get(pk=holder.pk).email


@pytest.mark.parametrize("name", ["DGFiP", "D G F I P", "dgf\u0456p"])
def test_no_row_takes_the_name_of_another(two, name):
    holder = Holder.objects.get(code="banque")
    value = offering.of(holder) | {"short_fr": name}
    with pytest.raises(ValidationError):
        city_decisions.change(what=offering.CODES[Holder], subject="banque", value=value, by=two[0])
    assert sent(two[0], holder, short_fr=name).status_code == 200
    assert sent(two[0], holder, brands=name).status_code == 200


def test_what_a_manager_adds_is_offered_once_another_person_read_all_of_it(two):
    first, second = two
    kind = PaperKind.objects.get(code="cni")
    browser = signed_in(first)
    form = posted(browser.get(reverse("admin:records_paperkind_change", args=[kind.pk])).context["adminform"].form)
    form |= {"code": "carte_peche", "label_fr": "Carte de pêche", "label_en": "Fishing permit"}
    assert browser.post(reverse("admin:records_paperkind_add"), form).status_code == 302
    assert PaperKind.objects.get(code="carte_peche").withdrawn_at
    [asked] = CityDecision.objects.all()
    assert {*asked.value} == {*offering.COLUMNS[PaperKind], "offered"}
    city_decisions.decide(decision=asked, by=second, agree=True)
    assert PaperKind.objects.get(code="carte_peche").withdrawn_at is None


def test_who_does_not_govern_names_no_values_of_residents_by_a_new_row():
    agent, like = AgentFactory(new=True), Holder.objects.get(code="banque")
    browser = signed_in(agent)
    form = posted(browser.get(reverse("admin:records_holder_change", args=[like.pk])).context["adminform"].form)
    form |= {"code": "autre", "name_fr": "Autre", "name_en": "Other", "short_fr": "Autre", "short_en": "Other"}
    form |= {"record_codes": "Boulangerie Martin", "brands": ""}
    assert browser.post(reverse("admin:records_holder_add"), form).status_code == 302
    assert Holder.objects.get(code="autre").record_codes == []
