"""Nour and a companion: a mandate signed on a page, an appointment by a spoken code, both stopped at once."""

import re

from playwright.sync_api import Page, expect

from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, come_in, only_row, sign_in
from tests.live import Live

SHE = """
from django.utils import timezone
from accounts.actions import accounts
from demo.seeding import residents
account = accounts.register_resident(email="{address}", name="{name}")
residents.fill_vault(account, "nadia", timezone.localdate())
"""


def move_in(live: Live, name: str, address: str) -> None:
    live.run(SHE.format(name=name, address=address))


def enter_as_theo(page: Page) -> None:
    page.goto("/demonstration/")
    with page.expect_navigation():
        page.locator("form:has(input[value=theo]) button").click()


def test_a_mandate_in_french_on_a_wide_screen(live: Live, visitor: Visitors) -> None:
    address = "nour.mandat@courriel.example"
    move_in(live, "Nour Mandat", address)
    hers, his = visitor(width=1280), visitor(width=1280)
    eyes, his_eyes = Eyes(hers, "fr"), Eyes(his, "fr")
    press, follow = Hands(hers).press, Hands(hers).follow

    # She chooses a companion, sees her current values, ticks items and a duration, and signs.
    come_in(hers, live, address)
    follow("Me faire accompagner", within="header")
    eyes.look()
    follow(re.compile("^Donner un mandat.*Lassalle"))
    assert hers.locator("main input:checked").count() == 0
    expect(hers.get_by_text("Ce qu’elle a vu ou noté ne peut pas être repris").first).to_be_visible()
    eyes.look()
    press("Signer le mandat")
    expect(hers.locator(".govuk-error-summary")).to_be_visible()
    eyes.look()
    hers.get_by_label(re.compile(r"^\s*Votre logement")).check()
    hers.get_by_label("Ajouter un papier à mon coffre").check()
    hers.get_by_label(re.compile(r"^\s*1\s?mois")).check()
    press("Signer le mandat")
    expect(hers.get_by_text("Le mandat est signé")).to_be_visible()
    eyes.look()

    # He finds her in his list, with the items that she ticked; each page names the resident he acts for.
    enter_as_theo(his)
    his_eyes.look()
    Hands(his).follow("Nour Mandat")
    expect(his.get_by_text("Vous agissez pour Nour Mandat")).to_be_visible()
    his_eyes.look()
    theirs = his.url
    Hands(his).follow(re.compile("^Voir.*Logement"))
    expect(his.get_by_role("main")).to_contain_text("Villebrume")
    his_eyes.look()
    his.goto(theirs.rstrip("/") + "/wages/")
    expect(his.get_by_text("Ce mandat ne permet pas de voir cela")).to_be_visible()
    his.goto(theirs)
    Hands(his).follow("Ajouter un papier")
    his_eyes.look()
    Hands(his).follow("Ne plus agir pour Nour Mandat", within="body")
    expect(his.get_by_role("heading", level=1)).to_have_text("Ne plus agir pour Nour Mandat ?")
    his_eyes.look()
    Hands(his).follow("Garder le mandat")
    expect(his.get_by_role("heading", level=1)).to_have_text("Nour Mandat")

    # Her journal has his read, with his name. She stops the mandate, and his page answers 404.
    follow("Journal", within="header")
    expect(hers.get_by_text("« Théo Lassalle, CCAS de Villebrume » a lu").first).to_be_visible()
    eyes.look()
    hers.goto("/accompagnants/")
    follow(re.compile("^Arrêter"))
    press("Arrêter le partage")
    expect(hers.get_by_text("Plus rien n’est lu à partir de maintenant")).to_be_visible()
    his.goto(theirs)
    expect(his.get_by_role("heading", level=1)).not_to_have_text("Nour Mandat")
    his.goto("/accompagnement/")
    expect(his.get_by_text("Nour Mandat")).to_have_count(0)


def test_an_appointment_in_english_on_a_telephone_without_scripts_by_keyboard(live: Live, visitor: Visitors) -> None:
    address = "nour.meeting@courriel.example"
    move_in(live, "Nour Meeting", address)
    hers = visitor(width=320, language="en-GB", javascript=False)
    his = visitor(width=320, language="en-GB", javascript=False)
    eyes, keyboard = Eyes(hers, "en"), Keyboard(hers)
    his_eyes, his_keyboard = Eyes(his, "en"), Keyboard(his)

    # She makes a code, which is shown once.
    sign_in(hers, live, address)
    hers.goto("/accompagnants/")
    eyes.look()
    keyboard.follow("^Make an appointment code")
    eyes.look()
    keyboard.go_to("^Your home and its rent")
    hers.keyboard.press("Space")
    keyboard.follow("^Make the code")
    code = hers.locator(".civic-panel__reference").inner_text()
    eyes.look()

    # He types the code that he heard, and sees her home for two hours.
    enter_as_theo(his)
    his_keyboard.follow("^Type an appointment code")
    his_eyes.look()
    his_keyboard.write("Appointment code", "7kq4 m2xd 93ht")
    his_keyboard.follow("^Begin the appointment")
    expect(his.get_by_text("This code opens nothing").first).to_be_visible()
    his_eyes.look()
    his_keyboard.write("Appointment code", code.lower().replace("-", " "))
    his_keyboard.follow("^Begin the appointment")
    expect(his.get_by_text("You are acting for Nour Meeting")).to_be_visible()
    his_eyes.look()
    his_keyboard.follow("^See.*Home and rent")
    expect(his.get_by_role("main")).to_contain_text("Villebrume")
    his_eyes.look()
    there = his.url

    # Her page of shares shows the end time; she stops the share before it.
    hers.goto("/accompagnants/")
    expect(hers.locator("section", has=hers.locator("#given"))).to_contain_text("until")
    eyes.look()
    keyboard.follow("^Stop")
    keyboard.follow("^Stop sharing")
    expect(hers.get_by_text("Nothing is read from now on")).to_be_visible()
    his.goto(there)
    expect(his.get_by_text("You are acting for")).to_have_count(0)


def test_a_request_answered_in_part_in_french_on_a_wide_screen(live: Live, visitor: Visitors) -> None:
    address = "nour.demande@courriel.example"
    move_in(live, "Nour Demande", address)
    hers, his = visitor(width=1280), visitor(width=1280)
    eyes, his_eyes = Eyes(hers, "fr"), Eyes(his, "fr")

    # He asks by the address that she gave; the same page appears for an unknown address.
    enter_as_theo(his)
    for typed in (address, "personne@courriel.example"):
        his.goto("/accompagnement/")
        Hands(his).follow("Demander à voir")
        his_eyes.look()
        his.get_by_label(re.compile(r"^\s*Adresse e-mail")).fill(typed)
        his.get_by_label("Logement et loyer").check()
        his.get_by_label("Salaires").check()
        his.get_by_label(re.compile(r"^\s*Vous aider à trouver")).check()
        his.get_by_label(re.compile(r"^\s*1\s?mois")).check()
        his.get_by_label("Depuis son coffre, quand elle veut").check()
        Hands(his).press("Envoyer la demande")
        expect(his.get_by_text("Nous ne disons pas si c’est le cas")).to_be_visible()
        his_eyes.look()

    # Her home page shows the request. She accepts her home, and refuses her wages.
    come_in(hers, live, address)
    eyes.look()
    Hands(hers).follow(re.compile("^Répondre à Théo Lassalle"))
    assert hers.locator("main input:checked").count() == 0
    eyes.look()
    hers.get_by_label(re.compile(r"^\s*Votre logement")).check()
    Hands(hers).press("Donner mon accord")
    expect(hers.get_by_text("Votre accord est donné")).to_be_visible()
    eyes.look()

    # He sees her home; her wages are refused with the reason.
    his.goto("/accompagnement/")
    his_eyes.look()
    Hands(his).follow("Nour Demande")
    Hands(his).follow(re.compile("^Voir.*Logement"))
    expect(his.get_by_role("main")).to_contain_text("Villebrume")
    his.goto(his.url.replace("/home/", "/wages/"))
    expect(his.get_by_text("Ce mandat ne permet pas de voir cela")).to_be_visible()
    his_eyes.look()


def test_a_request_refused_in_english_on_a_telephone_without_scripts_by_keyboard(
    live: Live, visitor: Visitors
) -> None:
    address = "nour.refusal@courriel.example"
    move_in(live, "Nour Refusal", address)
    hers = visitor(width=320, language="en-GB", javascript=False)
    his = visitor(width=320, language="en-GB", javascript=False)
    eyes, keyboard, his_keyboard = Eyes(hers, "en"), Keyboard(hers), Keyboard(his)
    enter_as_theo(his)
    his_keyboard.follow("^Ask to see")
    his_keyboard.write("E-mail address", address)
    for box in ("^Wages", "^Prepare an application", "^1 day", "^From their vault"):
        his_keyboard.go_to(box)
        his.keyboard.press("Space")
    his_keyboard.follow("^Send the request")
    expect(his.get_by_text("We do not say whether that is so")).to_be_visible()
    sign_in(hers, live, address)
    hers.goto("/accompagnants/")
    eyes.look()
    keyboard.follow("^Théo Lassalle")
    eyes.look()
    keyboard.follow("^Say no")
    expect(hers.get_by_text("Nothing is shared.").first).to_be_visible()
    eyes.look()
    his.goto("/accompagnement/")
    expect(his.get_by_role("main")).to_contain_text("Waiting")
    expect(his.get_by_text("Nour Refusal")).to_have_count(0)


def test_a_meeting_asked_for_and_answered_in_english_on_a_telephone(live: Live, visitor: Visitors) -> None:
    address = "nour.aide@courriel.example"
    move_in(live, "Nour Aide", address)
    hers, his = visitor(width=320, language="en-GB", javascript=False), visitor(width=1280)
    eyes, his_eyes, keyboard = Eyes(hers, "en"), Eyes(his, "fr"), Keyboard(hers)
    sign_in(hers, live, address)
    hers.goto("/accompagnants/")
    keyboard.follow("^Ask for an appointment")
    eyes.look()
    hers.locator("main input[name=day]").first.check()
    hers.locator("main input[value=noon]").check()
    keyboard.follow("^Send the request")
    expect(hers.locator("section", has=hers.locator("#helped"))).to_contain_text("Waiting")
    eyes.look()

    # He sees a half-day, then her name once he opens the request, and answers.
    enter_as_theo(his)
    Hands(his).follow_to(only_row(live, "sharing_helprequest", address))
    expect(his.get_by_role("heading", name="Nour Aide")).to_be_visible()
    his_eyes.look()
    his.get_by_label("Oui, nous vous attendons").check()
    Hands(his).press("Envoyer la réponse")
    his_eyes.look()
    hers.goto("/accompagnants/")
    expect(hers.get_by_text("we expect you")).to_be_visible()
    hers.goto("/journal/")
    expect(hers.get_by_text("answered your request for help").first).to_be_visible()
