"""Typing a value by hand, one question per page: skipping questions, going back, correcting."""

from playwright.sync_api import expect

from tests.browser import Visitors
from tests.journeys.people import Eyes, Hands


def enter(page, who: str) -> None:
    page.goto("/demonstration/")
    with page.expect_navigation():
        page.locator(f"form:has(input[value={who}]) button").click()


def test_a_value_is_typed_question_by_question(visitor: Visitors) -> None:
    page = visitor(width=320)
    eyes, hands = Eyes(page, "fr"), Hands(page)
    enter(page, "samir")
    page.goto("/coffre/saisir/")
    eyes.look()
    page.locator("main summary", has_text="Coordonnées").click()
    hands.follow("Coordonnées")
    expect(page.get_by_text("Qui le demande")).to_be_visible()
    eyes.look()
    hands.press("Commencer")

    # An empty answer: the question is asked again, and the focus moves to the error.
    hands.press("Continuer")
    expect(page.locator(".govuk-error-summary")).to_be_focused()
    assert page.title().startswith("Erreur")
    eyes.look()
    page.get_by_role("link", name="Répondez à la question").click()
    expect(page.locator("main input[type=email]")).to_be_focused()
    page.locator("main input[type=email]").fill("samir@courriel.example")
    hands.press("Continuer")
    eyes.look()

    # He skips his telephone number, goes back, and forward again.
    expect(page.locator("main input[type=tel]")).to_be_visible()
    hands.press("Passer cette question")
    while not page.get_by_role("button", name="Ranger dans mon coffre").count():
        hands.press("Passer cette question")
    eyes.look()
    expect(page.get_by_role("main")).to_contain_text("samir@courriel.example")
    hands.press("Ranger dans mon coffre")
    page.goto("/coffre/")
    page.get_by_role("searchbox", name="Une valeur ou un papier").fill("samir@")
    hands.press("Chercher")
    row = page.locator(".civic-value", has_text="samir@courriel.example")
    expect(row).to_contain_text("Déclaré")
    expect(row).to_contain_text("Saisi par vous")
    eyes.look()

    # Corrected, then withdrawn: both stay visible in the history.
    with page.expect_navigation():
        row.get_by_role("link", name="Corriger").click()
    page.locator("main input[type=email]").fill("samir.b@courriel.example")
    hands.press("Enregistrer la correction")
    expect(page.get_by_role("main")).to_contain_text("samir@courriel.example")
    expect(page.get_by_role("main")).to_contain_text("samir.b@courriel.example")
    eyes.look()
    hands.follow("Retirer du coffre")
    eyes.look()
    hands.press("Retirer du coffre")
    page.goto("/coffre/")
    expect(page.locator("dt", has_text="Adresse électronique")).to_have_count(0)


def test_an_abandoned_question_stores_nothing(visitor: Visitors) -> None:
    page = visitor(width=1280, javascript=False)
    eyes, hands = Eyes(page, "fr"), Hands(page)
    enter(page, "mael")
    page.goto("/coffre/saisir/identite.contact/")
    hands.press("Commencer")
    page.locator("main input[type=email]").fill("mael@courriel.example")
    hands.press("Continuer")
    hands.press("Abandonner sans rien ranger")
    eyes.look()
    page.goto("/coffre/")
    expect(page.locator("dt", has_text="Adresse électronique")).to_have_count(0)


def test_a_skipped_question_about_aids_is_not_asked_again(visitor: Visitors) -> None:
    page = visitor(width=1280)
    eyes, hands = Eyes(page, "fr"), Hands(page)
    enter(page, "nadia")
    page.goto("/aides/")
    first = page.locator("[aria-labelledby=first] a")
    expect(first).to_be_visible()
    question = first.inner_text()
    hands.follow(question)
    eyes.look()
    hands.press("Passer cette question")
    eyes.look()
    assert page.locator("[aria-labelledby=first] a").all_inner_texts() != [question]
