"""Agathe, who works for the city, sets the portal up: two codes to come in, colours that stay readable, a local aid, a
kind of paper.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from demo.people.accounts import PEOPLE
from tests.browser import Visitors
from tests.journeys.people import Eyes, Hands, code_in, mail_for
from tests.live import Live

AGENT = next(person for person in PEOPLE if person.is_agent)
GREEN, FAINT = "#14532d", "#cccccc"


@pytest.fixture
def town(live: Live) -> Iterator[Live]:
    """Restore the portal's settings that the agent changes, for the journeys that follow."""
    yield live
    live.run("from core.models import City; city = City.current(); city.link = '#0f5e73'; city.save()")
    live.sql("DELETE FROM aids_localaidcase WHERE aid_id IN (SELECT id FROM aids_localaid WHERE state = 'draft')")
    live.sql("DELETE FROM aids_localaid WHERE state = 'draft'")
    live.sql("DELETE FROM records_paperkind WHERE code = 'carte_peche'")


def come_in(page: Page, live: Live) -> None:
    hands = Hands(page)
    page.goto("/connexion/")
    page.get_by_role("textbox", name="adresse e-mail").fill(AGENT.email)
    hands.press("Recevoir un code")
    page.get_by_role("textbox", name="Code").fill(code_in(mail_for(live, AGENT.email)))
    hands.press("Continuer")
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre second code")


def test_an_agent_sets_the_city_up(town: Live, visitor: Visitors) -> None:
    page = visitor(width=1280)
    eyes, hands = Eyes(page, "fr", without=("inline", "nodes")), Hands(page)
    come_in(page, town)
    eyes.look()

    # Without the second code, no page of the desk opens.
    page.goto("/admin/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Se connecter")
    page.goto("/connexion/double-verification/")
    page.locator("main input[type=text]").fill("000000")
    hands.press("Se connecter")
    expect(page.get_by_role("alert")).to_be_visible()
    eyes.look()
    page.locator("main input[type=text]").fill(AGENT.code())
    hands.press("Se connecter")
    page.goto("/admin/")
    eyes.look()

    # A colour that nobody could read is refused beside its field; one that can be read shows on every page.
    page.goto("/admin/core/city/")
    page.locator("#id_link").fill(FAINT)
    hands.press("Enregistrer", within="#content")
    expect(page.get_by_text("Contraste trop faible").first).to_be_visible()
    eyes.look()
    page.locator("#id_link").fill(GREEN)
    hands.press("Enregistrer", within="#content")
    newcomer = visitor(width=320)
    newcomer.goto("/aide/")
    assert newcomer.locator("main a").first.evaluate("link => getComputedStyle(link).color") == "rgb(20, 83, 45)"

    # The next version of the canteen's rate shows what it gives for its own cases; a red one stops it, and is named.
    page.goto("/agents/aides/")
    eyes.look()
    hands.follow("Tarif de cantine")
    hands.press("Écrire une nouvelle version")
    expect(page.get_by_text("Couple, QF inconnu").first).to_be_visible()
    hands.follow("Changer le montant")
    page.get_by_label("Quelle sorte de montant ?").select_option("fixed")
    hands.press("Continuer")
    page.get_by_label("Montant, en euros").fill("3")
    hands.press("Garder")
    expect(page.get_by_role("heading", name="La publication attend")).to_be_visible()
    eyes.look()

    # A new kind of paper waits for two persons before residents can choose it.
    page.goto("/admin/records/paperkind/add/")
    written = {"code": "carte_peche", "label_fr": "Carte de pêche", "label_en": "Fishing permit", "theme": "loisirs"}
    for name, value in {**written, "holder": "Fédération"}.items():
        page.locator(f"#id_{name}").fill(value)
    page.locator("#id_pages").select_option("front")
    hands.press("Enregistrer", within="#content")
    expect(page.locator(".errorlist").first).to_be_visible()
    eyes.look()
    page.locator("#id_validity").select_option(index=1)
    hands.press("Enregistrer", within="#content")
    eyes.look()
    assert town.sql("SELECT label_fr FROM records_paperkind WHERE code = 'carte_peche'") == [("Carte de pêche",)]

    # She sees that work was done, never for whom, and no vault.
    page.goto("/admin/core/job/")
    eyes.look()
    assert page.goto("/coffre/").status == 403  # type: ignore[union-attr]
    eyes.look()
