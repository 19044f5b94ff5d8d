"""Taking stock without an account: from nothing to a printed sheet, then to a vault; and from an empty vault."""

from collections.abc import Mapping
from time import perf_counter

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Visitors
from tests.journeys.people import Walker, euros, walker
from tests.live import Live

START, RESULT = "/faire-le-point/", "/faire-le-point/resultat/"
# The seconds that a person reads each page.
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


def answer(walk: Walker, given: Answers) -> None:
    """Answer the page's question with one tap, “je ne sais pas” if it is not in `given`."""
    page, value = walk.page, given.get(name_of(walk.page))
    if value is None:
        walk.press(page.locator("button[name=skip]"))
    elif isinstance(value, tuple):
        for part, text in zip(("day", "month", "year"), value, strict=True):
            walk.write(f"#id_answer_{part}", text)
        walk.act("Continuer", "Continue")
    elif (tap := page.locator(f"button[name=answer][value='{value}']")).count():
        walk.press(tap)
    else:
        walk.write("#id_answer", value)
        walk.act("Continuer", "Continue")


def tell(walk: Walker, given: Answers, *, looking: bool = True) -> int:
    """Go from the page of a question to the result, and look at each page. Return the number of answers.

    `looking` is False if another journey looked at these questions.
    """
    answers = 0
    while not walk.page.url.endswith(RESULT):
        if looking or not answers:
            walk.eyes.look()
        answer(walk, given)
        answers += 1
        assert answers <= 25, walk.page.url
    walk.eyes.look()
    return answers


def total(page: Page) -> int:
    return euros(page.locator(".civic-headline__number").inner_text())


@pytest.mark.parametrize("language", ["fr", "en"])
def test_from_the_home_page_to_a_printed_sheet_and_to_a_vault(live: Live, visitor: Visitors, language: str) -> None:
    walk = walker(visitor, language)
    page, eyes = walk.page, walk.eyes
    page.goto("/")
    eyes.look()
    walk.act("Faire le point sur mes aides", "Take stock of my benefits")
    assert tell(walk, SINGLE) <= 12
    shown = total(page)
    assert shown > 0

    # The sheet is one page, without the portal's header.
    walk.act("Imprimer", "Print")
    eyes.look()
    expect(page.locator(".civic-sheet")).to_contain_text("Prime d’activité")
    printed(page)
    page.go_back()

    # The answers wait for her while she opens a vault; she sees what is kept, and is asked nothing again.
    walk.act("Garder tout cela dans un coffre", "Keep all this in a vault")
    eyes.look()
    walk.open_vault(live, f"ines.point.{language}@courriel.example", "Inès Moreau")
    expect(page.get_by_role("heading", level=1)).to_contain_text(walk.say("Garder vos réponses", "Keep your answers"))
    expect(page.locator("main")).to_contain_text("520")
    eyes.look()
    walk.act("Garder dans mon coffre", "Keep in my vault")
    kept = walk.say("Vos réponses sont dans votre coffre", "Your answers are in your vault")
    expect(page.get_by_text(kept)).to_be_visible()
    assert total(page) == shown
    eyes.look()
    page.goto("/coffre/")
    expect(page.locator("main")).to_contain_text("520")
    eyes.look()


def printed(page: Page) -> None:
    page.emulate_media(media="print")
    for hidden in (".civic-header", ".civic-footer", ".civic-noprint"):
        assert not page.locator(hidden).first.is_visible()
    assert page.locator(".civic-sheet").is_visible()
    assert page.pdf(format="A4").count(b"/Type /Page\n") == 1
    page.emulate_media(media="screen")


def test_a_single_tenant_takes_a_minute_with_two_seconds_a_page_then_erases_the_answers(visitor: Visitors) -> None:
    page = visitor(width=320)
    walk = Walker(page, "fr")
    pages, began = 2, perf_counter()
    page.goto("/")
    walk.act("Faire le point sur mes aides", "")
    seen_before_the_end = False
    while not page.url.endswith(RESULT):
        pages += 1
        seen_before_the_end = seen_before_the_end or page.locator(".civic-aside strong.civic-num").count() > 0
        answer(walk, SINGLE)
    assert perf_counter() - began + pages * READING <= 60
    assert seen_before_the_end
    assert total(page) > 0
    walk.press(page.locator(f"form[action='{START}effacer/'] button"))
    page.goto(RESULT)
    assert not page.url.endswith(RESULT)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_an_empty_vault_by_answering_questions(live: Live, visitor: Visitors, language: str) -> None:
    walk = walker(visitor, language)
    page = walk.page
    page.goto("/connexion/")
    walk.open_vault(live, f"ines.vide.{language}@courriel.example", "Inès Moreau")
    walk.eyes.look()
    walk.act("Répondre", "Answer")
    assert tell(walk, SINGLE, looking=False) <= 12
    shown = total(page)
    walk.act("Garder tout cela dans mon coffre", "Keep all this in my vault")
    walk.eyes.look()
    walk.act("Garder dans mon coffre", "Keep in my vault")
    assert total(page) == shown > 0
    walk.eyes.look()
    page.goto("/")
    assert total(page) == shown
    walk.eyes.look()
