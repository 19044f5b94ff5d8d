"""An agent writes an aid of the city by its pages, a second one publishes it, and anybody reads its rules."""

import re
import secrets

import pytest
from playwright.sync_api import expect

from tests.browser import Visitors
from tests.journeys.people import Walker, take_session, walker
from tests.live import Live

#: Two agents who may decide together, at addresses of their own.
AGENTS = """
from tests.accounts.factories import AgentFactory
from tests.journeys.filling import cookie
for who in ("ecrit", "publie"):
    print(cookie(AgentFactory(email=f"{{who}}.{word}@agents.example")))
"""

CLOSED = """
from services.aids.models import LocalAid
from services.versions.actions import versions
versions.close(row=LocalAid.objects.published().get(label="{name}"))
"""


@pytest.mark.parametrize("language", ["fr", "en"])
def test_an_aid_is_written_by_one_agent_published_by_another_and_read_by_all(
    live: Live, visitor: Visitors, language: str
) -> None:
    word = secrets.token_hex(2)
    name = f"Carte de bus {word}"
    author, second, reader = (walker(visitor, language) for _who in range(3))
    for one, key in zip((author, second), live.run(AGENTS.format(word=word)).split(), strict=True):
        take_session(one.page, live, key)

    author.page.goto("/agents/aides/")
    author.eyes.look()
    author.act("Nouvelle aide", "New benefit")
    author.eyes.look()
    author.write("main [name=label]", name)
    author.write("main [name=instructions]", "Au guichet, avec une photo.")
    author.write("main [name=contact]", "Maison des services")
    author.write("main [name=legal_act]", "Délibération 2026-118")
    author.act("Commencer le brouillon", "Begin the draft")
    author.eyes.look()
    expect(author.page.locator("main")).to_contain_text(author.say("La publication attend", "Publication is waiting"))
    for persona, commune, refused in (("Nadia", "00042", False), ("Marc", "00043", True)):
        add_case(author, persona, commune, refused=refused)
    author.act("Proposer à la publication", "Submit for publication")
    author.eyes.look()

    second.page.goto(author.page.url)
    second.act("Publier cette version", "Publish this version")
    second.eyes.look()
    second.act("Publier", "Publish")
    second.eyes.look()

    reader.page.goto("/aides-locales/")
    reader.act(name, name)
    reader.eyes.look()
    shown = reader.page.locator("main")
    expect(shown).to_contain_text("Délibération 2026-118")
    expect(shown).to_contain_text("Nadia")
    expect(shown).not_to_contain_text(re.compile(r"@agents\.example"))

    author.page.reload()
    author.act("Fermer cette aide", "Close this benefit")
    author.eyes.look()
    author.act("Proposer de fermer", "Propose to close")
    expect(author.page.locator("main")).to_contain_text(
        author.say("Une personne qui gère les agents", "A person who manages agents")
    )
    # Others' residents of this portal are entitled to nothing new.
    live.run(CLOSED.format(name=name))


def add_case(author: Walker, persona: str, commune: str, *, refused: bool) -> None:
    author.act("Ajouter un cas", "Add a case")
    author.eyes.look()
    author.write("main [name=persona]", persona)
    author.write("main [name=fact_commune]", commune)
    if refused and author.keys:
        author.keys.go_to("^Expected result")
        author.page.keyboard.press("ArrowDown")
    elif refused:
        author.page.locator("main [name=status]").select_option("refused")
    author.act("Garder ce cas", "Keep this case")
