"""A resident finds the town's form in their dossier, filled."""

from playwright.sync_api import expect

from tests.browser import Visitors
from tests.journeys.people import Eyes, Hands
from tests.journeys.test_typing import enter


def test_a_form_is_read_completed_looked_at_and_joined(visitor: Visitors) -> None:
    """From the dossier: five clicks and one typed field, without scripts."""
    page = visitor(width=320, javascript=False)
    eyes, hands = Eyes(page, "fr"), Hands(page)
    enter(page, "elise")
    page.goto("/dossiers/nouveau/?aide=ville_pass_sport")
    hands.press("Voir ce qu’il faut")
    hands.follow("Demande de pass sport municipal")
    eyes.look()
    for name in ("Jade", "Tom", "Anouk"):
        expect(page.locator("main dd", has_text=name).first).to_be_visible()
    page.locator("main [name=club]").fill("Judo, au Dojo de l’Œuvre")
    hands.press("Garder ces réponses")
    hands.follow("Voir ses pages")
    eyes.look()
    image = page.locator("main img")
    expect(image).to_have_count(1)
    assert image.evaluate("one => one.naturalWidth") > 700
    hands.press("Le joindre à mon dossier")
    expect(page.get_by_text("Le formulaire sera dans votre PDF.")).to_be_visible()
