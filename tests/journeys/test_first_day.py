"""The home page on the first day: an empty vault offers three ways to begin; a notice then gives the next step."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from demo.papers import drawer
from tests.browser import Visitors
from tests.journeys.people import walker, write_file
from tests.journeys.test_interview import SINGLE, answer
from tests.live import Live

WAYS = [
    ("Me connecter", "Connect", "/coffre/connexions/"),
    ("Répondre", "Answer", "/faire-le-point/"),
    ("Ajouter un papier", "Add a paper", "/coffre/ajouter/"),
]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_an_empty_vault_by_one_paper_and_five_answers(
    live: Live, visitor: Visitors, tmp_path: Path, language: str
) -> None:
    notice = write_file(tmp_path, "avis.pdf", drawer.tax_notice("nadia", timezone.localdate()))
    walk = walker(visitor, language)
    page, eyes = walk.page, walk.eyes
    page.goto("/connexion/")
    walk.open_vault(live, f"nadia.premier.{language}@courriel.example", "Nadia Kervella")
    for french, english, path in WAYS:
        page.goto("/")
        expect(page.locator("#ways")).to_have_text(walk.say("3 façons de commencer", "3 ways to begin"))
        expect(page.locator("main")).not_to_contain_text(walk.say("Rien à faire", "Nothing to do"))
        eyes.look()
        walk.act(french, english)
        assert urlsplit(page.url).path.startswith(path)
        eyes.look()

    # Her notice waits to be confirmed: the home page and the aids say so. Once stored, one button says what changed.
    walk.choose_file(notice)
    walk.act("Envoyer ce papier", "Send this paper")
    walk.wait()
    for address in ("/", "/aides/"):
        page.goto(address)
        expect(page.locator("main")).to_contain_text(walk.say("À confirmer", "To confirm"))
        eyes.look()
    walk.act("Avis d’impôt", "Income tax notice")
    eyes.look()
    walk.act("Ranger ces valeurs", "Store these values")
    eyes.look()
    walk.act("Voir ce que cela change pour mes aides", "See what this changes for my benefits")
    eyes.look()

    # Five answers more, and she sees a first amount.
    walk.act("Répondre à des questions", "Answer a few questions")
    answers = 0
    while not page.locator(".civic-aside strong.civic-num").count():
        answer(walk, SINGLE)
        eyes.look()
        answers += 1
        assert answers <= 5, page.url
    expect(page.locator(".civic-aside strong.civic-num")).to_contain_text("€")
    page.goto("/")
    expect(page.locator("main")).not_to_contain_text(walk.say("Rien à faire", "Nothing to do"))
    expect(page.locator("#todo")).to_have_text(walk.say("À faire", "To do"))
    eyes.look()
