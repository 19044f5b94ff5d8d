"""Amina signs in by FranceConnect, keeps her identity or not, and signs out of both; each failure is explained."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, forget_franceconnect
from tests.live import Live


@pytest.fixture(autouse=True, scope="module")
def nobody_is_linked(live: Live) -> None:
    """Other journeys open vaults by FranceConnect too."""
    forget_franceconnect(live)


def choose(page: Page, person: str, fault: str = "normal") -> None:
    """Choose a person and a fault on the page of the demonstration's FranceConnect."""
    page.get_by_label("Qui êtes-vous ?").select_option(person)
    page.get_by_label("Que se passe-t-il ?").select_option(fault)
    with page.expect_navigation():
        page.get_by_role("button", name="Continuer vers le portail").click()


def to_france_connect(page: Page, button: str | re.Pattern[str], *, within: str = "main") -> None:
    """Follow our intermediate page, which redirects by itself."""
    page.locator(within).get_by_role("button", name=button).first.click()
    page.wait_for_url("**/franceconnect/authorize*")


def test_in_french_on_a_wide_screen(live: Live, visitor: Visitors) -> None:
    page = visitor(width=1280, language="fr-FR")
    eyes, hands = Eyes(page, "fr"), Hands(page)

    page.goto("/connexion/?next=/coffre/")
    eyes.look()
    to_france_connect(page, "FranceConnect (démonstration)")
    choose(page, "ailleurs")

    # She has no vault yet: a name and an address are proposed, nothing is ticked.
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ouvrir votre coffre")
    expect(page.get_by_label("Votre nom")).to_have_value("Amina Benali")
    eyes.look()
    hands.press("Ouvrir mon coffre")

    # FranceConnect's data is shown unchanged, even her birth abroad; she keeps it, and reaches the page that she
    # wanted.
    expect(page.get_by_role("heading", level=1)).to_contain_text("Copier votre identité")
    expect(page.locator("main dl")).to_contain_text("BENALI")
    expect(page.locator("main dl")).to_contain_text("Algérie")
    assert page.locator("main input:checked").count() == 0
    eyes.look()
    hands.press("Copier dans mon coffre")
    assert urlsplit(page.url).path == "/coffre/"
    expect(page.locator("main")).to_contain_text("BENALI")
    expect(page.locator("main")).to_contain_text("FranceConnect, le ")
    eyes.look()

    # The journal and the account page show it.
    page.goto("/journal/")
    expect(page.locator("main")).to_contain_text("Vous avez copié votre identité depuis FranceConnect.")
    page.goto("/mon-compte/")
    hands.follow("FranceConnect")
    expect(page.locator("main")).to_contain_text("Relié")
    expect(page.locator("main")).to_contain_text("C’est aujourd’hui votre seule façon d’entrer")
    eyes.look()

    # Signing out also signs out there, and returns here.
    page.locator("header").get_by_role("button", name="Se déconnecter").first.click()
    page.wait_for_url("**/deconnexion/faite/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous êtes déconnecté")
    eyes.look()
    page.goto("/coffre/")
    assert urlsplit(page.url).path == "/connexion/"

    # At the next sign-in no question is asked.
    to_france_connect(page, "FranceConnect (démonstration)")
    choose(page, "ailleurs")
    assert urlsplit(page.url).path == "/coffre/"


def test_in_english_narrow_without_scripts_and_by_keyboard(live: Live, visitor: Visitors) -> None:
    page = visitor(width=320, language="en-GB", javascript=False)
    eyes, keyboard = Eyes(page, "en"), Keyboard(page)

    page.goto("/connexion/")
    eyes.look()
    keyboard.go_to("FranceConnect \\(demonstration\\)")
    page.keyboard.press("Enter")
    page.wait_for_url("**/franceconnect/authorize*")
    keyboard.go_to("Qui êtes-vous")
    page.keyboard.type("Tenzin")
    keyboard.follow("Continuer vers le portail")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Open your vault?")
    eyes.look()
    keyboard.follow("Open my vault")
    expect(page.locator("main dl")).to_contain_text("1992")
    eyes.look()
    keyboard.follow("Copy nothing")
    assert urlsplit(page.url).path == "/"
    eyes.look()

    # After a refusal, it can be asked again from the account.
    page.goto("/mon-compte/franceconnect/")
    eyes.look()
    keyboard.go_to("See what FranceConnect says")
    page.keyboard.press("Enter")
    page.wait_for_url("**/franceconnect/authorize*")
    keyboard.go_to("Qui êtes-vous")
    page.keyboard.type("Tenzin")
    keyboard.follow("Continuer vers le portail")
    keyboard.follow("Copy into my vault")
    page.goto("/coffre/")
    expect(page.locator("main")).to_contain_text("DORJE")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("refused", "Vous n’êtes pas allé au bout"),
        ("error", "a rencontré un problème"),
        ("down", "ne répond pas"),
        ("signature", "Nous n’avons pas reconnu la réponse"),
        ("nonce", "Nous n’avons pas reconnu la réponse"),
    ],
)
def test_when_france_connect_fails_the_page_says_so_and_the_other_ways_stay(
    live: Live, visitor: Visitors, fault: str, words: str
) -> None:
    page = visitor(width=320)
    eyes, hands = Eyes(page, "fr"), Hands(page)
    page.goto("/connexion/?next=/coffre/ajouter/")
    to_france_connect(page, "FranceConnect (démonstration)")
    choose(page, "usage", fault)
    expect(page.get_by_role("heading", level=1)).to_contain_text(words)
    eyes.look()
    hands.follow("Voir toutes les façons d’entrer")
    expect(page.get_by_role("button", name="Recevoir un code")).to_be_visible()
    assert "next=" in page.url, "where they wanted to go is kept"


#: Empty: to the operator's own page, which is one of this portal here.
LEADS_TO = "from core.models import City; city = City.current(); city.exit_url = {!r}; city.save()"


def test_leaving_quickly(live: Live, visitor: Visitors) -> None:
    """Leave by pressing Shift three times, or by the link without scripts: another site opens, signed out."""
    live.run(LEADS_TO.format(""))
    for script in (True, False):
        page = visitor(javascript=script)
        page.goto("/demonstration/")
        page.locator("li", has_text="Léo Fontanel").get_by_role("button").click()
        page.goto("/mon-compte/")
        if script:
            page.keyboard.press("Shift")
            page.keyboard.type("A")
            page.keyboard.press("Shift")
            page.keyboard.press("Shift")
            expect(page.locator("header [role=status]")).to_have_text(
                "Touche Maj\u00a0: encore une fois pour quitter."
            )
            assert urlsplit(page.url).path == "/mon-compte/", "a letter in between starts again"
            with page.expect_navigation():
                page.keyboard.press("Shift")
        else:
            with page.expect_navigation():
                page.get_by_role("link", name="Quitter vite").click()
        page.wait_for_url("**/plan-du-site/")
        page.go_back()
        assert "Léo" not in page.content(), "going back shows nothing of theirs"
        page.goto("/mon-compte/")
        assert urlsplit(page.url).path == "/connexion/"
    live.run(LEADS_TO.format("https://meteofrance.com/"))
