"""From Nadia's tax notice to the aids that she may claim, with reasons, and a sealed, verifiable dossier."""

import io
import re
from pathlib import Path

import pikepdf
import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from demo.papers import drawer, specimens
from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, code_in, euros, mail_for, move_in, wait_for_job, write_file
from tests.live import Live

ADDRESS = "nadia.voisine@courriel.example"
AID = "/aides/prime_activite/pourquoi/"


@pytest.fixture
def notice(tmp_path: Path) -> Path:
    return write_file(tmp_path, "avis-impot.pdf", drawer.tax_notice("nadia", timezone.localdate()))


@pytest.fixture
def bank_details(tmp_path: Path) -> Path:
    person = specimens.Holder(family_name="Kervella", given_name="Nadia", title="Mme")
    return write_file(
        tmp_path,
        "rib.pdf",
        specimens.bank_details(person=person, home=specimens.Home(street="12 rue des Tanneurs"), account="7"),
    )


def claimed(page: Page) -> int:
    """Return the amount of the in-work benefit on the page of aids."""
    return euros(
        page.locator(".civic-result", has_text="Prime d’activité").locator(".civic-result__amount").inner_text()
    )


def test_in_french_on_a_wide_screen(
    live: Live, visitor: Visitors, notice: Path, bank_details: Path, tmp_path: Path
) -> None:
    move_in(live, ADDRESS)
    page = visitor(width=1280, language="fr-FR")
    eyes = Eyes(page, "fr")
    press, follow = Hands(page).press, Hands(page).follow

    # She signs in with the e-mailed code.
    page.goto("/")
    eyes.look()
    follow("Se connecter", within="header")
    eyes.look()
    page.get_by_role("textbox", name="adresse e-mail").fill(ADDRESS)
    press("Recevoir un code")
    eyes.look()
    page.get_by_role("textbox", name="Code").fill(code_in(mail_for(live, ADDRESS)))
    press("Continuer")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nadia")
    eyes.look()

    # She uploads her tax notice: it is read, its signature verified, and it is stored once she confirms.
    page.goto("/coffre/ajouter/")
    eyes.look()
    page.locator("input[type=file]").set_input_files(notice)
    press("Envoyer ce papier")
    wait_for_job(page, "Voir le résultat", script=True)
    eyes.look()
    expect(page.get_by_text("La signature est valable")).to_be_visible()
    eyes.look()
    press("Ranger ces valeurs")
    eyes.look()

    # Her vault shows each value with its origin.
    follow("Mon coffre", within="header")
    income = page.locator(".civic-value", has_text="Revenu fiscal de référence").first
    expect(income).to_contain_text("14\u00a0120\u00a0€")
    expect(income).to_contain_text("Impôts")
    expect(income).to_contain_text("À jour jusqu’au")
    eyes.look()

    # Without typing, she reads the aids that she may claim, and why.
    follow("Mes aides", within="header")
    before = claimed(page)
    assert before > 0
    eyes.look()
    page.goto(AID)
    expect(page.get_by_role("table", name="Le calcul, étape par étape")).to_contain_text("1\u00a0180\u00a0€")
    eyes.look()

    # A wage is wrong: she corrects it from there, and the amount changes.
    follow(re.compile("^Corriger"))
    eyes.look()
    follow(re.compile("Montant net social"))
    eyes.look()
    page.get_by_role("textbox", name="net social").fill("900")
    press("Enregistrer la correction")
    expect(page.get_by_text("L’ancienne reste visible")).to_be_visible()
    eyes.look()
    follow("Mes aides", within="header")
    assert claimed(page) != before

    # The dossier lists what is missing; she adds her bank details from there.
    page.goto(AID)
    follow("Préparer le dossier")
    eyes.look()
    press("Voir ce qu’il faut")
    expect(page.get_by_text("À compléter")).to_be_visible()
    eyes.look()
    dossier = page.url
    lacking = page.locator(".govuk-task-list__item", has_text="Relevé d’identité bancaire")
    expect(lacking).to_contain_text("Manquant")
    follow("Relevé d’identité bancaire")
    eyes.look()
    page.get_by_label("Un PDF ou une photo").set_input_files(bank_details)
    press("Ajouter ce papier")
    confirm_when_read(page, dossier, "Relevé d’identité bancaire")
    eyes.look()
    press("Ranger ce papier")
    page.goto(dossier)
    expect(page.locator(".govuk-task-list__item", has_text="Relevé d’identité bancaire")).to_contain_text("Complet")

    # It is made, on a page that shows the progress, then downloaded.
    press("Faire le dossier quand même")
    wait_for_job(page, "Voir le résultat", script=True)
    expect(page.get_by_role("heading", level=1)).to_have_text("Le PDF de votre dossier est fait")
    eyes.look()
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger le PDF").click()
    made = tmp_path / "dossier.pdf"
    download.value.save_as(made)
    whole(made)

    # Signed out, anyone can verify the dossier; a changed one is refused.
    press("Se déconnecter", within="header")
    eyes.look()
    page.goto(dossier)
    assert "/connexion/" in page.url
    page.goto("/verifier/")
    eyes.look()
    page.get_by_label("Fichier PDF du dossier").set_input_files(made)
    press("Vérifier le fichier")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ce fichier est entier")
    eyes.look()
    page.goto("/verifier/")
    page.get_by_label("Fichier PDF du dossier").set_input_files(changed(made))
    press("Vérifier le fichier")
    expect(page.get_by_role("heading", level=1)).to_have_text("Fichier inconnu ou modifié")
    eyes.look()
    assert len(set(eyes.seen)) >= 16


def test_in_english_on_a_telephone_without_scripts_by_keyboard(
    visitor: Visitors, notice: Path, tmp_path: Path
) -> None:
    page = visitor(width=320, language="en-GB", javascript=False)
    eyes, keyboard = Eyes(page, "en"), Keyboard(page)

    # She enters the demonstration, after the link that skips to the content.
    page.goto("/connexion/")
    eyes.look()
    keyboard.skip_to_content()
    keyboard.follow("Sign in")
    eyes.look()
    keyboard.follow("as Nadia Kervella")
    eyes.look()

    # The file is chosen by its field, the job followed by its link.
    page.goto("/coffre/ajouter/")
    eyes.look()
    keyboard.choose_file("Your file", notice)
    keyboard.follow("Send this paper")
    until_done(page, keyboard, eyes)
    expect(page.get_by_text("The signature is valid")).to_be_visible()
    eyes.look()
    keyboard.follow("Store these values")
    eyes.look()

    # The menu works by keyboard; the vault shows the notice's income.
    open_from_menu(keyboard, "My vault")
    expect(page.locator(".civic-value", has_text="Reference tax income").first).to_contain_text("€14,120")
    eyes.look()
    open_from_menu(keyboard, "My benefits")
    before = claimed(page)
    eyes.look()
    keyboard.follow(r"^Why.*Prime d’activité")
    eyes.look()
    keyboard.follow(r"^Correct \(Monthly wage")
    eyes.look()
    keyboard.follow("Net social amount")
    eyes.look()
    keyboard.write("Net social", "900")
    keyboard.follow("Save")
    eyes.look()
    open_from_menu(keyboard, "My benefits")
    assert claimed(page) != before

    # The dossier needs contact details: two questions, one per page, one of them skipped.
    keyboard.follow(r"^Prepare the application.*Prime d’activité")
    eyes.look()
    keyboard.follow("See what is needed")
    eyes.look()
    dossier = page.url
    keyboard.follow("^Contact details")
    eyes.look()
    keyboard.follow("Give this information")
    eyes.look()
    give_an_address(page, keyboard, eyes)
    page.goto(dossier)
    expect(page.locator(".govuk-task-list__item", has_text="Contact details")).to_contain_text("Complete")
    keyboard.follow("^Make the application")
    until_done(page, keyboard, eyes)
    expect(page.get_by_role("heading", level=1)).to_have_text("The PDF of your application is made")
    eyes.look()
    keyboard.go_to("Download the PDF")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    made = tmp_path / "application.pdf"
    download.value.save_as(made)
    whole(made)

    # Verified by its file, then by its code; then she leaves.
    keyboard.follow("^Check an application")
    eyes.look()
    keyboard.choose_file("The application’s PDF file", made)
    keyboard.follow("Check the file")
    expect(page.get_by_role("heading", level=1)).to_have_text("This file is whole")
    eyes.look()
    open_from_menu(keyboard, "Sign out")
    eyes.look()
    page.goto("/coffre/")
    assert "/connexion/" in page.url
    assert keyboard.stops > 150 and len(set(eyes.seen)) >= 18


def confirm_when_read(page: Page, dossier: str, name: str) -> None:
    """From the dossier's list, open the paper just added, once the worker has read it."""
    hands = Hands(page)
    for _ in range(120):
        line = page.locator(".govuk-task-list__item", has_text=name)
        if "À confirmer" in line.inner_text():
            hands.follow(name)
            hands.follow("Vérifier ce papier")
            return
        page.wait_for_timeout(500)
        page.goto(dossier)
    raise AssertionError("the paper is never read")


def until_done(page: Page, keyboard: Keyboard, eyes: Eyes) -> None:
    """Reload the job's page by its link until its result is available."""
    eyes.look()
    for _ in range(60):
        if page.get_by_role("link", name="See the result").count():
            keyboard.follow("See the result")
            return
        page.wait_for_timeout(700)
        keyboard.follow("Reload the page")
    raise AssertionError(f"{page.url}: still not done")


def open_from_menu(keyboard: Keyboard, name: str) -> None:
    keyboard.go_to("^Menu", in_main=False)
    keyboard.page.keyboard.press("Space")
    keyboard.follow(f"^{name}", in_main=False)


def give_an_address(page: Page, keyboard: Keyboard, eyes: Eyes) -> None:
    """Enter an e-mail address as the only contact detail."""
    keyboard.follow("Start")
    for _ in range(10):
        eyes.look()
        if page.get_by_role("button", name="Store in my vault").count():
            keyboard.follow("Store in my vault")
            return
        if page.locator("main input[type=email]").count():
            keyboard.write("", "nadia@courriel.example")
            keyboard.follow("Continue")
        else:
            keyboard.follow("Skip this question")
    raise AssertionError("the questions never end")


def whole(path: Path) -> None:
    with pikepdf.open(path) as document:
        assert len(document.pages) >= 5
        assert "/AcroForm" in document.Root


def changed(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    return write_file(path.parent, "dossier-change.pdf", io.BytesIO(bytes(content)).getvalue())
