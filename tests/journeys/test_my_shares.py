"""Claire reads her shares, pauses one, sees what was read, and stops it in two clicks from her home page."""

import json
import re

from playwright.sync_api import expect

from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, come_in, move_in_together, sign_in
from tests.live import Live


def test_in_french_on_a_wide_screen(live: Live, visitor: Visitors) -> None:
    one, other = "claire.partages@courriel.example", "yann.partages@courriel.example"
    move_in_together(live, one, other, together=True)
    his, hers = visitor(width=1280), visitor(width=1280)
    eyes, press, follow = Eyes(hers, "fr"), Hands(hers).press, Hands(hers).follow

    # He computes for both: her values are counted.
    come_in(his, live, other)
    his.goto("/aides/ensemble/")

    # Her page of shares names each share, with the time of its last read.
    come_in(hers, live, one)
    follow("Mes partages", within="header")
    expect(hers.get_by_role("heading", name="Yann Lemoine")).to_have_count(2)
    eyes.look()
    follow(re.compile("^Voir ce partage.*à deux"))
    expect(hers.get_by_role("heading", name="Ce qui partirait aujourd’hui")).to_be_visible()
    eyes.look()
    follow("Voir ce qui a été reçu")
    expect(hers.get_by_text("comptées, sans être montrées")).to_be_visible()
    eyes.look()
    follow("Retour au partage", within="body")
    follow("Relire ce que vous aviez accepté")
    expect(hers.get_by_text("peut les deviner")).to_be_visible()
    eyes.look()
    hers.go_back()

    # A pause: his computation finds no agreement until she resumes it.
    press("Mettre en pause")
    expect(hers.get_by_text("Le partage est en pause.")).to_be_visible()
    eyes.look()
    his.goto("/aides/ensemble/")
    expect(his.get_by_text("Il n’y a pas d’accord")).to_be_visible()
    press("Reprendre")
    his.goto("/aides/ensemble/")
    expect(his.get_by_text("sans vous être montrés")).to_be_visible()

    # A receipt is a file that the published keys verify.
    with hers.expect_download() as download:
        hers.get_by_role("link", name=re.compile("^Télécharger le reçu")).first.click()
    shown = live.manage("verify_receipt", str(download.value.path()))
    assert json.loads(shown.stdout)["event"]["event_type"] == "given"

    # From the home page: one click to the question, one to answer it.
    hers.goto("/")
    eyes.look()
    clicks = 0
    for click in (
        lambda: hers.locator("aside, main").get_by_role("link", name=re.compile("^Arrêter.*à deux")).first.click(),
        lambda: hers.locator("main").get_by_role("button", name="Arrêter le partage").click(),
    ):
        with hers.expect_navigation():
            click()
        clicks += 1
        eyes.look()
    expect(hers.get_by_text("Plus rien n’est lu à partir de maintenant")).to_be_visible()
    assert clicks <= 2
    his.goto("/aides/ensemble/")
    expect(his.get_by_text("Il n’y a pas d’accord")).to_be_visible()

    # She agrees again: the same items, current values, nothing preselected.
    follow("Partager à nouveau")
    assert hers.locator("main input:checked").count() == 0
    eyes.look()
    hers.get_by_label(re.compile(r"^\s*1\s?mois")).check()
    press("Donner mon accord")
    expect(hers.get_by_text("Votre accord est donné")).to_be_visible()
    eyes.look()


def test_in_english_on_a_telephone_without_scripts_by_keyboard(live: Live, visitor: Visitors) -> None:
    one, other = "claire.shares@courriel.example", "yann.shares@courriel.example"
    move_in_together(live, one, other, together=True)
    page = visitor(width=320, language="en-GB", javascript=False)
    eyes, keyboard = Eyes(page, "en"), Keyboard(page)
    sign_in(page, live, one)
    page.goto("/partages/")
    eyes.look()
    keyboard.follow("^See this share.*Put facts in common|^See this share.*facts")
    eyes.look()
    keyboard.follow("See what was received")
    eyes.look()
    page.goto("/partages/")
    keyboard.follow("^See this share")
    keyboard.follow("^Shorten|^Pause")
    eyes.look()

    # Two keyboard stops from the home page: the question and the answer.
    page.goto("/")
    keyboard.follow("^Stop")
    eyes.look()
    keyboard.follow("^Stop sharing")
    eyes.look()
    expect(page.get_by_text("Nothing is read from now on")).to_be_visible()
