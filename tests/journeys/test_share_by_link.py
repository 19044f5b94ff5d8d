"""Nadia shares her income and a paper by a link; Mme Dubreuil opens it; Nadia sees the visit and stops it."""

import re
import zipfile

from playwright.sync_api import Page, expect

from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, come_in, sign_in
from tests.live import Live

#: A Nadia at another address, with her values and her papers.
RESIDENT = """
from django.utils import timezone
from accounts.actions import accounts
from demo.seeding import residents
account = accounts.register_resident(email="{address}", name="Nadia Kervella")
residents.fill_vault(account, "nadia", timezone.localdate())
residents.fill_drawer(account, "nadia", timezone.localdate())
"""


def key_on(page: Page) -> tuple[str, str]:
    """Return the URL and the code shown on the page."""
    [code] = re.findall(r"\b\d{4} \d{4}\b", page.locator("main").inner_text())
    return page.locator("#link-address").inner_text().strip(), code


def test_in_french_on_a_wide_screen(live: Live, visitor: Visitors) -> None:
    address = "nadia.lien@courriel.example"
    live.run(RESIDENT.format(address=address))
    hers, theirs = visitor(width=1280), visitor(width=1280)
    eyes, press, follow = Eyes(hers, "fr"), Hands(hers).press, Hands(hers).follow
    other_eyes, other_press = Eyes(theirs, "fr"), Hands(theirs).press

    # Item by item, nothing preselected.
    come_in(hers, live, address)
    hers.goto("/partages/")
    eyes.look()
    follow("Partager par un lien")
    assert hers.locator("main input:checked").count() == 0
    eyes.look()
    press("Continuer")
    expect(hers.get_by_text("Cochez au moins une ligne").first).to_be_visible()
    hers.locator("summary", has_text="Choisir").filter(has_text="Impôts").click()
    hers.get_by_label(re.compile(r"^\s*Revenu fiscal de référence")).check()
    eyes.look()
    hers.locator("main fieldset").filter(has_text="vos papiers").locator("input").first.check()
    press("Continuer")
    eyes.look()

    # Recipient, reason, duration; then the exact values; then the URL and the code, shown once.
    hers.get_by_label("Un nom pour ce lien").fill("Logement, novembre")
    hers.get_by_label("À qui donnez-vous ce lien ?").fill("Mme Dubreuil")
    hers.get_by_label("Pour quoi faire ?").fill("Compléter une demande de logement")
    seven_days = hers.get_by_label(re.compile(r"^\s*7\s?jours"))
    expect(seven_days).not_to_be_checked()
    seven_days.check()
    press("Voir ce qui partirait")
    expect(hers.get_by_role("heading", name="Ce qui partirait aujourd’hui")).to_be_visible()
    eyes.look()
    income = re.search(r"\d[\d\s]*€", hers.locator("main").inner_text())
    assert income is not None
    press("Donner mon accord et faire le lien")
    expect(hers.get_by_text("Dites le code autrement")).to_be_visible()
    eyes.look()
    link, code = key_on(hers)

    # A visitor without an account: a wrong code, then the right one.
    theirs.goto(link)
    other_eyes.look()
    theirs.get_by_label("Le code que l’on vous a dit").fill("0000 0000" if code != "0000 0000" else "1111 1111")
    other_press("Ouvrir")
    expect(theirs.get_by_text("Ce code n’est pas le bon").first).to_be_visible()
    other_eyes.look()
    theirs.get_by_label("Le code que l’on vous a dit").fill(code)
    other_press("Ouvrir")
    expect(theirs.get_by_role("heading", name="Nadia Kervella vous montre ces informations.")).to_be_visible()
    assert income[0] in theirs.locator("main").inner_text()
    other_eyes.look()
    with theirs.expect_download() as paper:
        theirs.get_by_role("link", name=re.compile("^Télécharger")).first.click()
    assert paper.value.path().stat().st_size > 100
    with theirs.expect_download() as archive:
        theirs.get_by_role("link", name="Tout télécharger (ZIP)").click()
    with zipfile.ZipFile(archive.value.path()) as opened:
        assert opened.testzip() is None and len(opened.namelist()) == 2

    # She sees the visit and its downloads, opens the link herself without counting as a visit, then stops it.
    hers.goto("/partages/")
    eyes.look()
    follow(re.compile("^Voir ce partage"))
    expect(hers.get_by_text("1 visite.")).to_be_visible()
    expect(hers.get_by_text("téléchargé")).to_be_visible()
    eyes.look()
    hers.goto(link)
    expect(hers.get_by_text("Voici ce que voit la personne")).to_be_visible()
    eyes.look()
    hers.goto("/partages/")
    follow(re.compile("^Arrêter le partage"))
    press("Arrêter le partage")
    expect(hers.get_by_text("Plus rien n’est lu à partir de maintenant")).to_be_visible()
    expect(hers.get_by_text("1 visite.")).to_be_visible()

    # The open page is refused, and her journal records it.
    theirs.reload()
    expect(theirs.get_by_role("heading", name="Ce lien n’est pas ou plus valable")).to_be_visible()
    other_eyes.look()
    hers.goto("/journal/?quoi=refus")
    expect(hers.get_by_text("Une lecture par « Mme Dubreuil » a été refusée")).to_be_visible()
    expect(hers.get_by_text("Un mauvais code a été essayé sur le lien de « Mme Dubreuil »")).to_be_visible()


def test_in_english_on_a_telephone_without_scripts_by_keyboard(live: Live, visitor: Visitors) -> None:
    address = "nadia.link@courriel.example"
    live.run(RESIDENT.format(address=address))
    page = visitor(width=320, language="en-GB", javascript=False)
    eyes, keyboard = Eyes(page, "en"), Keyboard(page)
    sign_in(page, live, address)
    page.goto("/partages/")
    keyboard.follow("^Share by a link")
    eyes.look()
    keyboard.go_to("^Choose.*Tax")
    page.keyboard.press("Enter")
    keyboard.go_to("^Reference tax income|^Revenu fiscal|reference.*income")
    page.keyboard.press("Space")
    keyboard.follow("^Continue")
    eyes.look()
    keyboard.write("^A name for this link", "Housing")
    keyboard.write("^Who are you giving", "Mrs Dubreuil")
    keyboard.write("^What for", "A housing request")
    keyboard.choose("days", "7 days")
    keyboard.follow("^See what would leave")
    eyes.look()
    keyboard.follow("^Agree and make the link")
    eyes.look()
    link, code = key_on(page)

    # The recipient uses a keyboard too.
    other = visitor(width=320, language="en-GB", javascript=False)
    other_eyes, other_keys = Eyes(other, "en"), Keyboard(other)
    other.goto(link)
    other_eyes.look()
    other_keys.write("^The code that you were told", code)
    other_keys.act()
    expect(other.get_by_role("heading", name="Nadia Kervella shows you this information.")).to_be_visible()
    other_eyes.look()
    other_keys.follow("^Close$")
    expect(other.get_by_label("The code that you were told")).to_be_visible()

    # All links are stopped at once, after a question.
    page.goto("/partages/")
    keyboard.follow("^Stop my link")
    eyes.look()
    keyboard.follow("^Stop all my links")
    eyes.look()
    other.goto(link)
    expect(other.get_by_role("heading", name="This link is not valid, or not any more")).to_be_visible()
    other_eyes.look()
