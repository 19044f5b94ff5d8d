"""The resident's pages about help: companions, signing a mandate, appointment codes."""

import re

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.actions import places
from tests.accounts.factories import CompanionFactory
from tests.vault.entrusted import entrusted, place_at
from tests.vault.made import add
from vault.records.models import Grant
from vault.sharing.models import Mandate

pytestmark = pytest.mark.django_db(transaction=True)
HOME = {"adresse": {"voie": "12 rue des Tanneurs", "code_postal": "00420", "commune": "Villebrume"}, "loyer": "612.00"}


@pytest.fixture
def companion(db):
    return CompanionFactory(name="Théo Lassalle")


def sign_page(companion):
    return reverse("sharing:entrust", args=[place_at(companion).pk])


def sign(browser, companion, **answers):
    page = browser.get(sign_page(companion)).content.decode()
    seen = re.search(r'name="seen" value="(\w+)"', page)
    assert seen
    return browser.post(sign_page(companion), {"seen": seen[1], **answers}, follow=True)


def test_companions_are_listed_by_organisation(browser, companion):
    text = browser.get(reverse("sharing:helpers")).content.decode()
    assert "Théo Lassalle" in text and "CCAS de Villebrume" in text and sign_page(companion) in text


def test_the_page_shows_current_values_without_preselection(browser, resident, companion):
    add(resident, "logement.domicile", HOME)
    text = browser.get(sign_page(companion)).content.decode()
    assert "612" in text and "checked" not in text


def test_a_signed_mandate_is_shown_with_its_acts_in_the_shares(browser, resident, companion):
    answer = sign(browser, companion, items=["home"], acts=["add_paper"], length="m6")
    text = answer.content.decode()
    assert (
        "Le mandat est signé" in text
        and "Ajouter un papier à mon coffre" in text
        and "Théo Lassalle, CCAS de Villebrume" in text
    )
    with scope(resident=resident.pk):
        assert Mandate.objects.get().acts == ["add_paper"]
    assert "Renouveler" not in text


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"length": "m1"},
        {"items": ["home"]},
        {"items": ["other"], "length": "m1"},
        {"items": ["home"], "length": "m3"},
    ],
)
def test_an_incomplete_answer_signs_nothing(browser, resident, companion, answers):
    sign(browser, companion, **answers)
    with scope(resident=resident.pk):
        assert not Grant.objects.exists()


def test_signing_requires_a_recent_authentication(browser, companion):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        browser.get(reverse("sharing:helpers"))
        clock.shift(601)
        assert browser.get(sign_page(companion))["Location"].startswith("/mon-compte/confirmer/")


def test_a_former_companion_is_not_listed(browser, companion):
    address = sign_page(companion)
    places.end(place=place_at(companion))
    assert browser.get(address).status_code == 404
    assert "Théo" not in browser.get(reverse("sharing:helpers")).content.decode()


def test_a_code_is_shown_once_and_can_be_cancelled(browser, resident):
    page = browser.post(reverse("sharing:make_appointment"), {"items": ["home"]}).content.decode()
    assert re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", page)
    helpers = browser.get(reverse("sharing:helpers")).content.decode()
    assert "Un code attend" in helpers and not re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", helpers)
    browser.post(reverse("sharing:cancel_appointment"))
    assert "Un code attend" not in browser.get(reverse("sharing:helpers")).content.decode()


def test_a_code_without_an_item_is_refused(browser):
    page = browser.post(reverse("sharing:make_appointment"), {})
    assert "Cochez au moins une ligne" in page.content.decode()


def test_the_page_links_to_stopping_a_mandate(browser, resident, companion):
    entrusted(resident, companion, "home")
    text = browser.get(reverse("sharing:helpers")).content.decode()
    with scope(resident=resident.pk):
        stop = reverse("sharing:stop_sharing", args=[Grant.objects.get().pk])
    assert stop in text
    browser.post(stop)
    with scope(resident=resident.pk):
        assert not Grant.objects.standing().exists()
