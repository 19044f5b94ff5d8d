"""A companion hands a mandate over to a colleague: one yes of its resident, the same terms, the same end."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.models import Membership
from core import journal
from tests.accounts.factories import CompanionFactory, signed_in
from tests.vault.entrusted import entrusted, place_at
from tests.vault.made import add
from tests.vault.records.test_export import opened as opened_copy
from vault.records import gate
from vault.records.actions import grants
from vault.records.grants import agreements
from vault.records.models import Grant
from vault.sharing.across import mandates
from vault.sharing.actions import handing_over as actions
from vault.sharing.actions import mandates as verbs
from vault.sharing.actions.household import fingerprint
from vault.sharing.enums import Act
from vault.sharing.models import Handover

pytestmark = pytest.mark.django_db(transaction=True)
HOME = {"adresse": {"voie": "12 rue des Tanneurs", "code_postal": "00420", "commune": "Villebrume"}, "loyer": "612.00"}


@pytest.fixture
def theo(db):
    return CompanionFactory(name="Théo Lassalle")


@pytest.fixture
def nina(theo):
    return CompanionFactory(name="Nina Roche")


@pytest.fixture
def mandate(resident, theo, nina):
    add(resident, "logement.domicile", HOME)
    return entrusted(resident, theo, "home", acts=[Act.PREPARE], months=6)


def offered(mandate, theo, nina):
    return actions.offer(mandate=mandate, companion=theo, membership_id=place_at(nina).pk)


def text(answer) -> str:
    return str(answer.content.decode().replace("\xa0", " "))


def answer(resident, row, word, **more):
    browser, url = signed_in(resident), reverse("sharing:handover", args=[row.pk])
    seen = browser.get(url).context["seen"]
    return browser.post(url, {"answer": word, "seen": seen} | more, follow=True)


def test_one_yes_gives_a_colleague_the_same_mandate_and_ends_the_former(resident, theo, nina, mandate, mailoutbox):
    browser, url = signed_in(theo), reverse("sharing:hand_over", args=[mandate.pk])
    assert url in text(browser.get(reverse("sharing:accompanied", args=[mandate.pk])))
    assert " checked" not in text(browser.get(url)) and browser.post(url, {}).status_code == 400
    assert mandates.live(nina) == []
    mailoutbox.clear()
    for _twice in range(2):
        browser.post(url, {"membership": str(place_at(nina).pk)})
    with scope(resident=resident.pk):
        row = Handover.objects.get()
    assert len(mailoutbox) == 1 and "Nina" not in mailoutbox[0].body and mandates.live(nina) == []
    assert "Dire si Nina Roche, CCAS de Villebrume peut vous accompagner" in text(
        signed_in(resident).get(reverse("home"))
    )

    page = text(signed_in(resident).get(reverse("sharing:handover", args=[row.pk])))
    assert "612" in page and str(Act.PREPARE.label) in page and "Dire non" in page
    assert "C’est fait." in text(answer(resident, row, "yes"))
    (hers,) = mandates.live(nina)
    assert mandates.live(theo) == [] and hers.acts == [Act.PREPARE]
    assert hers.grant.ends_at == mandate.grant.ends_at
    assert sorted(agreements.fields_of(hers.grant)) == sorted(agreements.fields_of(mandate.grant))
    with pytest.raises(gate.Refused):
        gate.read(grant=mandate.grant, fields=["logement.domicile#/loyer"])
    assert gate.read(grant=hers.grant, fields=["logement.domicile#/loyer"])
    assert "n’attend plus de réponse" in text(
        signed_in(resident).get(reverse("sharing:handover", args=[row.pk]), follow=True)
    )
    assert {"handovers", "acts"} <= set(json.loads(opened_copy(resident).read("partages.json"))[0])
    events = [one.event for one in journal.entries(resident_id=resident.pk, limit=40)]
    assert {"handover_offered", "grant_given", "grant_stopped"} <= set(events)


def test_a_no_or_no_answer_changes_nothing(resident, theo, nina, mandate):
    row = offered(mandate, theo, nina)
    assert "Rien ne change" in text(answer(resident, row, "no"))
    assert mandates.live(nina) == [] and len(mandates.live(theo)) == 1
    again = offered(mandate, theo, nina)
    assert again.pk != row.pk
    with scope(resident=resident.pk):
        again.expires_at = timezone.now() - timedelta(minutes=1)
        again.save()
    with pytest.raises(actions.NotWaiting):
        actions.accept(handover=again, by=resident.pk, seen=_seen(resident), shown={})
    assert mandates.live(nina) == []


def test_only_a_colleague_of_the_same_organisation_is_offered_and_by_its_companion(
    resident, stranger, theo, nina, mandate
):
    elsewhere = CompanionFactory(name="Ali Sorel", organisation="Mission locale")
    for companion, colleague in ((theo, elsewhere), (theo, theo), (nina, nina)):
        with pytest.raises(PermissionDenied):
            actions.offer(mandate=mandate, companion=companion, membership_id=place_at(colleague).pk)
    assert signed_in(nina).get(reverse("sharing:hand_over", args=[mandate.pk])).status_code == 404
    row = offered(mandate, theo, nina)
    url = reverse("sharing:handover", args=[row.pk])
    assert signed_in(stranger).get(url).status_code == 404
    assert signed_in(theo).get(url).status_code == 403
    assert Client().get(url).status_code == 302


def test_after_a_stop_or_when_the_colleague_left_a_yes_gives_nothing(resident, theo, nina, mandate):
    row = offered(mandate, theo, nina)
    assert "Voici celles d’aujourd’hui" in text(answer(resident, row, "yes", seen="0" * 64))
    place = place_at(nina)
    place.ended_at = timezone.now()
    place.save()
    with pytest.raises(PermissionDenied):
        actions.accept(handover=row, by=resident.pk, seen=_seen(resident), shown={})
    assert len(mandates.live(theo)) == 1
    Membership.objects.create(person=place.person, organisation=place.organisation)
    grants.stop(grant=mandate.grant, by=resident.pk)
    with pytest.raises(actions.NotWaiting):
        actions.accept(handover=row, by=resident.pk, seen=_seen(resident), shown={})
    with scope(resident=resident.pk):
        assert not Grant.objects.standing().exists()
    with pytest.raises(gate.Refused):
        offered(mandate, theo, nina)


def _seen(resident) -> str:
    return fingerprint(verbs.today(resident_id=resident.pk))
