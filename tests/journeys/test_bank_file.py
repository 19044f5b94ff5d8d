"""A bank's file: found in “get my data”, shown as totals, its columns named, stored once, shown with its origin."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from demo.tour import bank
from demo.tour.visitor import Visitor
from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, move_in, sign_in, wait_for_job, write_file
from tests.live import Live

#: Columns of no known bank: only the resident can say which one has the debits.
HEADERS = "Quand;Quoi;Moins;Plus;Solde"


def letter() -> bytes:
    """Return a text processor's file, without a word in it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("word/document.xml", "<document/>")
    return content.getvalue()


SENTENCES = {
    "courrier.docx": (letter(), "Nous ne connaissons pas ce type de fichier"),
    "notes.txt": ("Penser à demander le relevé.\n".encode(), "OFX, QIF, CAMT.053, CSV"),
    "coupe.ofx": (bank.ofx(timezone.localdate())[:900], "Téléchargez-le à nouveau"),
}


@pytest.fixture
def ofx(tmp_path: Path) -> Path:
    return write_file(tmp_path, "operations.ofx", bank.ofx(timezone.localdate()))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_file(tmp_path, "compte.csv", columns())


def columns() -> bytes:
    """Return a table of the OFX file's operations and one more."""
    rows = [*bank.operations(timezone.localdate())]
    rows.append((rows[-1][0], "-9.90", "CB LIBRAIRIE DES QUAIS"))
    signed = [
        (day, label, amount.lstrip("-").replace(".", ","), amount.startswith("-")) for day, amount, label in rows
    ]
    lines = [
        f"{day:%d/%m/%Y};{label};{text if out else ''};{'' if out else text};" for day, label, text, out in signed
    ]
    return "\r\n".join([HEADERS, *lines, ""]).encode("cp1252")


def send(page: Page, file: Path) -> None:
    page.locator("input[type=file]").set_input_files(file)
    Hands(page).press("Envoyer")


def read(page: Page) -> None:
    wait_for_job(page, "Voir le résultat", script=True)


def keep(page: Page) -> None:
    """Confirm that the data is hers, which is asked because she has children."""
    page.get_by_role("radio", name="Vous").check()
    Hands(page).press("Ranger ces données dans mon coffre")


def test_in_french_on_a_wide_screen(live: Live, visitor: Visitors, ofx: Path, table: Path) -> None:
    address = "banque@courriel.example"
    move_in(live, address)
    page = visitor(width=1280)
    sign_in(page, live, address)
    eyes, hands = Eyes(page, "fr"), Hands(page)
    main = page.get_by_role("main")
    count = len([*bank.operations(timezone.localdate())])

    # The page of her bank explains where to find the file, and which formats are read.
    page.goto("/coffre/obtenir/")
    page.locator("main summary", has_text="Banque").click()
    hands.follow(re.compile("^Banque"))
    expect(main).to_contain_text("OFX, CSV, QIF")
    eyes.look()
    hands.follow("Ajouter le fichier")
    eyes.look()

    # The content is shown as monthly totals before anything is stored.
    send(page, ofx)
    read(page)
    expect(main).to_contain_text(f"{count} opérations, de ")
    expect(main).to_contain_text(re.compile(r"1.?870,80|1.?871"))
    expect(page.locator("main figure svg, main svg").first).to_be_visible()
    expect(main).to_contain_text("PRLV VILLEBRUME HABITAT")
    eyes.look()
    page.goto("/coffre/")
    expect(main).not_to_contain_text("Opération bancaire")
    page.go_back()

    # Her children may have accounts too, so the page asks whose data it is. One confirmation stores all of it, in a
    # job.
    assert page.locator("main input:checked").count() == 0
    hands.press("Ranger ces données dans mon coffre")
    expect(page.locator(".govuk-error-summary")).to_be_focused()
    eyes.look()
    keep(page)
    read(page)
    expect(main).to_contain_text(f"{count + 1} lignes nouvelles sont rangées")
    eyes.look()

    # Each month is shown with its origin.
    hands.follow("Opération bancaire")
    expect(main).to_contain_text("Banque, le ")
    eyes.look()
    page.locator("summary", has_text="Voir un mois").first.click()
    hands.follow(re.compile(r"\d{4}$"))
    expect(page.get_by_role("table").first).to_contain_text("VIR ATELIERS DU LAVOIR")
    expect(page.get_by_role("table").first.get_by_text("CB EPICERIE DES QUAIS")).to_have_count(2)
    eyes.look()

    # The page of her bank shows that it has data.
    page.goto("/coffre/obtenir/banque/")
    expect(main).not_to_contain_text("Rien de cet organisme")
    eyes.look()

    # Uploading the same file again adds nothing and says so.
    page.goto("/coffre/")
    eyes.look()
    hands.follow("Ajouter un papier")
    send(page, ofx)
    read(page)
    keep(page)
    read(page)
    expect(main).to_contain_text(f"{count + 1} lignes étaient déjà là")
    expect(main).not_to_contain_text("nouvelles")
    eyes.look()

    # A table of the same months: she names its columns, and only the new operation is added.
    page.goto("/coffre/ajouter/")
    send(page, table)
    read(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Que dit chaque colonne ?".replace(" ?", "\u00a0?"))
    eyes.look()
    page.get_by_label("Moins").select_option("debit")
    page.get_by_label("Plus").select_option("debit")
    hands.press("Lire le fichier ainsi")
    expect(page.locator(".govuk-error-summary")).to_be_focused()
    eyes.look()
    page.get_by_label("Plus").select_option("credit")
    hands.press("Lire le fichier ainsi")
    read(page)
    eyes.look()
    keep(page)
    read(page)
    expect(main).to_contain_text("1 ligne nouvelle est rangée")
    expect(main).to_contain_text(f"{count} lignes étaient déjà là")

    # The raw file is deleted, its data stays.
    hands.follow("Effacer le fichier, garder les données")
    eyes.look()
    hands.press(re.compile("^Supprimer|^Effacer"))
    page.goto("/coffre/tout/banque.operation/")
    expect(main).to_contain_text("Banque, le ")


def test_in_english_on_a_narrow_screen_by_keyboard_without_script(live: Live, visitor: Visitors, table: Path) -> None:
    address = "bank@courriel.example"
    move_in(live, address)
    page = visitor(width=320, language="en-GB", javascript=False)
    sign_in(page, live, address)
    eyes, keys = Eyes(page, "en"), Keyboard(page)
    main = page.get_by_role("main")

    page.goto("/coffre/obtenir/")
    keys.open("^Bank")
    keys.follow("^Bank")
    eyes.look()
    keys.follow("Add the file")
    eyes.look()
    keys.choose_file("Your file", table)
    keys.follow("^Send")
    wait_for_job(page, "See the result", script=False)
    keys.follow("See the result")

    # With the guessed columns only, debits and credits are missing: the page says so, and nothing is lost.
    eyes.look()
    keys.follow("Read the file this way")
    expect(main).to_contain_text("Say which column")
    eyes.look()
    choose(keys, "Moins", "Debit")
    choose(keys, "Plus", "Credit")
    keys.follow("Read the file this way")
    wait_for_job(page, "See the result", script=False)
    keys.follow("See the result")
    expect(main).to_contain_text("16 transactions, from ")
    eyes.look()
    keys.go_to("You")
    keys.page.keyboard.press("Space")
    keys.follow("Keep this data in my vault")
    wait_for_job(page, "See the result", script=False)
    keys.follow("See the result")
    expect(main).to_contain_text("16 new lines")
    eyes.look()
    keys.follow("^Bank transaction")
    expect(main).to_contain_text("Bank, ")
    eyes.look()
    keys.go_to("See a month")
    keys.page.keyboard.press("Enter")
    keys.follow(r"^\w+ \d{4}$")
    expect(page.get_by_role("table").first).to_contain_text("VIR ATELIERS DU LAVOIR")
    eyes.look()


def choose(keys: Keyboard, name: str, meaning: str) -> None:
    """Choose in a list by typing the start of the choice."""
    keys.go_to(name)
    keys.page.keyboard.type(meaning)


def test_an_incomplete_bank_file_is_refused_with_instructions(live: Live, visitor: Visitors, tmp_path: Path) -> None:
    address = "fichiers@courriel.example"
    move_in(live, address)
    page = visitor(width=320)
    sign_in(page, live, address)
    eyes, main = Eyes(page, "fr"), page.get_by_role("main")
    for name, (content, sentence) in SENTENCES.items():
        page.goto("/coffre/ajouter/")
        send(page, write_file(tmp_path, name, content))
        read(page)
        expect(main).to_contain_text(sentence)
        eyes.look()

    # An empty one is refused before it is sent.
    page.goto("/coffre/ajouter/")
    send(page, write_file(tmp_path, "vide.ofx", b""))
    expect(page.locator(".govuk-error-summary")).to_contain_text("Ce fichier est vide")
    eyes.look()

    # One that is cut between two operations is read, with a warning.
    page.goto("/coffre/ajouter/")
    whole = bank.ofx(timezone.localdate())
    send(page, write_file(tmp_path, "debut.ofx", whole[: whole.rindex(b"<STMTTRN>")]))
    read(page)
    expect(main).to_contain_text("La fin de ce fichier manque")
    eyes.look()


def test_the_tours_step_adds_the_file_once(live: Live) -> None:
    visitor, today = Visitor(live.url), timezone.localdate()
    start = visitor.open("/demonstration/")
    visitor.submit(start, start.form("person"), {"person": bank.WHO})
    for _time in range(2):
        assert "15 operations over 3 months" in bank.add_a_bank_file(visitor, today)
    assert visitor.typed == 0
