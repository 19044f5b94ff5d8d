"""Four lives, from the home page to a dossier: each says what its person said, and nothing that they did not."""

import pypdfium2
import pytest
from playwright.sync_api import expect

from tests.browser import Visitors
from tests.journeys.people import wait_for_job, walker
from tests.journeys.test_interview import SINGLE, Answers, tell
from tests.live import Live

ALONE: Answers = {**SINGLE, "revenus": "0", "loyer": "430"}
LIVES: dict[str, Answers] = {
    "student": {
        **ALONE,
        "naissance": ("14", "3", "2005"),
        "activite": "etudiant",
        "etudes": "superieur",
        "rattachement": "no",
        "parents": "no",
        "parents_revenus": "24000",
    },
    "widower": {
        **ALONE,
        "naissance": ("2", "5", "1950"),
        "activite": "retraite",
        "revenus": "780",
        "logement": "locataire_vide",
    },
    "self-employed": {**ALONE, "activite": "independant", "revenus": "900", "naissance": ("21", "9", "1984")},
    "disabled": {**ALONE, "naissance": ("8", "1", "1990"), "activite": "inactif", "handicap": "high"},
}


@pytest.mark.parametrize("life", LIVES)
def test_a_life_is_told_kept_and_made_into_a_dossier(live: Live, visitor: Visitors, life: str) -> None:
    walk = walker(visitor, "fr")
    page = walk.page
    page.goto("/")
    walk.act("Faire le point sur mes aides", "")
    tell(walk, LIVES[life], looking=False)
    walk.act("Garder tout cela dans un coffre", "")
    walk.open_vault(live, f"vie.{life}@courriel.example", "Camille Noël")
    walk.act("Garder dans mon coffre", "")
    walk.eyes.look()
    page.goto("/coffre/")
    said_no = page.locator("main").get_by_text("Décision de la MDPH : non")
    assert (said_no.count() > 0) == (life != "disabled")

    page.goto("/aides/")
    walk.act("Préparer le dossier", "")
    walk.eyes.look()
    walk.act("Voir ce qu’il faut", "")
    walk.eyes.look()
    walk.act("Faire le dossier quand même", "")
    wait_for_job(page, "Voir le résultat", script=True)
    expect(page.get_by_role("heading", level=1)).to_have_text("Le PDF de votre dossier est fait")
    walk.eyes.look()
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger le PDF").click()
    with pypdfium2.PdfDocument(download.value.path()) as made:
        text = "\n".join(sheet.get_textpage().get_text_range() for sheet in made)
    assert "Demande de Moi" not in text and "None" not in text
    assert "Camille Noël" not in text, "the name of an account is nobody's civil status"
