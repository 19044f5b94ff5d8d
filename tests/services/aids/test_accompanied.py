"""The aids of a resident at the desk, with their yes each time, and under a mandate. No value is shown."""

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_scopes import scope

from accounts.models import User
from core import journal
from core.rows import Forged
from services.aids.actions import accompanied as actions
from services.aids.actions import simulations
from services.aids.actions.simulations import Nothing, Simulation
from services.aids.facts import from_vault
from services.aids.models import KeptRun
from tests.accounts.factories import AgentFactory, CompanionFactory, signed_in
from tests.services.aids import people
from tests.vault.at_desk import keeper, opened, owner, session_of, visited
from tests.vault.entrusted import entrusted, said
from vault.records import gate
from vault.records.actions import grants
from vault.records.models import Grant, GrantReading, Record
from vault.sharing.across import desk as rows
from vault.sharing.actions import desk
from vault.sharing.enums import ENTRUSTED, Act, Done
from vault.sharing.models import DeskVisit, Mandate, MandateAct

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
NOW = "2025-11-20 10:00:00+01:00"
YES = {"present": "on"}


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def agathe(villebrume) -> User:
    return keeper()


@pytest.fixture
def hers(agathe) -> Client:
    return signed_in(agathe)


@pytest.fixture
def visit(agathe, hers) -> DeskVisit:
    """A visit of a resident whose vault is full."""
    begun = opened(agathe, hers, "Rosa Delmas")
    people.full_vault(owner(begun))
    people.local_aids()
    return begun


@pytest.fixture
def theo(villebrume) -> User:
    return CompanionFactory(name="Théo Lassalle")


@pytest.fixture
def mandate(awa, resident, theo) -> Mandate:
    return entrusted(resident, theo, "home", acts=[Act.SIMULATE])


def at_desk(visit) -> str:
    return reverse("aids:desk_aids", args=[visit.pk])


def under(mandate) -> str:
    return reverse("aids:accompanied_aids", args=[mandate.pk])


def text(response) -> str:
    main = response.content.decode().split("<main", 1)[1].split("</main>", 1)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main).replace("\xa0", " ").replace("&#x27;", "'"))


def computed(resident_id):
    found = journal.entries(resident_id=resident_id, limit=50)
    return [one for one in found if one.event == "granted_computed"]


def kept(resident_id) -> int:
    with scope(resident=resident_id):
        results = Record.objects.filter(type="calcul.resultat").count()
        return results + KeptRun.objects.count() + GrantReading.objects.count()


def test_at_the_desk_nothing_is_computed_before_the_yes_and_each_yes_is_one_line(visit, agathe, hers):
    asked = hers.get(at_desk(visit))
    assert asked.status_code == 200 and " checked" not in asked.content.decode()
    assert hers.post(at_desk(visit), {}).status_code == 400 and computed(visit.resident_id) == []
    shown = hers.post(at_desk(visit), YES)
    assert shown.status_code == 200 and "no-store" in shown["Cache-Control"]
    page = text(shown)
    assert "Prime d’activité Estimation" in page and "Aide au logement" not in page, "what is received is a value"
    hers.post(at_desk(visit), YES)
    first, last = computed(visit.resident_id)
    assert first.means == last.means == "desk" and first.actor_id == visit.grant_id
    assert "Agathe Roussel" in first.details["recipient"] and first.details["grant"] == str(visit.grant_id)
    assert set(first.fields) == set(from_vault.FIELDS)
    assert journal.verify(resident_id=visit.resident_id).bad == []


def test_no_value_of_the_vault_is_on_the_page_and_nothing_is_kept(visit, mandate, hers, theo):
    pages = [hers.post(at_desk(visit), YES), signed_in(theo).get(under(mandate))]
    for page in map(text, pages):
        for value in ("430", "900", "10 080", "TRAORÉ", "Traoré", "Moussa"):
            assert value not in page, value
        assert "Parce que" not in page and "plafond" not in page
    assert kept(visit.resident_id) == kept(mandate.resident_id) == 0


def test_what_is_missing_is_asked_there_and_typed_from_the_link(villebrume, agathe, hers):
    begun = opened(agathe, hers, "Nadia Kervella")
    assert "Le calcul attend une première valeur" in text(hers.post(at_desk(begun), YES))
    with scope(resident=begun.resident_id):
        people.put(owner(begun), "foyer.situation", {"nationalite": "autre"})
    page = hers.post(at_desk(begun), YES)
    assert "Ce qui manque" in text(page) and "Situation" in text(page)
    assert "séjour" not in text(page), "the question would say that she is foreign"
    assert reverse("sharing:desk_type", args=[begun.pk, "foyer.situation"]) in page.content.decode()


def test_a_visit_that_is_over_or_another_agents_computes_nothing(visit, agathe, hers, mandate, theo):
    other = keeper("Zoé Martin", email="zoe@ville.example")
    elsewhere = signed_in(agathe)
    for browser, status in (
        (signed_in(other), 404),
        (elsewhere, 404),
        (signed_in(AgentFactory(email="no.desk@ville.example")), 403),
        (signed_in(theo), 403),
        (signed_in(owner(visit)), 403),
        (Client(), 302),
    ):
        assert browser.post(at_desk(visit), YES).status_code == status
    with pytest.raises(PermissionDenied):
        actions.simulate_at_desk(visit=visit, agent=other)
    desk.finish(visit=visit, agent=agathe)
    assert hers.get(at_desk(visit)).status_code == hers.post(at_desk(visit), YES).status_code == 404
    with pytest.raises(gate.Refused):
        actions.simulate_at_desk(visit=visit, agent=agathe)
    assert computed(visit.resident_id) == []


def test_a_visit_that_ends_while_the_engine_runs_shows_nothing(visit, agathe, hers, monkeypatch):
    real = simulations.of_values

    def ended_meanwhile(values, **more):
        desk.finish(visit=visit, agent=agathe)
        return real(values, **more)

    monkeypatch.setattr(simulations, "of_values", ended_meanwhile)
    answer = hers.post(at_desk(visit), YES)
    assert answer.status_code == 403 and "Prime d’activité" not in text(answer)


def test_a_resident_who_signs_in_says_the_act_when_they_make_the_code(awa, resident):
    agent, browser, begun = visited(resident, "home")
    answer = browser.post(at_desk(begun), YES)
    assert answer.status_code == 403 and "n’a pas dit que vous pouviez calculer" in text(answer)
    with pytest.raises(PermissionDenied):
        actions.simulate_at_desk(visit=begun, agent=agent)
    session = session_of(browser)
    made = desk.begin_appointment(agent=agent, session=session, code=said(resident, acts=[Act.SIMULATE]))
    found = rows.find(agent, session, made.pk)
    assert found is not None and "Prime d’activité" in text(browser.post(at_desk(found), YES))
    assert at_desk(found) in browser.get(reverse("sharing:desk_visit", args=[found.pk])).content.decode()


def test_a_companion_sees_the_aids_and_their_own_list_says_so(mandate, theo, resident):
    browser = signed_in(theo)
    assert under(mandate) in browser.get(reverse("sharing:accompanied", args=[mandate.pk])).content.decode()
    page = text(browser.get(under(mandate)))
    assert "Prime d’activité Estimation" in page and "Ce qu’elle peut demander" in page
    assert str(Done.SIMULATED.label) in text(browser.get(reverse("sharing:own_acts")))
    with scope(resident=resident.pk):
        assert MandateAct.objects.get().done == Done.SIMULATED
    [entry] = computed(resident.pk)
    assert "Théo Lassalle" in entry.details["recipient"]
    said_there = text(signed_in(resident).get(reverse("journal:journal")))
    assert "a calculé vos aides et vu le résultat" in said_there
    assert browser.post(under(mandate)).status_code == 405


def test_a_mandate_without_the_act_or_another_companions_computes_nothing(mandate, theo, resident, stranger):
    without = entrusted(stranger, theo, "home", acts=[act for act in ENTRUSTED if act != Act.SIMULATE])
    answer = signed_in(theo).get(under(without))
    assert answer.status_code == 403 and "ne permet pas de calculer ses aides" in text(answer)
    with pytest.raises(PermissionDenied):
        actions.simulate_under_mandate(mandate=without, companion=theo)
    nina = CompanionFactory(name="Nina Roche")
    for browser, status in (
        (signed_in(nina), 404),
        (signed_in(resident), 403),
        (signed_in(keeper("Léa Keller", email="lea@ville.example")), 403),
        (Client(), 302),
    ):
        assert browser.get(under(mandate)).status_code == status
    with pytest.raises(PermissionDenied):
        actions.simulate_under_mandate(mandate=mandate, companion=nina)
    assert computed(resident.pk) == computed(stranger.pk) == []


def test_it_stops_at_once_with_the_mandate(mandate, theo, resident, monkeypatch):
    browser, real = signed_in(theo), simulations.of_values

    def stopped_meanwhile(values, **more):
        grants.stop(grant=mandate.grant, by=resident.pk)
        return real(values, **more)

    monkeypatch.setattr(simulations, "of_values", stopped_meanwhile)
    answer = browser.get(under(mandate))
    assert answer.status_code == 403 and "Prime d’activité" not in text(answer)
    monkeypatch.undo()
    assert browser.get(under(mandate)).status_code == 404
    with pytest.raises(gate.Refused):
        actions.simulate_under_mandate(mandate=mandate, companion=theo)
    with scope(resident=resident.pk):
        assert not MandateAct.objects.exists()


def test_the_act_is_checked_as_its_resident_agreed_to_it(awa, resident, theo):
    """Whoever writes the act into the row of a mandate, in the database, reads nothing by it."""
    mandate = entrusted(resident, theo, "home")
    with scope(resident=resident.pk):
        mandate.acts = [Act.SIMULATE]
        with pytest.raises(Forged):
            actions.simulate_under_mandate(mandate=mandate, companion=theo)


def test_what_was_taken_out_of_a_mandate_is_not_counted(mandate, theo, resident):
    rent = "logement.domicile#/loyer"
    with scope(resident=resident.pk):
        grants.take_out(grant=Grant.objects.get(pk=mandate.grant_id), by=resident.pk, line="home")
    found = actions.simulate_under_mandate(mandate=mandate, companion=theo)
    assert isinstance(found, Simulation) and rent not in computed(resident.pk)[0].fields


def test_an_empty_vault_says_so(stranger, theo):
    mandate = entrusted(stranger, theo, "home", acts=[Act.SIMULATE])
    assert isinstance(actions.simulate_under_mandate(mandate=mandate, companion=theo), Nothing)
    assert "Le calcul attend une première valeur" in text(signed_in(theo).get(under(mandate)))


def test_the_pages_need_few_queries(visit, hers, mandate, theo):
    browser = signed_in(theo)
    for ask in (lambda: hers.post(at_desk(visit), YES), lambda: browser.get(under(mandate))):
        ask()
        with CaptureQueriesContext(connection) as seen:
            ask()
        assert len([one for one in seen if one["sql"] not in {"BEGIN", "COMMIT"}]) <= 25


def test_an_act_beside_another_grant_opens_nothing(visit, mandate):
    with pytest.raises(ValueError, match="another grant"):
        gate.read_to_compute(grant=visit.grant, fields=from_vault.FIELDS, act=mandate)
    assert computed(visit.resident_id) == []
