"""Nadia does not recognise a line of her journal: she contests it, the officer answers, she reads the answer and
verifies the whole.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from demo.people.accounts import PEOPLE
from tests.browser import Visitors
from tests.journeys.people import Eyes, Hands, come_in, move_in, take_session
from tests.live import Live

NADIA = "nadia.journal@courriel.example"
AGENT = next(person for person in PEOPLE if person.is_agent)
READ = """
from accounts.models import User
from tests.vault.couples import granted
from vault.records.grants import agreements; from vault.records import gate
from tests.vault.couples import TRIED
agreements.register(TRIED)
resident = User.objects.get(email="{address}")
gate.read(grant=granted(resident, "logement.domicile#/loyer"), fields=["logement.domicile#/loyer"])
"""
OFFICER = """
from accounts.models import User
from tests.journeys.filling import cookie
User.objects.filter(email="{address}").update(is_dpo=True)
print(cookie(User.objects.get(email="{address}")))
"""
AGENT_AGAIN = """
from accounts.models import User
User.objects.filter(email="{address}").update(is_dpo=False)
"""


@pytest.fixture
def officer(live: Live, visitor: Visitors) -> Iterator[Page]:
    """At work, where what residents contest opens; afterwards an agent as before."""
    page = visitor(width=1280)
    key = live.run(OFFICER.format(address=AGENT.email)).strip()
    take_session(page, live, key)
    yield page
    live.run(AGENT_AGAIN.format(address=AGENT.email))


@pytest.mark.parametrize(("width", "javascript"), [(320, False), (1280, True)])
def test_a_line_is_contested_answered_and_verified(
    live: Live, visitor: Visitors, officer: Page, width: int, javascript: bool
) -> None:
    address = f"{width}.{NADIA}"
    move_in(live, address)
    live.run(READ.format(address=address))
    hers = visitor(width=width, javascript=javascript)
    eyes, press, follow = Eyes(hers, "fr"), Hands(hers).press, Hands(hers).follow

    # Her own acts are folded; one click shows them. Paul's reading stands out.
    come_in(hers, live, address)
    hers.goto("/journal/")
    eyes.look()
    own = hers.locator("main details li").first
    expect(own).to_be_hidden()
    hers.locator("main summary", has_text="actes").first.click()
    expect(own).to_be_visible()
    expect(hers.get_by_text("« Paul » a lu")).to_be_visible()
    follow(re.compile("^Contester"))
    expect(hers.get_by_text("Ce qu’il verra")).to_be_visible()
    eyes.look()
    hers.get_by_label("Pourquoi contestez-vous cette ligne").fill("Je ne connais pas Paul.")
    press("Envoyer ma contestation")
    expect(hers.get_by_text("Je ne connais pas Paul.")).to_be_visible()
    eyes.look()

    # The officer reads the line and her message, nothing else, and answers.
    officer.goto("/admin/journal/contest/")
    ((newest,),) = live.sql("SELECT id FROM journal_contest ORDER BY created_at DESC LIMIT 1")
    officer.locator(f"#result_list a[href*='{newest}']").click()
    expect(officer.get_by_text("Je ne connais pas Paul.")).to_be_visible()
    officer.locator("textarea").fill("Vous lui aviez donné votre accord.")
    Hands(officer).press("Envoyer la réponse", within="#content")

    # Her page has the answer, her journal says who read what she sent, and all of it verifies.
    hers.reload()
    expect(hers.get_by_text("Vous lui aviez donné votre accord.")).to_be_visible()
    eyes.look()
    hers.goto("/journal/")
    expect(hers.get_by_text("Le délégué à la protection des données a lu votre contestation.")).to_be_visible()
    follow("Vérifier mon journal")
    expect(hers.get_by_role("heading", level=1)).to_have_text("Votre journal est entier")
    eyes.look()
    follow("Garder une copie")
    hers.get_by_label(re.compile(r"^\s*CSV")).check()
    with hers.expect_download() as copy:
        hers.get_by_role("button", name="Télécharger la copie").click()
    assert "Paul" in copy.value.path().read_text(encoding="utf-8-sig")
