"""At the desk, with the keyboard: what a resident says is typed, their aids are worked out, and two agents close."""

from playwright.sync_api import Page, expect

from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes
from tests.journeys.test_desk_visit import at_their_desk
from tests.live import Live

#: Rosa's vault, opened by an agent who went home, with values; prints the code of her sheet.
HER_SHEET = """
from uuid import uuid4
from django.utils import timezone
from accounts.actions import sheets
from demo.seeding import residents
from tests.vault.at_desk import keeper
agent = keeper("Gone Home", email="gone.{word}@ville.example")
person = sheets.open_vault_with(name="Rosa Calcul", by=agent)
residents.fill_vault(person, "nadia", timezone.localdate())
print(sheets.print_sheet(person=person, by=agent)[1])
"""


def come_in(page: Page, keys: Keyboard, code: str) -> None:
    page.goto("/agents/guichet/")
    keys.follow("^Elle revient avec sa feuille")
    keys.write("Code de la feuille", code)
    keys.follow("^Commencer la visite")
    expect(page.get_by_role("heading", level=1)).to_have_text("Rosa Calcul")


def tick(page: Page, keys: Keyboard) -> None:
    keys.go_to("^La personne est devant moi")
    page.keyboard.press("Space")


def test_in_french_by_keyboard(live: Live, visitor: Visitors) -> None:
    code = live.run(HER_SHEET.format(word="calcul")).strip().splitlines()[-1]
    first, second = visitor(width=320), visitor(width=1280)
    eyes, keys = Eyes(first, "fr"), Keyboard(first)
    at_their_desk(first, live, "Agathe Calcul", "agathe.calcul@ville.example")
    come_in(first, keys, code)

    # Nothing is worked out before her yes; then the result is on this page alone.
    keys.follow("^Calculer ses aides")
    eyes.look()
    expect(first.locator("main input:checked")).to_have_count(0)
    keys.follow("^Calculer$")
    expect(first.locator(".govuk-error-summary")).to_be_visible()
    eyes.look()
    tick(first, keys)
    keys.follow("^Calculer$")
    expect(first.get_by_role("heading", name="Ce qu’elle peut demander")).to_be_visible()
    expect(first.locator("main .civic-result").first).to_be_visible()
    eyes.look()
    keys.follow("^Revenir à la visite")
    eyes.look()

    # The first agent notes that she wants to close it, the second one confirms, and she may change her mind.
    keys.follow("^Elle veut fermer son coffre")
    eyes.look()
    tick(first, keys)
    keys.follow("^Noter sa demande")
    expect(first.get_by_text("va voir un autre agent")).to_be_visible()
    eyes.look()

    their_eyes, their_keys = Eyes(second, "fr"), Keyboard(second)
    at_their_desk(second, live, "Hugo Calcul", "hugo.calcul@ville.example")
    come_in(second, their_keys, code)
    their_keys.follow("^Voir où en est la fermeture")
    expect(second.get_by_text("Demande notée par Agathe Calcul")).to_be_visible()
    their_eyes.look()
    tick(second, their_keys)
    their_keys.follow("^Confirmer la fermeture")
    expect(second.get_by_text("Confirmée par Hugo Calcul")).to_be_visible()
    their_eyes.look()
    second.goto(second.url.replace("/fermer/", "/"))
    their_keys.follow("^Calculer ses aides")
    tick(second, their_keys)
    their_keys.follow("^Calculer$")
    their_keys.follow("^Revenir à la visite")
    their_keys.follow("^Voir où en est la fermeture")
    their_keys.follow("^Elle garde son coffre")
    expect(second.get_by_text("la personne garde son coffre")).to_be_visible()
