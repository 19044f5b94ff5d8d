"""Nadia exports her vault, asks to close it, cancels, then closes it at once: nothing can be decrypted any more."""

import json
import re
import zipfile
from pathlib import Path

from playwright.sync_api import expect

from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, come_in, mail_for, move_in, sign_in, wait_for_job
from tests.live import Live

LEFT = """
from accounts.models import User
from core import keys
for user in User.objects.filter(name="", is_resident=False, is_staff=False):
    try:
        keys.key_of(resident_id=user.pk)
    except keys.KeyMissing:
        print("closed", user.pk)
"""


def test_in_french_on_a_wide_screen(live: Live, visitor: Visitors) -> None:
    address = "nadia.part@courriel.example"
    move_in(live, address)
    page, elsewhere = visitor(width=1280), visitor(width=1280)
    eyes, press, follow = Eyes(page, "fr"), Hands(page).press, Hands(page).follow
    come_in(page, live, address)
    come_in(elsewhere, live, address)

    # The export is one file, made while she waits, downloaded from the same page.
    page.goto("/mon-compte/")
    eyes.look()
    follow("Emporter mes données")
    eyes.look()
    press("Préparer ma copie")
    eyes.look()
    wait_for_job(page, "Voir le résultat", script=True)
    eyes.look()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^Télécharger la copie")).click()
    assert_is_hers(Path(download.value.path()), "Kervella")

    # In thirty days: every page shows it, and one click cancels it.
    page.goto("/mon-compte/")
    follow("Fermer mon coffre")
    expect(page.get_by_role("heading", name="Ce qui reste")).to_be_visible()
    assert page.locator("main input:checked").count() == 0
    eyes.look()
    press("Continuer")
    expect(page.get_by_role("alert")).to_be_visible()
    eyes.look()
    page.get_by_label(re.compile(r"^\s*Dans 30 jours")).check()
    press("Continuer")
    eyes.look()
    press("Fermer mon coffre dans 30 jours")
    eyes.look()
    page.goto("/coffre/")
    expect(page.get_by_text("Votre coffre ferme le")).to_be_visible()
    eyes.look()
    assert "un clic suffit" in mail_for(live, address).replace("\n", " ")
    press("Annuler la fermeture", within="body")
    expect(page.get_by_text("La fermeture est annulée.")).to_be_visible()
    assert page.get_by_text("Votre coffre ferme le").count() == 0

    # At once, after a box that is not ticked in advance.
    page.goto("/mon-compte/fermer/")
    page.get_by_label(re.compile(r"^\s*Tout de suite")).check()
    press("Continuer")
    eyes.look()
    press("Fermer mon coffre maintenant")
    eyes.look()
    page.get_by_label(re.compile(r"^\s*Je sais que")).check()
    press("Fermer mon coffre maintenant")
    expect(page.get_by_role("heading", name="Votre coffre est fermé")).to_be_visible()
    eyes.look()

    # Her other browser is signed out, the URL opens nothing, and no key is left.
    elsewhere.goto("/coffre/")
    expect(elsewhere).to_have_url(re.compile("/connexion/"))
    assert "closed" in live.run(LEFT)
    assert "dernier message" in mail_for(live, address).replace("\n", " ")


def test_in_english_on_a_telephone_without_scripts_by_keyboard(live: Live, visitor: Visitors) -> None:
    address = "nadia.leaves@courriel.example"
    move_in(live, address)
    page = visitor(width=320, language="en-GB", javascript=False)
    eyes, keyboard = Eyes(page, "en"), Keyboard(page)
    sign_in(page, live, address)

    page.goto("/mon-compte/")
    eyes.look()
    keyboard.follow("^Take my data with me")
    eyes.look()
    keyboard.follow("^Prepare my copy")
    wait_for_job(page, "See the result", script=False)
    keyboard.follow("See the result")
    eyes.look()
    keyboard.go_to("^Download the copy")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert_is_hers(Path(download.value.path()), "Kervella")

    page.goto("/mon-compte/fermer/")
    eyes.look()
    keyboard.go_to("^In 30 days")
    page.keyboard.press("Space")
    keyboard.follow("^Continue")
    eyes.look()
    keyboard.follow("^Close my vault in 30 days")
    eyes.look()
    expect(page.get_by_text("Your vault closes on")).to_be_visible()
    keyboard.follow("^Cancel the closing", in_main=False)
    eyes.look()

    page.goto("/mon-compte/fermer/")
    keyboard.go_to("^In 30 days")
    page.keyboard.press("ArrowDown")
    keyboard.follow("^Continue")
    eyes.look()
    keyboard.go_to("^I know that nobody")
    page.keyboard.press("Space")
    keyboard.follow("^Close my vault now")
    expect(page.get_by_role("heading", name="Your vault is closed")).to_be_visible()
    eyes.look()


def assert_is_hers(path: Path, name: str) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        values = [json.loads(line) for line in archive.read("valeurs.jsonl").splitlines()]
        assert {*json.loads(archive.read("manifest.json"))["files"]} == {*archive.namelist()} - {
            "manifest.json",
            "manifest.jws",
        }
    assert name.lower() in json.dumps(values).lower()
