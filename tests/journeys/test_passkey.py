"""Inès adds a passkey and signs in with it; an agent uses one as second factor. The device is virtual."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser import Visitors
from tests.journeys.people import Eyes, Hands, code_in, mail_for
from tests.live import Live

ADDRESS = "ines.cle@courriel.example"
PHONE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def portal(live: Live, visitor: Visitors) -> Visitors:
    """Return visitors at the host name: a passkey belongs to a domain, and an IP address is none."""
    visitor.base_url = live.url.replace("127.0.0.1", "localhost")
    return visitor


@contextmanager
def device(page: Page) -> Iterator[CDPSession]:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable", {"enableUI": False})
    session.send("WebAuthn.addVirtualAuthenticator", {"options": PHONE})
    yield session
    session.detach()


def sign_in_by_code(page: Page, live: Live, address: str) -> None:
    hands = Hands(page)
    page.goto("/connexion/")
    page.get_by_role("textbox", name="adresse e-mail").fill(address)
    hands.press("Recevoir un code")
    page.get_by_role("textbox", name="Code").fill(code_in(mail_for(live, address)))
    hands.press("Continuer")


def leave(page: Page) -> None:
    page.goto("/deconnexion/")
    Hands(page).press("Se déconnecter")


def test_a_resident_adds_a_passkey_and_signs_in_with_it(live: Live, portal: Visitors) -> None:
    live.manage(
        "shell",
        "-v0",
        "-c",
        f"from accounts.actions import accounts; accounts.register_resident(email='{ADDRESS}', name='Inès Vidal')",
    )
    page = portal(width=320)
    eyes, hands = Eyes(page, "fr"), Hands(page)
    sign_in_by_code(page, live, ADDRESS)
    with device(page):
        page.goto("/mon-compte/")
        hands.follow("Clés d’accès")
        eyes.look()
        hands.follow("Ajouter une clé")
        page.get_by_label("Nom de la clé").fill("Mon téléphone")
        eyes.look()
        hands.press("Ajouter la clé")
        expect(page.get_by_role("heading", level=1)).to_have_text("Vos codes de secours")
        eyes.look()
        page.goto("/mon-compte/cles/")
        expect(page.locator("main")).to_contain_text("Mon téléphone")
        eyes.look()

        # The device refuses a second passkey for the same account.
        page.goto("/mon-compte/cles/ajouter/")
        page.get_by_role("button", name="Ajouter la clé").click()
        expect(page.get_by_role("alert").filter(has_text="déjà")).to_be_visible()
        eyes.look()

        # She signs in with it alone, and reaches the page that she wanted.
        leave(page)
        page.goto("/connexion/?next=/mon-compte/sessions/")
        eyes.look()
        hands.press("Entrer avec ma clé d’accès")
        assert urlsplit(page.url).path == "/mon-compte/sessions/"

        # After an e-mailed code, the passkey is required too.
        leave(page)
        sign_in_by_code(page, live, ADDRESS)
        expect(page.get_by_role("heading", level=1)).to_have_text("Votre clé d’accès")
        eyes.look()
        hands.press("Utiliser ma clé d’accès")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Inès")

        page.goto("/mon-compte/cles/")
        hands.follow("Renommer")
        eyes.look()
        page.get_by_label("Nom de la clé").fill("Téléphone rouge")
        hands.press("Enregistrer")
        expect(page.locator("main")).to_contain_text("Téléphone rouge")
        hands.follow("Retirer")
        eyes.look()
        hands.press("Retirer la clé")
        expect(page.locator("main")).to_contain_text("Vous n’en avez pas encore")


def test_a_device_without_a_passkey_shows_an_error(portal: Visitors) -> None:
    page = portal(width=1280, language="en-GB")
    with device(page):
        page.goto("/connexion/")
        page.get_by_role("button", name="Come in with my passkey").click()
        expect(page.get_by_role("alert")).to_contain_text("Your device gave no key", timeout=70_000)
        Eyes(page, "en").look()


def test_without_scripts_the_page_gives_instructions_instead_of_the_button(live: Live, portal: Visitors) -> None:
    page = portal(javascript=False)
    page.goto("/connexion/")
    expect(page.get_by_role("button", name="Entrer avec ma clé d’accès")).to_have_count(0)
    address = "sans.script@courriel.example"
    live.manage(
        "shell",
        "-v0",
        "-c",
        f"from accounts.actions import accounts; accounts.register_resident(email='{address}', name='Théo')",
    )
    sign_in_by_code(page, live, address)
    page.goto("/mon-compte/cles/ajouter/")
    expect(page.locator("main")).to_contain_text("JavaScript y est arrêté")
    Eyes(page, "fr").look()


def test_an_agent_sets_up_a_passkey_as_second_factor_before_anything_else(live: Live, portal: Visitors) -> None:
    address = "agent.cle@villebrume.example"
    live.manage("add_agent", address, "Bastien")
    page = portal()
    eyes, hands = Eyes(page, "fr", without=("inline", "nodes")), Hands(page)
    sign_in_by_code(page, live, address)
    with device(page):
        page.goto("/admin/")
        eyes.look()
        hands.follow("Ajouter une clé d’accès")
        eyes.look()
        hands.press("Ajouter la clé")
        page.goto("/admin/")
        assert urlsplit(page.url).path == "/admin/"
        page.goto("/mon-compte/")
        leave(page)
        page.goto("/connexion/?next=/admin/")
        hands.press("Entrer avec ma clé d’accès")
        assert urlsplit(page.url).path == "/admin/", "a key that verified its person is two factors"
