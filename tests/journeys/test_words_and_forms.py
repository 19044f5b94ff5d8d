"""Places by their names, a household by yes and no, a paper in another name, corrections by keyboard, the help."""

import re
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from demo.papers import drawer
from tests.browser import Visitors
from tests.journeys.people import Eyes, Hands, code_in, mail_for, wait_for_job, write_file
from tests.live import Live

NEWCOMER = """
from accounts.actions import accounts
accounts.register_resident(email="{address}", name="Inès")
"""


@pytest.fixture
def notice(tmp_path: Path) -> Path:
    return write_file(tmp_path, "avis-impot.pdf", drawer.tax_notice("nadia", timezone.localdate()))


def arrive(live: Live, page: Page, address: str) -> None:
    live.run(NEWCOMER.format(address=address))
    page.goto("/connexion/")
    page.get_by_role("textbox", name=re.compile("e-mail", re.IGNORECASE)).fill(address)
    page.get_by_role("button", name=re.compile("Recevoir un code|Send me a code|code")).first.click()
    page.get_by_role("textbox", name="Code").fill(code_in(mail_for(live, address)))
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile("Continuer|Continue")).first.click()


def test_an_identity_is_typed_without_a_code_of_insee(live: Live, visitor: Visitors) -> None:
    page = visitor(width=320, javascript=False)
    eyes, hands = Eyes(page, "fr"), Hands(page)
    arrive(live, page, "ines.lieux@courriel.example")
    page.goto("/coffre/saisir/identite.pivot/")
    hands.press("Commencer")
    page.locator("main input[name=answer]").fill("Martin")
    hands.press("Continuer")
    hands.press("Passer cette question")
    page.locator("main input[name=answer]").fill("Inès")
    hands.press("Continuer")

    # A birth in 2090 is told on its own page.
    for part, value in (("day", "3"), ("month", "4"), ("year", "2090")):
        page.locator(f"main input[name=answer_{part}]").fill(value)
    hands.press("Continuer")
    expect(page.locator(".govuk-error-summary")).to_contain_text("dans le futur")
    eyes.look()
    page.locator("main input[name=answer_year]").fill("1996")
    hands.press("Continuer")
    page.get_by_label("Femme").check()
    hands.press("Continuer")

    # A name that several towns have: she chooses hers, and France comes with it.
    page.locator("main input[name=answer]").fill("Saint-Denis")
    hands.press("Continuer")
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    eyes.look()
    page.get_by_label("Saint-Denis (93)").check()
    hands.press("Continuer")
    expect(page.get_by_role("main")).to_contain_text("Saint-Denis (93)")
    expect(page.get_by_role("main")).to_contain_text("France")
    eyes.look()
    hands.press("Ranger dans mon coffre")

    # Her household: two buttons, then yes or no, and no page of names before they are needed.
    page.goto("/coffre/saisir/foyer.composition/")
    hands.press("Commencer")
    expect(page.get_by_role("link", name="En couple")).to_be_visible()
    eyes.look()
    hands.press("Seul·e")
    eyes.look()
    hands.follow("Oui")
    page.get_by_label("Prénoms").fill("Lou")
    hands.press("Continuer")
    expect(page.get_by_label("Prénoms")).to_have_value("Lou")
    eyes.look()


def test_a_notice_in_another_name_is_asked_about_and_corrected_by_the_keyboard(
    live: Live, visitor: Visitors, notice: Path
) -> None:
    page = visitor(width=1280)
    eyes, hands = Eyes(page, "fr"), Hands(page)
    arrive(live, page, "ines.avis@courriel.example")
    page.goto("/coffre/ajouter/")
    page.locator("input[type=file]").set_input_files(notice)
    hands.press("Envoyer ce papier")
    wait_for_job(page, "Voir le résultat", script=True)
    expect(page.get_by_role("group", name="Est-ce bien le vôtre")).to_be_visible()
    expect(page.locator(".civic-values")).not_to_contain_text("Vérifié")
    eyes.look()

    # “Corriger” moves to the field, Enter keeps the correction, and -3 is told.
    hands.press(re.compile("Corriger.*Nombre de parts"))
    field = page.get_by_label("Nombre de parts")
    expect(field).to_be_focused()
    field.fill("-3")
    with page.expect_navigation():
        field.press("Enter")
    expect(page.locator(".govuk-error-summary")).to_contain_text("ne peut pas être négatif")
    eyes.look()
    page.get_by_label("Nombre de parts").fill("2,5")
    with page.expect_navigation():
        page.get_by_label("Nombre de parts").press("Enter")
    expect(page.get_by_label("Nombre de parts")).to_have_count(0)
    eyes.look()
    page.get_by_label("Oui, à moi").check()
    hands.press("Ranger ces valeurs")
    expect(page).not_to_have_url(re.compile("/confirmer/$"))
    # She says that it is hers; it is not verified for all that.
    page.goto("/coffre/papiers/")
    expect(page.locator("main")).to_contain_text("Rangé")
    expect(page.locator(".civic-tag", has_text="Vérifié")).to_have_count(0)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_help_is_searched_and_read(visitor: Visitors, language: str) -> None:
    page = visitor(width=320, language={"fr": "fr-FR", "en": "en-GB"}[language], javascript=False)
    eyes, hands = Eyes(page, language), Hands(page)
    page.goto("/aide/")
    eyes.look()
    page.get_by_role("searchbox").fill({"fr": "lourd", "en": "big"}[language])
    hands.press({"fr": "Chercher", "en": "Search"}[language])
    eyes.look()
    hands.follow({"fr": "Pourquoi mon fichier est-il refusé", "en": "Why is my file refused"}[language])
    expect(page).to_have_title(re.compile({"fr": "fichier", "en": "file refused"}[language]))
    eyes.look()


def test_a_file_too_heavy_is_told_when_it_is_chosen(visitor: Visitors, tmp_path: Path) -> None:
    page = visitor(width=1280)
    page.goto("/demonstration/")
    with page.expect_navigation():
        page.locator("form:has(input[value=samir]) button").click()
    page.goto("/coffre/ajouter/")
    page.locator("input[type=file]").set_input_files(write_file(tmp_path, "photo.jpg", bytes(10_500_000)))
    expect(page.get_by_role("alert")).to_contain_text("10,5")
    Eyes(page, "fr").look()
    page.locator("input[type=file]").set_input_files(write_file(tmp_path, "petite.jpg", bytes(1000)))
    expect(page.get_by_role("alert")).to_have_count(0)
