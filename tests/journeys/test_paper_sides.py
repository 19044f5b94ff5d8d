"""An identity card in two files, its front and its back: viewed, reordered, and one deleted."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, move_in, sign_in, wait_for_job, write_file
from tests.live import Live
from tests.services.dossiers.made import one_page


@pytest.fixture
def front(tmp_path: Path) -> Path:
    return write_file(tmp_path, "recto.pdf", one_page())


@pytest.fixture
def back(tmp_path: Path) -> Path:
    return write_file(tmp_path, "verso.pdf", one_page())


def test_in_french_on_a_wide_screen(live: Live, visitor: Visitors, front: Path, back: Path, tmp_path: Path) -> None:
    address = "nadia.recto@courriel.example"
    move_in(live, address)
    page = visitor(width=1280, language="fr-FR")
    sign_in(page, live, address)
    eyes, hands = Eyes(page, "fr"), Hands(page)

    # The front is uploaded alone, and one check reports what is missing.
    page.goto("/coffre/ajouter/?nature=cni")
    page.locator("input[type=file]").set_input_files(front)
    hands.press("Envoyer ce papier")
    wait_for_job(page, "Voir le résultat", script=True)
    eyes.look()
    hands.press("Ranger ce papier")
    page.goto("/coffre/papiers/")
    hands.follow(re.compile("Carte nationale d’identité"))
    paper = page.url
    eyes.look()

    # The back is added.
    hands.follow("Ajouter une page ou une face")
    eyes.look()
    hands.press("Envoyer ce fichier")
    expect(page.get_by_role("alert")).to_contain_text("Choisissez")
    eyes.look()
    page.locator("input[type=file]").set_input_files(back)
    hands.press("Envoyer ce fichier")
    wait_for_job(page, "Voir le résultat", script=True)
    assert page.url == paper
    files = page.locator("section", has=page.get_by_role("heading", name="Ses fichiers")).get_by_role("listitem")
    expect(files).to_contain_text(["recto.pdf", "verso.pdf"])
    eyes.look()

    # Each file is viewed and downloaded separately; then they are swapped.
    hands.follow(re.compile("Voir l’aperçu du fichier 2"))
    expect(page.get_by_role("img", name="Fichier 2, page 1")).to_be_visible()
    eyes.look()
    with page.expect_download() as download:
        files.nth(1).get_by_role("link", name="Télécharger").click()
    assert download.value.suggested_filename == "verso.pdf"
    download.value.save_as(tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == back.read_bytes()
    hands.press(re.compile("Monter du fichier 2"))
    expect(files).to_contain_text(["verso.pdf", "recto.pdf"])

    # A program is not a page: the paper says so and is unchanged.
    hands.follow("Ajouter une page ou une face")
    page.locator("input[type=file]").set_input_files(write_file(tmp_path, "dos.pdf", b"MZ\x90\x00" + bytes(400)))
    hands.press("Envoyer ce fichier")
    wait_for_job(page, "Voir le résultat", script=True)
    page.goto(paper)
    expect(page.get_by_text("Le dernier fichier ajouté n’a pas été accepté")).to_be_visible()
    expect(files).to_contain_text(["verso.pdf", "recto.pdf"])
    eyes.look()

    # The back is deleted; the front, which was read, stays.
    hands.follow(re.compile("Retirer du fichier 1"))
    expect(page.get_by_text("« verso.pdf » sera effacé.")).to_be_visible()
    eyes.look()
    hands.press("Retirer ce fichier")
    expect(page.get_by_text("Le fichier est retiré.")).to_be_visible()
    expect(page.get_by_text("verso.pdf")).to_have_count(0)


def test_in_english_on_a_telephone_without_scripts_by_keyboard(
    live: Live, visitor: Visitors, front: Path, back: Path
) -> None:
    address = "nadia.verso@courriel.example"
    move_in(live, address)
    page = visitor(width=320, language="en-GB", javascript=False)
    sign_in(page, live, address)
    eyes, keys = Eyes(page, "en"), Keyboard(page)

    page.goto("/coffre/ajouter/?nature=cni")
    keys.choose_file("Your file", front)
    keys.follow("Send this paper")
    wait_for_job(page, "See the result", script=False)
    keys.follow("See the result")
    keys.follow("Store this paper")
    page.goto("/coffre/papiers/")
    keys.follow("National identity card")
    keys.follow("Add a page or a side")
    eyes.look()
    keys.choose_file("[Ff]ile", back)
    keys.follow("Send this file")
    wait_for_job(page, "See the result", script=False)
    keys.follow("See the result")
    eyes.look()
    keys.follow("^Move up")
    files = page.locator("section", has=page.get_by_role("heading", name="Its files")).get_by_role("listitem")
    expect(files).to_contain_text(["verso.pdf", "recto.pdf"])
    keys.follow("^Remove of file 1")
    eyes.look()
    keys.follow("Remove this file")
    expect(page.get_by_text("verso.pdf")).to_have_count(0)
    eyes.look()
