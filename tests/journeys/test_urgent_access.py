"""Nadia is in hospital: one agent asks, another agrees, one item is read; she reads who and why, and stops it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Visitors
from tests.journeys.people import Eyes, Hands, come_in, mail_for, move_in, only_row, take_session
from tests.live import Live

NADIA = "nadia.urgence@courriel.example"
REASON = "Hospitalisée, son bailleur demande son loyer aujourd’hui."
AGENTS = """
from accounts.models import User
from tests.accounts.factories import AgentFactory
from tests.journeys.filling import cookie
for name, mail in {pairs}:
    print(cookie(User.objects.signing_in_as(mail).first() or AgentFactory(name=name, email=mail)))
"""


@pytest.fixture
def agents(live: Live, visitor: Visitors) -> list[Page]:
    """Return the pages of two agents at work."""
    pairs = [("Agnès Roux", "agnes.urgence@villebrume.example"), ("Basile Petit", "basile.urgence@villebrume.example")]
    keys = live.run(AGENTS.format(pairs=pairs)).split()
    pages = [visitor(width=1280), visitor(width=1280)]
    for page, key in zip(pages, keys, strict=True):
        take_session(page, live, key)
    return pages


def test_two_agents_open_one_item_and_the_resident_stops_it(live: Live, visitor: Visitors, agents: list[Page]) -> None:
    move_in(live, NADIA)
    asks, agrees = agents
    asks_eyes, agrees_eyes = Eyes(asks, "fr"), Eyes(agrees, "fr")

    # Agnès asks: the reason is required, nothing is ticked, and the page does not reveal whether a vault exists.
    asks.goto("/agents/urgences/")
    asks_eyes.look()
    Hands(asks).follow("Demander un accès d’urgence")
    assert asks.locator("main input:checked").count() == 0
    asks_eyes.look()
    Hands(asks).press("Envoyer la demande")
    expect(asks.locator(".govuk-error-summary")).to_be_visible()
    asks_eyes.look()
    asks.get_by_label("Adresse de connexion ou référence").fill(NADIA)
    asks.get_by_label("Pourquoi est-ce urgent").fill(REASON)
    asks.get_by_label("Logement et loyer").check()
    asks.get_by_label(re.compile(r"^\s*15")).check()
    Hands(asks).press("Envoyer la demande")
    expect(asks.get_by_text("Nous ne disons pas si c’est le cas")).to_be_visible()
    asks_eyes.look()

    # Basile reads the reason, without her name, and agrees.
    agrees.goto("/agents/urgences/")
    agrees_eyes.look()
    asked = only_row(live, "sharing_emergencyaccess", NADIA)
    Hands(agrees).follow_to(asked)
    expect(agrees.get_by_text(REASON)).to_be_visible()
    expect(agrees.get_by_text("Nadia")).to_have_count(0)
    agrees_eyes.look()
    Hands(agrees).press("Accepter et ouvrir")
    expect(agrees.get_by_text("C’est ouvert. La personne est prévenue.")).to_be_visible()

    # Agnès sees the ticked item, under a banner with the end time.
    asks.goto("/agents/urgences/")
    Hands(asks).follow_to(asked)
    expect(asks.get_by_text("Accès d’urgence au coffre de Nadia Kervella").first).to_be_visible()
    asks_eyes.look()
    Hands(asks).follow(re.compile("^Voir.*Logement"))
    expect(asks.get_by_role("main")).to_contain_text("Villebrume")
    asks_eyes.look()
    there = asks.url

    # Nadia finds it first on her page, with both names and the reason, and stops it.
    hers = visitor(width=320)
    eyes = Eyes(hers, "fr")
    come_in(hers, live, NADIA)
    eyes.look()
    Hands(hers).follow(re.compile("^Accès d’urgence à votre coffre"))
    for text in (REASON, "Agnès Roux", "Basile Petit"):
        expect(hers.get_by_role("main")).to_contain_text(text)
    eyes.look()
    Hands(hers).follow("Arrêter tout de suite")
    Hands(hers).press("Arrêter le partage")
    expect(hers.get_by_text("Plus rien n’est lu à partir de maintenant")).to_be_visible()
    hers.goto("/partages/")
    eyes.look()
    assert asks.goto(there).status == 404  # type: ignore[union-attr]
    hers.goto("/journal/")
    for text in ("a accepté un accès d’urgence", "en urgence, sans votre accord"):
        expect(hers.get_by_role("main")).to_contain_text(text)


def test_the_message_is_sent_by_the_worker(live: Live, agents: list[Page]) -> None:
    """The portal's own worker sends it at once."""
    address = f"mail.{NADIA}"
    move_in(live, address)
    page = agents[0]
    page.goto("/agents/urgences/demander/")
    page.get_by_label("Adresse de connexion ou référence").fill(address)
    page.get_by_label("Pourquoi est-ce urgent").fill(REASON)
    page.get_by_label("Logement et loyer").check()
    page.get_by_label(re.compile(r"^\s*15")).check()
    Hands(page).press("Envoyer la demande")
    for _ in range(60):
        page.wait_for_timeout(500)
        try:
            text = mail_for(live, address)
        except AssertionError:
            continue
        assert "demande un accès d’urgence" in text and REASON not in text
        return
    raise AssertionError("no message came")
