"""A service of the demonstration, in Chromium: used without a vault, connected by the page of consent, stopped."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import Visitors, faults
from tests.journeys.conftest import watched
from tests.journeys.keyboard import Keyboard
from tests.live import Live, label_par4chemins

ELSEWHERE = ("token",)  # SameSite keeps its forms from other sites; its process knows no session but by that cookie.


@pytest.fixture(scope="module")
def service(live: Live) -> str:
    return label_par4chemins(live)


@pytest.fixture
def walker(service: str, live: Live, browser: Browser) -> Iterator[Visitors]:
    with watched(browser, service) as visitors:
        yield visitors


def look(page: Page, language: str) -> None:
    assert faults(page, language=language, without=ELSEWHERE) == []


@pytest.mark.parametrize(("width", "language"), [(1280, "fr"), (320, "en")])
def test_its_pages_are_sound_without_an_account_or_javascript(walker: Visitors, width: int, language: str) -> None:
    page = walker(width=width, language=language, javascript=False)
    page.goto("/")
    look(page, language)
    page.goto("/sorties?gout=nature")
    look(page, language)
    page.locator("button[value=lumieres]").click()
    page.locator("button[value=velo]").click()
    expect(page.locator(".tag")).to_have_count(2)
    look(page, language)
    page.goto("/programme")
    look(page, language)
    page.goto("/nulle-part")
    look(page, language)


def test_a_resident_connects_by_the_keyboard_writes_points_and_stops(walker: Visitors, live: Live) -> None:
    page = walker(width=320)
    keys = Keyboard(page)
    page.goto(f"{live.url}/demonstration/")
    page.locator("form:has(input[name=person][value=elise]) button").click()
    page.goto("/")
    keys.follow("Continuer avec mon coffre")
    if "/confirmer/" in page.url:
        keys.follow("Continuer")
    for box in page.locator("input[name=items], input[name=writes]").all():
        box.check()
    page.locator("input[name=months]").first.check()
    page.locator("button[name=answer][value=accept]").click()
    page.wait_for_url("**/sorties")
    look(page, "fr")
    expect(page.get_by_text("Vous allez souvent vers Gare")).to_be_visible()
    keys.follow("C’est fait : Une semaine sans voiture")
    look(page, "fr")
    keys.follow("Prendre mon code")
    expect(page.locator(".code")).to_have_text(re.compile("P4C-[0-9A-F]{8}"))
    look(page, "fr")
    keys.follow("Retour aux sorties")
    look(page, "fr")
    keys.follow("^Arrêter$")
    expect(page.get_by_role("status")).to_contain_text("Nous avons oublié")
    look(page, "fr")
