"""The home page on the first day: an empty vault offers three ways to begin; a notice then gives the next step."""

from pathlib import Path
from urllib.parse import urlsplit

from django.utils import timezone
from playwright.sync_api import expect

from demo import paper_drawer
from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, sign_in, wait_for_job, write_file
from tests.journeys.test_short_pages import BARE
from tests.live import Live

WAYS = {"Me connecter": "/coffre/connexions/", "Ajouter un papier": "/coffre/ajouter/", "Répondre": "/faire-le-point/"}


def test_in_french_on_a_wide_screen(live: Live, visitor: Visitors, tmp_path: Path) -> None:
    address = "nadia.premier@courriel.example"
    live.run(BARE.format(address=address))
    page = visitor(width=1280)
    eyes, hands = Eyes(page, "fr"), Hands(page)
    sign_in(page, live, address)
    for action, path in WAYS.items():
        page.goto("/")
        expect(page.get_by_role("heading", name="3 façons de commencer")).to_be_visible()
        expect(page.locator("main")).not_to_contain_text("Rien à faire")
        eyes.look()
        hands.follow(action)
        assert urlsplit(page.url).path.startswith(path)
        eyes.look()

    # Her notice waits to be confirmed: the home page and the aids say so. Once stored, one button says what changed.
    notice = write_file(tmp_path, "avis.pdf", paper_drawer.tax_notice("nadia", timezone.localdate()))
    page.goto("/coffre/ajouter/")
    page.locator("input[type=file]").set_input_files(notice)
    hands.press("Envoyer ce papier")
    wait_for_job(page, "Voir le résultat", script=True)
    for address in ("/", "/aides/"):
        page.goto(address)
        expect(page.locator("main")).to_contain_text("À confirmer")
        eyes.look()
    hands.follow("Avis d’impôt")
    hands.press("Ranger ces valeurs")
    hands.follow("Voir ce que cela change pour mes aides")
    eyes.look()
    page.goto("/")
    expect(page.locator("main")).not_to_contain_text("Rien à faire")
    expect(page.get_by_role("heading", name="À faire")).to_be_visible()
    eyes.look()


def test_in_english_on_a_telephone_without_scripts_by_keyboard(live: Live, visitor: Visitors) -> None:
    address = "nadia.first@courriel.example"
    live.run(BARE.format(address=address))
    page = visitor(width=320, language="en-GB", javascript=False)
    eyes, keyboard = Eyes(page, "en"), Keyboard(page)
    sign_in(page, live, address)
    for action, path in zip(("^Connect$", "^Add a paper$", "^Answer$"), WAYS.values(), strict=True):
        page.goto("/")
        eyes.look()
        keyboard.follow(action)
        assert urlsplit(page.url).path.startswith(path)
        eyes.look()
