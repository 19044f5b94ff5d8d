"""One partner leaves in two clicks without explanation; the other's pages only say that sharing has ended."""

import re

from playwright.sync_api import expect

from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, code_in, come_in, mail_for, move_in_together
from tests.live import Live


def test_in_french_on_a_wide_screen(live: Live, visitor: Visitors) -> None:
    one, other = "claire.part@courriel.example", "yann.part@courriel.example"
    move_in_together(live, one, other, together=True)
    hers, his = visitor(width=1280), visitor(width=1280)
    eyes, his_eyes = Eyes(hers, "fr"), Eyes(his, "fr")
    come_in(his, live, other)
    his.goto("/coffre/foyer/")
    his_eyes.look()
    Hands(his).follow(re.compile("^Voir"))
    expect(his.get_by_text("9 rue des Bateliers")).to_be_visible()
    his_eyes.look()
    shared_page = his.url

    # She leaves in two clicks, from the page of the household.
    come_in(hers, live, one)
    hers.goto("/coffre/foyer/")
    Hands(hers).follow("Quitter ce foyer")
    expect(hers.get_by_text("3919")).to_be_visible()
    eyes.look()
    Hands(hers).press("Quitter ce foyer")
    expect(hers.get_by_text("Vous avez quitté ce foyer")).to_be_visible()
    expect(hers.get_by_text("Vous n’êtes relié à personne")).to_be_visible()
    eyes.look()
    hers.goto("/journal/")
    hers.locator("main summary", has_text="actes").first.click()
    expect(hers.get_by_text("Vous avez quitté votre foyer").first).to_be_visible()
    eyes.look()

    # He finds none of her data: the page he had open, the computation, his household.
    missing = his.goto(shared_page)
    assert missing and missing.status == 404
    his.goto("/aides/ensemble/")
    expect(his.get_by_text("Vous n’êtes pas reliés dans Garant")).to_be_visible()
    his_eyes.look()
    his.goto("/coffre/foyer/")
    expect(his.get_by_role("heading", name="Le partage avec Claire Lemoine a pris fin")).to_be_visible()
    his_eyes.look()
    Hands(his).press("C’est noté")
    expect(his.get_by_text("Claire")).to_have_count(0)
    written = [path.read_text(errors="replace") for path in (live.var / "mail").iterdir()]
    assert not [text for text in written if "foyer" in text]


def test_in_english_on_a_telephone_without_scripts_by_keyboard(live: Live, visitor: Visitors) -> None:
    one, other = "claire.quiet@courriel.example", "yann.quiet@courriel.example"
    move_in_together(live, one, other, together=True)
    page = visitor(width=320, language="en-GB", javascript=False)
    eyes, keyboard = Eyes(page, "en"), Keyboard(page)
    page.goto("/connexion/")
    keyboard.write("E-mail address", one)
    keyboard.follow("Get a code")
    keyboard.write("ode", code_in(mail_for(live, one)))
    keyboard.follow("Continue")

    # Quick exit: the session ends, and the browser requests an ordinary site.
    page.goto("/coffre/foyer/")
    eyes.look()
    keyboard.follow("^Leave this household")
    eyes.look()
    keyboard.go_to("exit the site")
    with page.expect_request("https://meteofrance.com/**"):
        page.keyboard.press("Enter")
    # The page is leaving for another site, so check the session in another tab.
    tab = page.context.new_page()
    tab.goto("/coffre/foyer/")
    assert "/connexion/" in tab.url
