"""Rosa has no e-mail: a vault is opened with her at the desk, a paper is added, and later she claims it at home."""

import re
from pathlib import Path

import pypdfium2
from django.utils import timezone
from playwright.sync_api import Page, expect

from demo.papers import drawer
from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, code_in, mail_for, take_session, write_file
from tests.live import Live

#: An agent of the desk with the second factor given; prints the cookie of their session.
KEEPER = """
from tests.journeys.filling import cookie
from tests.vault.at_desk import keeper
print(cookie(keeper("{name}", email="{address}")))
"""


def at_their_desk(page: Page, live: Live, name: str, address: str) -> None:
    take_session(page, live, live.run(KEEPER.format(name=name, address=address)).strip())


def is_missing(page: Page, address: str) -> bool:
    answer = page.goto(address)
    return answer is not None and answer.status == 404


def notice() -> bytes:
    return drawer.tax_notice("nadia", timezone.localdate())


def code_on(sheet: Path) -> str:
    """Return the code printed on the sheet."""
    text = " ".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(sheet.read_bytes()))
    found = re.search(r"\b[A-Z0-9]{4}([ -])[A-Z0-9]{4}\1[A-Z0-9]{4}\b", text)
    assert found, text
    return found[0]


def printed(page: Page, name: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.locator("main").get_by_role("button", name=name).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_in_french_on_a_wide_screen(live: Live, visitor: Visitors, tmp_path: Path) -> None:
    desk, home = visitor(width=1280), visitor(width=1280)
    eyes, her_eyes = Eyes(desk, "fr"), Eyes(home, "fr")
    press, follow = Hands(desk).press, Hands(desk).follow
    at_their_desk(desk, live, "Agathe Guichet", "agathe.guichet@ville.example")

    # Nothing is opened without her request, there.
    desk.goto("/agents/guichet/")
    eyes.look()
    follow(re.compile("^Elle n’a pas encore de coffre"))
    desk.get_by_label("Comment la personne veut-elle être appelée").fill("Rosa Guichet")
    press("Ouvrir son coffre")
    expect(desk.locator(".govuk-error-summary")).to_be_visible()
    eyes.look()
    desk.get_by_label(re.compile(r"^\s*La personne est devant moi")).check()
    press("Ouvrir son coffre")
    expect(desk.get_by_role("heading", level=1)).to_have_text("Rosa Guichet")
    expect(desk.get_by_text("Elle n’a pas encore de feuille")).to_be_visible()
    eyes.look()
    visit = desk.url

    # Ending without a sheet would lose her vault, so the page warns. Each sheet replaces the previous one.
    follow("Terminer la visite")
    expect(desk.get_by_text("personne ne pourra rouvrir ce coffre")).to_be_visible()
    eyes.look()
    follow("Continuer")
    first = code_on(printed(desk, "Imprimer sa feuille", tmp_path))
    desk.goto(visit)
    second = code_on(printed(desk, "Imprimer une autre feuille", tmp_path))
    assert first != second

    # A paper is added, which the desk cannot read afterwards.
    follow("Ajouter un papier")
    desk.locator("main input[type=file]").set_input_files(write_file(tmp_path, "avis.pdf", notice()))
    press("Envoyer ce papier")
    wait_until_checked(desk)
    eyes.look()
    follow("Revenir à la visite")
    expect(desk.get_by_text("avis.pdf")).to_have_count(0)
    follow("Terminer la visite")
    press("Terminer la visite")
    expect(desk.get_by_text("La visite est terminée")).to_be_visible()
    eyes.look()
    assert is_missing(desk, visit)

    # She comes back: the replaced sheet opens nothing, the last one opens the items that she chooses.
    desk.goto("/agents/guichet/")
    follow("Elle revient avec sa feuille")
    desk.get_by_label("Code de la feuille").fill(first)
    press("Commencer la visite")
    expect(desk.get_by_text("Ce code n’ouvre rien").first).to_be_visible()
    eyes.look()
    desk.get_by_label("Code de la feuille").fill(second.lower())
    desk.get_by_label("Logement et loyer").check()
    press("Commencer la visite")
    follow(re.compile("^Voir.*Logement et loyer"))
    expect(desk.get_by_text("Rien dans le coffre aujourd’hui")).to_be_visible()
    eyes.look()
    visit = desk.url

    # At home she has an address: only she can open the vault, and its journal has both visits.
    home.goto("/connexion/")
    Hands(home).follow("J’ai une feuille imprimée au guichet")
    her_eyes.look()
    home.get_by_label("Code de votre feuille").fill(second)
    home.get_by_role("textbox", name=re.compile("e-mail", re.IGNORECASE)).fill("rosa.guichet@courriel.example")
    Hands(home).press("Recevoir un code")
    her_eyes.look()
    home.get_by_role("textbox", name="Code").fill(code_in(mail_for(live, "rosa.guichet@courriel.example")))
    Hands(home).press("Continuer")
    expect(home.get_by_text("Ce coffre s’ouvre maintenant avec votre adresse")).to_be_visible()
    her_eyes.look()
    Hands(home).follow("Journal", within="header")
    expect(home.get_by_text("« Agathe Guichet, Ville de Villebrume » a ajouté un papier").first).to_be_visible()
    her_eyes.look()
    assert is_missing(desk, visit)


def test_in_english_on_a_telephone_without_scripts_by_keyboard(live: Live, visitor: Visitors, tmp_path: Path) -> None:
    desk = visitor(width=320, language="en-GB", javascript=False)
    eyes, keys = Eyes(desk, "en"), Keyboard(desk)
    at_their_desk(desk, live, "Aline Desk", "aline.desk@ville.example")

    desk.goto("/agents/guichet/")
    eyes.look()
    keys.follow("^They have no vault yet")
    keys.write("How does the person want to be called", "Rosa Desk")
    keys.go_to("^The person is in front of me")
    desk.keyboard.press("Space")
    keys.follow("^Open their vault")
    expect(desk.get_by_role("heading", level=1)).to_have_text("Rosa Desk")
    eyes.look()
    keys.go_to("^Print their sheet")
    with desk.expect_download() as download:
        desk.keyboard.press("Enter")
    sheet = tmp_path / "sheet.pdf"
    download.value.save_as(sheet)
    keys.follow("^Add a paper")
    keys.choose_file("file|File", write_file(tmp_path, "notice.pdf", notice()))
    keys.follow("^Send this paper")
    wait_until_checked(desk)
    eyes.look()
    keys.follow("^Go back to the visit")
    keys.follow("^End the visit")
    keys.follow("^End the visit")
    expect(desk.get_by_text("You see nothing more of this person")).to_be_visible()

    keys.follow("^They come back with their sheet")
    keys.write("Code on the sheet", code_on(sheet))
    keys.follow("^Begin the visit")
    expect(desk.get_by_role("heading", level=1)).to_have_text("Rosa Desk")
    eyes.look()


def wait_until_checked(desk: Page) -> None:
    """Follow the link of the page until the worker has checked the file."""
    arrived = desk.get_by_text(re.compile("^(Le papier est arrivé|The paper has arrived)$")).first
    again = re.compile("^(Voir où en est le contrôle|See how the check is going)")
    for _ in range(60):
        if arrived.is_visible():
            return
        desk.get_by_role("button", name=again).or_(desk.get_by_role("link", name=again)).first.click()
        desk.wait_for_timeout(500)
    expect(arrived).to_be_visible()
