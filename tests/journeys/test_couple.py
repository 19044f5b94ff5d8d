"""Claire and Yann each have a vault. They compute joint aids, and neither sees the other's income."""

import re

from playwright.sync_api import Page, expect

from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, come_in, move_in_together
from tests.live import Live

CLAIRE, YANN = "claire.couple@courriel.example", "yann.couple@courriel.example"
#: Yann's pay, which no other fictional resident has.
PAY = re.compile(r"1\s?485|1,485|1\s?904|1,904")


def hides_his_pay(page: Page) -> None:
    assert not PAY.search(page.locator("main").inner_text()), page.url


def test_in_french_on_a_wide_screen(live: Live, visitor: Visitors) -> None:
    move_in_together(live, CLAIRE, YANN, together=False)
    hers, his = visitor(width=1280), visitor(width=1280)
    eyes, his_eyes = Eyes(hers, "fr"), Eyes(his, "fr")
    press, follow = Hands(hers).press, Hands(hers).follow

    # She makes a code, which is shown once.
    come_in(hers, live, CLAIRE)
    follow("Mon foyer", within="header")
    eyes.look()
    follow("Faire un code d’invitation")
    eyes.look()
    hers.get_by_label("Mon conjoint ou partenaire").check()
    press("Faire le code")
    code = hers.locator(".civic-panel__reference").inner_text()
    eyes.look()

    # He types it, reads what it means, and accepts. Nothing is shared yet.
    come_in(his, live, YANN)
    Hands(his).follow("Mon foyer", within="header")
    Hands(his).follow("J’ai reçu un code")
    his_eyes.look()
    his.get_by_label("Code d’invitation").fill(code.lower())
    Hands(his).press("Voir l’invitation")
    expect(his.get_by_text("Aucune valeur, aucun papier")).to_be_visible()
    his_eyes.look()
    Hands(his).press("Accepter l’invitation")
    expect(his.get_by_text("Rien n’est partagé pour le moment")).to_be_visible()
    his_eyes.look()
    hers.goto("/aides/ensemble/")
    expect(hers.get_by_text("Il n’y a pas d’accord de Yann Lemoine")).to_be_visible()
    eyes.look()

    # His agreement: current values, nothing preselected, and a warning about what can be inferred.
    Hands(his).follow("Calculer nos aides à deux")
    expect(his.get_by_text("peut les deviner")).to_be_visible()
    assert his.locator("main input:checked").count() == 0
    his_eyes.look()
    his.get_by_label(re.compile("Votre nationalité")).check()
    his.get_by_label(re.compile("Un handicap reconnu")).check()
    his.get_by_label(re.compile(r"^\s*Non")).check()
    his.get_by_label("3\u00a0mois").or_(his.get_by_label("3 mois")).check()
    Hands(his).press("Donner mon accord")
    expect(his.get_by_text("Votre accord est donné")).to_be_visible()
    his_eyes.look()

    # She computes for both. The results are shown without his income.
    hers.goto("/aides/")
    follow("Calculer nos aides à deux")
    expect(hers.get_by_text("sans vous être montrés")).to_be_visible()
    expect(hers.get_by_role("heading", name="Ce que vous pouvez demander à deux")).to_be_visible()
    hides_his_pay(hers)
    eyes.look()
    for link in hers.locator("main a", has_text="Ce qui a été compté").all()[:4]:
        hers.goto(str(link.get_attribute("href")))
        hides_his_pay(hers)
        eyes.look()
        hers.go_back()

    # His journal records the computation, for whom and why.
    Hands(his).follow("Journal", within="header")
    expect(his.get_by_text("Compté sous votre accord avec").first).to_be_visible()
    expect(his.get_by_text("Calculer les aides du couple avec les valeurs de chacun").first).to_be_visible()
    his_eyes.look()

    # He stops the agreement: the next computation has none.
    Hands(his).follow("Mon foyer", within="header")
    Hands(his).follow("Arrêter le partage")
    his_eyes.look()
    Hands(his).press("Arrêter le partage")
    his_eyes.look()
    hers.goto("/aides/ensemble/")
    expect(hers.get_by_text("Il n’y a pas d’accord")).to_be_visible()


def test_in_english_on_a_telephone_without_scripts_by_keyboard(visitor: Visitors) -> None:
    page = visitor(width=320, language="en-GB", javascript=False)
    eyes, keyboard = Eyes(page, "en"), Keyboard(page)
    page.goto("/demonstration/")
    keyboard.follow("as Claire Lemoine")
    page.goto("/aides/")
    keyboard.follow("Calculate our benefits together")
    expect(page.get_by_text("without being shown to you")).to_be_visible()
    hides_his_pay(page)
    eyes.look()
    keyboard.follow("^What was counted")
    hides_his_pay(page)
    eyes.look()
    page.goto("/coffre/foyer/")
    eyes.look()
    keyboard.follow("^Stop sharing")
    eyes.look()
    keyboard.follow("Keep it")

    # In the demonstration, Yann reads in his journal what was counted, and sees the shared address.
    page.goto("/demonstration/")
    keyboard.follow("as Yann Lemoine")
    page.goto("/journal/")
    expect(page.get_by_text("Counted under your agreement").first).to_be_visible()
    eyes.look()
    page.goto("/coffre/foyer/")
    keyboard.follow("^See")
    expect(page.get_by_text("9 rue des Bateliers")).to_be_visible()
    eyes.look()
