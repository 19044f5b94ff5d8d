"""A resident writes to an organisation to get her data: without an answer she sends a reminder, then gets it."""

import re
from datetime import date, timedelta
from pathlib import Path

import pypdfium2
from playwright.sync_api import Page, expect

from demo.tour.letter import write_a_letter
from demo.tour.visitor import Visitor
from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, mail_for, move_in, sign_in
from tests.live import Live

NOTIFY = "from vault.holders.actions import requests; requests.notify_overdue_requests()"


def title(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text().replace("\u00a0", " ")


def write_day(page: Page, day: date) -> None:
    for name, value in (("on_day", day.day), ("on_month", day.month), ("on_year", day.year)):
        page.locator(f"[name={name}]").fill(str(value))


def move_dates_back(live: Live, request_id: str, days: int) -> None:
    """Move the letter's dates back, as if that many days had passed."""
    live.sql(
        "UPDATE holders_datarequest SET sent_on = sent_on - %s, due_on = due_on - %s WHERE id = %s",
        days,
        days,
        request_id,
    )


def test_a_letter_its_deadline_a_reminder_and_the_answer(live: Live, visitor: Visitors, tmp_path: Path) -> None:
    address = "lettre@courriel.example"
    move_in(live, address)
    page = visitor(width=1280)
    sign_in(page, live, address)
    eyes, hands = Eyes(page, "fr"), Hands(page)

    # She wants reminders by e-mail, which nobody gets without asking.
    page.goto("/mon-compte/rappels/")
    page.locator("[name=by_email][value=yes]").check()
    page.locator("main form").evaluate("form => form.requestSubmit()")
    expect(page.get_by_role("main")).to_contain_text("Votre choix est enregistré")

    # She looks for her electricity network, reads the instructions, and prefers to write.
    page.goto("/coffre/obtenir/")
    eyes.look()
    page.get_by_role("searchbox").fill("linky")
    hands.press("Chercher")
    hands.follow("Enedis")
    expect(page.get_by_role("main")).to_contain_text("Courbe de charge")
    expect(page.get_by_role("main")).to_contain_text("Chemin non vérifié")
    eyes.look()
    hands.follow("Préparer ma lettre")
    hands.press("Préparer ma lettre")
    expect(page.locator(".govuk-error-summary")).to_be_focused()
    eyes.look()
    page.get_by_role("radio").nth(1).check()
    hands.press("Préparer ma lettre")

    # The letter has her name and address from her vault; she adds the missing meter's number.
    letter = page.get_by_role("textbox", name="Le texte, à copier")
    expect(letter).to_have_value(re.compile("Nadia Kervella"))
    expect(letter).to_have_value(re.compile("article 20 du RGPD"))
    eyes.look()
    hands.follow("Votre numéro chez cet organisme")
    eyes.look()
    page.locator("main input[name=answer]").fill("PRM 00 420")
    hands.press("Enregistrer")
    expect(letter).to_have_value(re.compile("référence PRM 00 420"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger la lettre").click()
    download.value.save_as(tmp_path / "demande.pdf")
    document = pypdfium2.PdfDocument(tmp_path / "demande.pdf")
    assert "PRM 00 420" in document[0].get_textpage().get_text_bounded()
    mailto = page.get_by_role("link", name="Ouvrir dans mon e-mail").get_attribute("href")
    assert mailto and mailto.startswith("mailto:")

    # She sends it herself and records it: the legal month starts.
    request_id = page.url.rstrip("/").split("/")[-1]
    hands.follow("J’ai envoyé ma lettre")
    eyes.look()
    write_day(page, date.today())
    hands.press("Noter cette date")
    expect(page.get_by_role("main")).to_contain_text("En attente")
    eyes.look()

    # A month later she gets one e-mail, without the organisation's name, and a notice on her home page.
    move_dates_back(live, request_id, 40)
    live.run(NOTIFY)
    live.run(NOTIFY)
    message = mail_for(live, address)
    assert "délai" in message and "Enedis" not in message
    assert live.sql("SELECT told_at IS NOT NULL FROM holders_datarequest WHERE id = %s", request_id) == [(True,)]
    page.goto("/")
    expect(page.get_by_role("main")).to_contain_text("restée sans réponse")
    eyes.look()
    hands.follow(re.compile("restée sans réponse"))
    eyes.look()
    hands.follow("Voir la relance")
    expect(page.get_by_role("textbox", name="Le texte, à copier")).to_have_value(
        re.compile("je vous ai écrit pour récupérer")
    )
    eyes.look()
    hands.follow("J’ai envoyé la relance")
    write_day(page, date.today())
    hands.press("Noter cette date")
    hands.follow("Voir la plainte")
    expect(page.get_by_role("main")).to_contain_text("cnil.fr")
    eyes.look()

    # The answer arrives: the deadline ends, and the file is uploaded like any paper, linked to the request.
    page.go_back()
    hands.follow("La réponse est arrivée")
    eyes.look()
    page.get_by_role("radio", name="J’ai reçu ce que j’avais demandé").check()
    hands.press("Noter cette date")
    expect(page.get_by_role("main")).to_contain_text("Reçu")
    eyes.look()
    hands.follow("Ajouter un fichier reçu")
    assert page.url.endswith(f"?demande={request_id}")
    page.goto("/")
    expect(page.get_by_role("main")).not_to_contain_text("restée sans réponse")


def test_the_same_by_keyboard_on_a_narrow_screen_without_scripts(live: Live, visitor: Visitors) -> None:
    address = "letter@courriel.example"
    move_in(live, address)
    page = visitor(width=320, language="en-GB", javascript=False)
    sign_in(page, live, address)
    eyes, keyboard = Eyes(page, "en"), Keyboard(page)

    page.goto("/coffre/obtenir/")
    eyes.look()
    keyboard.open("^Benefits and pensions")
    keyboard.follow("^CAF")
    eyes.look()
    keyboard.follow("Prepare my letter")
    keyboard.follow("Prepare my letter")
    assert title(page) == "Request: CAF (family benefits)"
    eyes.look()
    keyboard.follow("I have sent my letter")
    eyes.look()
    day = date.today() - timedelta(days=40)
    for name, value in (("Day", day.day), ("Month", day.month), ("Year", day.year)):
        keyboard.write(name, str(value))
    keyboard.follow("Note this date")
    expect(page.get_by_role("main")).to_contain_text("Late")
    eyes.look()
    keyboard.follow("See the reminder")
    eyes.look()
    keyboard.follow("I have sent the reminder")
    keyboard.follow("Note this date")
    keyboard.follow("See the complaint")
    eyes.look()
    page.go_back()
    keyboard.follow("Delete this request")
    eyes.look()
    keyboard.follow("Delete this request")
    expect(page.get_by_role("main")).to_contain_text("The request is deleted")
    eyes.look()


def test_the_tours_step_writes_a_letter(live: Live) -> None:
    visitor = Visitor(live.url)
    start = visitor.open("/demonstration/")
    visitor.submit(start, start.form("person"), {"person": "leo"})
    assert "due within a month" in write_a_letter(visitor)
    assert visitor.typed == 0
