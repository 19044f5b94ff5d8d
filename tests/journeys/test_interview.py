"""Taking stock without an account: from nothing to a printed sheet, then to a vault; and with a vault at first."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from demo import paper_drawer
from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, code_in, mail_for, wait_for_job, write_file
from tests.live import Live

START, RESULT = "/faire-le-point/", "/faire-le-point/resultat/"
# A person who waits two seconds before each answer.
READING = 2.0
Answers = Mapping[str, str | tuple[str, str, str]]
SINGLE: Answers = {
    "naissance": ("30", "11", "1996"),
    "couple": "no",
    "enfants": "0",
    "activite": "actif",
    "revenus": "1250",
    "mois": "longtemps",
    "logement": "locataire_meuble",
    "loyer": "520",
    "nationalite": "FR",
    "handicap": "none",
    "grossesse": "no",
    "avis": "14000",
}


def name_of(page: Page) -> str:
    return page.url.rstrip("/").rpartition("/")[2]


def answer(page: Page, given: Answers) -> int:
    """Answer the page's question by clicks, “je ne sais pas” if it is not in `given`. Return the number of taps."""
    value = given.get(name_of(page))
    if value is None:
        press(page, "button[name=skip]")
    elif isinstance(value, tuple):
        for part, text in zip(("day", "month", "year"), value, strict=True):
            page.locator(f"#id_answer_{part}").fill(text)
        press(page, "main .govuk-button")
    elif page.locator(tap := f"button[name=answer][value='{value}']").count():
        press(page, tap)
    else:
        page.locator("#id_answer").fill(value)
        press(page, "main .govuk-button")
    return 1


def press(page: Page, what: str) -> None:
    with page.expect_navigation():
        page.locator(what).first.click()


def tell(page: Page, given: Answers, eyes: Eyes | None = None) -> tuple[int, int]:
    """Go from the first page to the result. Return the numbers of answers and of taps."""
    answers = taps = 0
    while not page.url.endswith(RESULT):
        if eyes:
            eyes.look()
        taps += answer(page, given)
        answers += 1
        assert answers <= 25, page.url
    return answers, taps


@pytest.mark.parametrize(
    ("width", "language", "javascript"),
    [(1280, "fr-FR", True), (320, "fr-FR", False), (320, "en-GB", True), (1280, "en-GB", False)],
)
def test_from_the_home_page_to_a_printed_sheet(visitor: Visitors, width: int, language: str, javascript: bool) -> None:
    page = visitor(width=width, language=language, javascript=javascript)
    eyes = Eyes(page, language[:2])
    page.goto("/")
    eyes.look()
    press(page, ".civic-hero .govuk-button")
    answers, taps = tell(page, SINGLE, eyes)
    assert answers <= 12 and taps + 2 <= 14
    eyes.look()
    expect(page.locator(".civic-headline__number")).to_contain_text("€")
    press(page, f"a[href='{START}feuille/']")
    eyes.look()
    sheet = page.locator(".civic-sheet")
    expect(sheet).to_contain_text("Prime d’activité")
    page.emulate_media(media="print")
    assert not page.locator(".civic-header").is_visible() and not page.locator(".civic-footer").is_visible()
    assert sheet.is_visible() and not page.locator(".civic-noprint").is_visible()
    if javascript and width == 1280:
        assert page.pdf(format="A4").count(b"/Type /Page\n") == 1
    page.emulate_media(media="screen")
    page.go_back()
    press(page, f"form[action='{START}effacer/'] button")
    page.goto(RESULT)
    assert not page.url.endswith(RESULT)


def test_a_single_tenant_takes_a_minute_with_two_seconds_a_page(visitor: Visitors) -> None:
    page = visitor(width=320)
    page.goto("/")
    began = page.evaluate("Date.now()")
    page.wait_for_timeout(READING * 1000)
    press(page, ".civic-hero .govuk-button")
    seen_before_the_end = False
    while not page.url.endswith(RESULT):
        page.wait_for_timeout(READING * 1000)
        seen_before_the_end = seen_before_the_end or page.locator(".civic-aside strong.civic-num").count() > 0
        answer(page, SINGLE)
    assert page.evaluate("Date.now()") - began <= 60_000
    assert seen_before_the_end
    expect(page.locator(".civic-headline__number")).to_contain_text("€")


def test_with_the_keyboard_alone(visitor: Visitors) -> None:
    page = visitor(width=1280)
    keys = Keyboard(page)
    page.goto(START)
    for _ in range(25):
        if page.url.endswith(RESULT):
            break
        keys.follow("Je ne sais pas")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ce que vous pourriez demander")


def sign_in(live: Live, page: Page, address: str) -> None:
    """Type the address on the page of sign-in, then the code; a new address opens a vault."""
    page.get_by_role("textbox", name="adresse e-mail").fill(address)
    Hands(page).press("Recevoir un code")
    page.get_by_role("textbox", name="Code").fill(code_in(mail_for(live, address)))
    Hands(page).press("Continuer")


def open_vault(live: Live, page: Page, address: str, name: str = "Inès Moreau") -> None:
    sign_in(live, page, address)
    page.locator("main form input[type=text]").first.fill(name)
    press(page, "main form .govuk-button")


def test_from_the_interview_to_a_vault(live: Live, visitor: Visitors) -> None:
    page = visitor(width=320)
    eyes = Eyes(page, "fr")
    page.goto(START)
    tell(page, SINGLE)
    shown = page.locator(".civic-headline__number").inner_text().split("€")[0].strip()
    Hands(page).press("Garder tout cela dans un coffre")
    open_vault(live, page, "ines.point@courriel.example")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Garder vos réponses")
    eyes.look()
    expect(page.locator("main")).to_contain_text("520")
    Hands(page).press("Garder dans mon coffre")
    expect(page.get_by_text("Vos réponses sont dans votre coffre")).to_be_visible()
    expect(page.locator(".civic-headline__number")).to_contain_text(shown)
    eyes.look()
    page.goto("/coffre/")
    expect(page.locator("main")).to_contain_text("520")


def test_an_empty_vault_by_answering_questions(live: Live, visitor: Visitors) -> None:
    page = visitor(width=1280)
    page.goto("/connexion/")
    open_vault(live, page, "ines.vide@courriel.example")
    page.goto(START)
    answers, _taps = tell(page, SINGLE)
    assert answers <= 12
    expect(page.locator(".civic-headline__number")).to_contain_text("€")
    Hands(page).follow("Garder tout cela dans mon coffre")
    Hands(page).press("Garder dans mon coffre")
    expect(page.locator(".civic-headline__number")).to_contain_text("€")


def test_a_notice_then_five_answers_give_a_first_amount(live: Live, visitor: Visitors, tmp_path: Path) -> None:
    notice = write_file(tmp_path, "avis-impot.pdf", paper_drawer.tax_notice("nadia", timezone.localdate()))
    page = visitor(width=320)
    page.goto("/connexion/")
    open_vault(live, page, "nadia.avis@courriel.example", "Nadia Kervella")
    page.goto("/coffre/ajouter/")
    page.locator("input[type=file]").set_input_files(notice)
    Hands(page).press("Envoyer ce papier")
    wait_for_job(page, "Voir le résultat", script=True)
    Hands(page).follow("Voir le résultat")
    Hands(page).press("Ranger ces valeurs")
    page.goto(START)
    answers = 0
    while page.locator(".civic-aside strong.civic-num").count() == 0:
        answer(page, SINGLE)
        answers += 1
        assert answers <= 5, page.url
    assert re.search(r"\d", page.locator(".civic-aside strong.civic-num").inner_text())
