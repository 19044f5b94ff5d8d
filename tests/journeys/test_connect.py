"""Holders fill an empty vault: FranceConnect, two pulls and the aids in a minute without typing; then by keyboard."""

import re
from time import perf_counter

from playwright.sync_api import Page, expect

from demo.tour import connectors
from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, euros, forget_franceconnect, wait_for_job
from tests.live import Live

TAX_NUMBER = "0000 0000 00424"


def test_the_walk_takes_less_than_its_limit(live: Live) -> None:
    """Walk the tour's step over HTTP. The time includes the worker, its child processes and the holders' answers."""
    report = connectors.walk(live.url)
    assert "typed fields: 0" in report


def amount(page: Page) -> int:
    return euros(page.locator(".civic-headline__number").inner_text())


def test_in_french_on_a_wide_screen(live: Live, visitor: Visitors) -> None:
    forget_franceconnect(live)
    page = visitor(width=1280, language="fr-FR")
    eyes, hands = Eyes(page, "fr"), Hands(page)
    press, follow = hands.press, hands.follow
    spent, start = 0.0, perf_counter()

    def look() -> None:
        """Check the page outside the measured time."""
        nonlocal spent
        began = perf_counter()
        eyes.look()
        spent += perf_counter() - began

    # Inès signs in by FranceConnect, opens a vault and keeps her identity: the vault holds nothing else.
    page.goto("/connexion/")
    press("FranceConnect")
    page.get_by_label("Qui êtes-vous ?").select_option(connectors.WHO)
    press("Continuer vers le portail")
    press("Ouvrir mon coffre")
    press("Copier dans mon coffre")
    look()

    # CAF: the page lists the data asked and sent, with nothing ticked; then it lists what was received.
    follow("Me connecter")
    look()
    follow("CAF")
    look()
    assert page.locator("input:checked").count() == 0
    expect(page.get_by_text("Caradec", exact=False).first).to_be_visible()
    page.get_by_label("Quotient familial et composition du foyer").check()
    page.get_by_label(re.compile(r"^\s*Prestations")).check()
    page.get_by_label("Une fois, maintenant").check()
    press("Recevoir ces données")
    wait_for_job(page, "Voir le résultat", script=True)
    expect(page.locator("main")).to_contain_text("Dernière réception le")
    expect(page.locator("main")).not_to_contain_text("Pas reçu")
    look()
    follow("Voir ce que cela change pour mes aides")
    assert amount(page) > 0
    look()

    # Enedis: she agrees on its own page, with her meter.
    page.goto("/coffre/connexions/nouvelle/enedis/")
    look()
    page.get_by_label("L’électricité consommée chaque jour").check()
    page.get_by_label("Une fois, maintenant").check()
    press("Connecter Enedis")
    look()
    follow("Continuer chez Enedis")
    page.get_by_label(re.compile(connectors.METER)).check()
    press("J’accepte")
    wait_for_job(page, "Voir le résultat", script=True)
    expect(page.get_by_text("Dernière réception le").first).to_be_visible()
    look()

    took = perf_counter() - start - spent
    assert took < connectors.SECONDS, f"{took:.1f} s"

    # The tax office needs the number of her notice: typed, it brings her income, and an amount that counts with it.
    page.goto("/coffre/connexions/nouvelle/dgfip/")
    look()
    page.get_by_label("Votre dernier avis d’impôt sur le revenu").check()
    page.get_by_label("Une fois, maintenant").check()
    page.get_by_label("Votre numéro fiscal").fill(TAX_NUMBER)
    press("Recevoir ces données")
    wait_for_job(page, "Voir le résultat", script=True)
    expect(page.locator("main")).not_to_contain_text("Pas reçu")
    look()
    follow("Voir ce que cela change pour mes aides")
    assert amount(page) > 0
    page.goto("/coffre/")
    expect(page.locator("main")).to_contain_text("Revenu fiscal de référence")

    # She stops Enedis: the received data stays.
    page.goto("/coffre/connexions/")
    look()
    follow(re.compile("^Enedis"))
    follow("Arrêter")
    look()
    press("Arrêter la connexion")
    expect(page.get_by_text("reste dans votre coffre").first).to_be_visible()
    look()


def test_in_english_on_a_narrow_screen_by_keyboard_without_script(live: Live, visitor: Visitors) -> None:
    forget_franceconnect(live)
    page = visitor(width=320, language="en-GB", javascript=False)
    eyes, keys = Eyes(page, "en"), Keyboard(page)

    # Nadia comes by FranceConnect: this vault is new, and not the one of the demonstration.
    page.goto("/connexion/")
    keys.go_to("FranceConnect \\(demonstration\\)")
    page.keyboard.press("Enter")
    page.wait_for_url("**/franceconnect/authorize*")
    keys.go_to("Qui êtes-vous")
    page.keyboard.type("Nadia")
    keys.follow("Continuer vers le portail")
    keys.follow("Open my vault")
    keys.follow("Copy into my vault")
    eyes.look()

    keys.follow("^Connect$")
    eyes.look()
    keys.follow("^CAF")
    eyes.look()

    # Submitted empty, the page lists what is missing.
    keys.follow("Receive these data")
    expect(page.get_by_text("Choose at least one thing to receive.").first).to_be_visible()
    eyes.look()
    tick(keys, "Family quotient")
    tick(keys, "Once, now")
    keys.follow("Receive these data")
    wait_for_job(page, "See the result", script=False)
    keys.follow("See the result")
    eyes.look()
    assert "Last received on" in page.inner_text("main")
    keys.follow("See what this changes for my benefits")
    assert amount(page) > 0
    eyes.look()

    page.goto("/coffre/connexions/nouvelle/enedis/")
    tick(keys, "meter’s power")
    tick(keys, "Once, now")
    keys.follow("Connect Enedis")
    eyes.look()
    keys.follow("Go on to Enedis")
    agree(page)
    wait_for_job(page, "See the result", script=False)
    keys.follow("See the result")
    eyes.look()


def tick(keys: Keyboard, name: str) -> None:
    """Tab to the checkbox itself: text above it may contain a control of the same name."""
    keys.go_to(name)
    while keys.page.evaluate("document.activeElement.tagName") != "INPUT":
        keys.go_to(name)
    keys.page.keyboard.press("Space")


def agree(page: Page) -> None:
    """Agree on Enedis' page, which is not ours and is used unchanged."""
    page.get_by_label(re.compile("Nadia Kervella")).focus()
    page.keyboard.press("Space")
    with page.expect_navigation():
        page.get_by_role("button", name="J’accepte").press("Enter")
