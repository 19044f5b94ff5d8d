"""A couple's dossier in two parts: Claire asks, Yann makes his own, and neither sees the other's data."""

import re
from pathlib import Path

import pypdfium2
from playwright.sync_api import Page, expect

from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, come_in, move_in_together, wait_for_job
from tests.live import Live

CLAIRE, YANN = "claire.parts@courriel.example", "yann.parts@courriel.example"
#: Yann's pay, which no other fictional resident has.
PAY = re.compile(r"1\s?485|1,485|1\s?904|1,904")


def words(page: Page, folder: Path) -> str:
    """Download the dossier and return its text."""
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^Télécharger le PDF")).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    document = pypdfium2.PdfDocument(path.read_bytes())
    return " ".join(" ".join(sheet.get_textpage().get_text_range() for sheet in document).split())


def build(page: Page) -> None:
    Hands(page).press(re.compile("^Faire le dossier"))
    wait_for_job(page, "Voir le résultat", script=True)
    expect(page.get_by_role("heading", level=1)).to_have_text("Le PDF de votre dossier est fait")


def test_in_french_on_a_wide_screen(live: Live, visitor: Visitors, tmp_path: Path) -> None:
    move_in_together(live, CLAIRE, YANN, together=True)
    hers, his = visitor(width=1280), visitor(width=1280)
    eyes, his_eyes = Eyes(hers, "fr"), Eyes(his, "fr")

    # She computes for both, starts the dossier, and asks for his part: the page lists what he will read.
    come_in(hers, live, CLAIRE)
    hers.goto("/aides/ensemble/")
    hers.goto("/dossiers/nouveau/?aide=prime_activite")
    Hands(hers).press("Voir ce qu’il faut")
    dossier = hers.url
    number = re.search(r"\d{4}-\w{5}", hers.locator(".civic-kicker").inner_text())
    assert number
    eyes.look()
    Hands(hers).follow("Demander sa part à Yann Lemoine")
    expect(hers.get_by_role("heading", name="Ce que Yann Lemoine lira")).to_be_visible()
    eyes.look()
    Hands(hers).press("Demander sa part")
    expect(hers.get_by_text("n’a pas encore répondu")).to_be_visible()
    eyes.look()

    # He finds the request on his home page, reads it, and agrees.
    come_in(his, live, YANN)
    his.goto("/")
    Hands(his).follow("Claire Lemoine vous demande votre part d’un dossier")
    expect(his.get_by_role("heading", name="Ce qui est demandé à votre coffre")).to_be_visible()
    expect(his.get_by_text(number[0])).to_be_visible()
    his_eyes.look()
    Hands(his).press("Préparer ma part")
    part = his.url
    his_eyes.look()
    hers.goto(dossier)
    expect(hers.get_by_text("prépare sa part")).to_be_visible()
    eyes.look()

    # Each makes their own dossier, under one number. Hers has none of his values.
    build(his)
    his_eyes.look()
    of_his = words(his, tmp_path)
    build(hers)
    expect(hers.get_by_text("Prête depuis le")).to_be_visible()
    eyes.look()
    of_hers = words(hers, tmp_path)
    assert number[0] in of_his and "la part de Yann Lemoine" in of_his and PAY.search(of_his)
    assert number[0] in of_hers and "seconde partie, faite par Yann Lemoine" in of_hers and not PAY.search(of_hers)
    assert "Les revenus du partenaire ont été pris en compte" in of_hers

    # He withdraws his part: she reads that, and nothing more.
    his.goto(part)
    Hands(his).follow("Retirer ma part")
    expect(his.get_by_text("Claire Lemoine verra qu’elle est retirée")).to_be_visible()
    his_eyes.look()
    Hands(his).press("Retirer ma part")
    expect(his.get_by_role("heading", name="On vous demande votre part")).to_be_visible()
    his_eyes.look()
    hers.goto(dossier)
    expect(hers.get_by_text("a retiré sa part")).to_be_visible()
    eyes.look()
    his.goto("/journal/?quoi=dossiers&qui=moi")
    expect(his.get_by_text("Vous avez retiré votre part d’un dossier").first).to_be_visible()
    hers.goto("/journal/?quoi=dossiers&qui=moi")
    expect(hers.get_by_text("Vous avez demandé à « Yann Lemoine » sa part").first).to_be_visible()
    expect(hers.get_by_text("retiré votre part")).to_have_count(0)


def test_in_english_on_a_telephone_without_scripts_by_keyboard(visitor: Visitors) -> None:
    """Yann of the demonstration refuses, and Claire makes her dossier without his part."""
    page = visitor(width=320, language="en-GB", javascript=False)
    eyes, keyboard = Eyes(page, "en"), Keyboard(page)
    page.goto("/demonstration/")
    keyboard.follow("as Claire Lemoine")
    page.goto("/dossiers/nouveau/?aide=rsa")
    keyboard.follow("See what is needed")
    dossier = page.url
    keyboard.follow("Ask Yann Lemoine for their part")
    eyes.look()
    keyboard.follow("^Ask for their part")
    eyes.look()
    page.goto("/demonstration/")
    keyboard.follow("as Yann Lemoine")
    page.goto("/dossiers/")
    keyboard.follow("Your part of Claire Lemoine’s application")
    eyes.look()
    keyboard.follow("^Say no")
    expect(page.get_by_text("Nothing is blocked")).to_be_visible()
    eyes.look()
    page.goto("/demonstration/")
    keyboard.follow("as Claire Lemoine")
    page.goto(dossier)
    expect(page.get_by_text("will not give their part")).to_be_visible()
    keyboard.follow("Write it in the PDF")
    expect(page.get_by_text("Your PDF will say")).to_be_visible()
    eyes.look()
