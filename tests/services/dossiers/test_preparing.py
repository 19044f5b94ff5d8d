"""A companion prepares a dossier under a mandate that says so; only its resident makes and sends it."""

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from core import journal
from services.dossiers.actions import preparing as actions
from services.dossiers.enums import State
from services.dossiers.models import Dossier
from tests.accounts.factories import CompanionFactory, signed_in
from tests.services.dossiers.made import add_paper
from tests.vault.entrusted import entrusted
from tests.vault.made import add_signed_notice
from vault.records import gate
from vault.records.actions import grants
from vault.records.content import paper_kinds
from vault.sharing.enums import Act

pytestmark = pytest.mark.django_db(transaction=True)
AID = "ville_pass_sport"


@pytest.fixture
def companion(db):
    paper_kinds.load()
    return CompanionFactory(name="Théo Lassalle")


@pytest.fixture
def mandate(resident, companion):
    return entrusted(resident, companion, "home", acts=[Act.PREPARE])


def prepared(mandate, companion, token=None):
    return actions.prepare(mandate=mandate, companion=companion, aids=[AID], token=token or uuid4())


def events(resident):
    return [one.event for one in journal.entries(resident_id=resident.pk, limit=10)]


def text(answer) -> str:
    return str(answer.content.decode().replace("\xa0", " "))


def test_a_companion_prepares_what_its_resident_reads_first_and_makes_alone(resident, companion, mandate):
    browser = signed_in(companion)
    person = reverse("sharing:accompanied", args=[mandate.pk])
    url = reverse("dossiers:prepare", args=[mandate.pk])
    assert url in text(browser.get(person))
    page = browser.get(url)
    assert "rien ne part d’ici" in text(page) and " checked" not in text(page)
    assert browser.post(url, {"token": str(uuid4())}).status_code == 400
    data = {"token": page.context["form"]["token"].value(), "aids": AID}
    for _twice in range(2):
        followed = browser.post(url, data, follow=True)
    assert "de votre enfant" not in text(followed) and "de son enfant" in text(followed)
    assert "Il manque" in text(followed) and "Relevé d’identité bancaire" in text(followed)
    with scope(resident=resident.pk):
        made = Dossier.objects.get()
    assert made.state == State.DRAFT and made.prepared_under == mandate.grant_id
    assert {"mandate_dossier_prepared", "mandate_dossier_looked"} <= set(events(resident))

    hers = signed_in(resident)
    assert "Relire la demande préparée pour vous" in text(hers.get(reverse("home")))
    assert "Préparé par Théo Lassalle, CCAS de Villebrume" in text(
        hers.get(reverse("dossiers:dossier", args=[made.pk]))
    )
    for name in ("build", "delete", "letter"):
        assert browser.post(reverse(f"dossiers:{name}", args=[made.pk])).status_code in {403, 404}
    with scope(resident=resident.pk):
        assert Dossier.objects.get().state == State.DRAFT


def test_only_values_of_the_mandate_are_read_and_papers_are_seen_by_kind(resident, companion, mandate):
    add_signed_notice(resident)
    add_paper(resident, "rib")
    made = prepared(mandate, companion)
    found = actions.look(mandate=mandate, companion=companion, dossier=made)
    read = [one for one in journal.entries(resident_id=resident.pk, limit=5) if one.event == "granted_read"]
    assert all(field.startswith(("identite.pivot", "logement.domicile")) for one in read for field in one.fields)
    assert {need.code for need in found if need.sort == "values"} <= {"identite.pivot", "logement.domicile"}
    assert [need.state for need in found if need.code == "rib"] == ["present"]


def test_without_the_act_or_for_another_companion_nothing_is_prepared(resident, stranger, companion, mandate):
    colleague = CompanionFactory(name="Nina Roche")
    url = reverse("dossiers:prepare", args=[mandate.pk])
    for browser, status in ((signed_in(colleague), 404), (signed_in(resident), 403), (Client(), 302)):
        assert browser.get(url).status_code == status
    with pytest.raises(PermissionDenied):
        prepared(mandate, colleague)
    made = prepared(mandate, companion)
    elsewhere = entrusted(stranger, companion, "home", acts=[Act.PREPARE])
    with pytest.raises(PermissionDenied):
        actions.look(mandate=elsewhere, companion=companion, dossier=made)
    page = reverse("dossiers:prepared", args=[elsewhere.pk, made.pk])
    assert signed_in(companion).get(page).status_code == 404


def test_a_mandate_that_does_not_say_so_refuses_in_a_sentence(resident, companion):
    looking = entrusted(resident, companion, "home", acts=[Act.ADD_PAPER])
    answer = signed_in(companion).get(reverse("dossiers:prepare", args=[looking.pk]))
    assert answer.status_code == 403 and "ne permet pas de préparer une demande" in text(answer)
    with pytest.raises(PermissionDenied):
        prepared(looking, companion)


def test_after_a_stop_nothing_is_prepared_nor_seen_and_the_draft_stays(resident, companion, mandate):
    made = prepared(mandate, companion)
    grants.stop(grant=mandate.grant, by=resident.pk)
    with pytest.raises(gate.Refused):
        prepared(mandate, companion)
    with pytest.raises(gate.Refused):
        actions.look(mandate=mandate, companion=companion, dossier=made)
    assert events(resident)[0] in {"act_refused", "read_refused"}
    with scope(resident=resident.pk):
        assert Dossier.objects.count() == 1
