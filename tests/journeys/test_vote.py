"""A debate on published results, then a vote: residents propose, argue and appeal, agents moderate; residents vote
under FranceConnect, one on paper before two agents; the worker counts, and anybody verifies.
"""

import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, forget_franceconnect, take_session
from tests.journeys.test_france_connect import choose
from tests.live import Live

#: A consultation with its first results, two agents of the desk who may decide together, a resident with an address.
PEOPLE = """
import json, os
from accounts.actions import accounts
from tests.accounts.factories import AgentFactory
from tests.campaigns import given
from tests.campaigns.results import published
from tests.journeys.filling import cookie
AgentFactory.reset_sequence({number})
campaign = given.opened(code="vote-{word}")
published.publish_at(os.environ["RELEASE_DATABASE_URL"], campaign, published.drawn(campaign.plan, 300))
agents = [AgentFactory(name=name + " Urne", at_desk=True) for name in ("Agathe", "Hugo")]
resident = accounts.register_resident(email="rosa.{word}@ville.example", name="Rosa Urne")
print(json.dumps([cookie(one) for one in (*agents, resident)]))
"""
#: The worker of releases makes the keys of the vote that two agents opened.
READY = """
from campaigns.contributions import sealing
from campaigns.contributions.enums import QUEUE
from campaigns.debates import standing, tasks
from campaigns.plans.models import Campaign
from time import monotonic, sleep
vote = standing.vote_of(Campaign.objects.get(code="{code}"))
tasks.count_due.apply_async(queue=QUEUE)
end = monotonic() + 30
while not {done}:
    assert monotonic() < end
    sleep(0.1)
"""
#: Nine people without a vault vote as well; then the end of the vote, which nobody can move, is moved by its owner.
CLOSED = """
from datetime import timedelta
from django.utils import timezone
from campaigns.debates import standing
from campaigns.plans.models import Campaign
from tests.campaigns.debates import voted
vote = standing.vote_of(Campaign.objects.get(code="{code}"))
for number in range(9):
    voted.put(vote, number, [voted.YES])
vote.closes_at = timezone.now() - timedelta(seconds=1)
vote.save()
"""


@dataclass
class Resident:
    """A resident with a keyboard, who counts what they press and write."""

    page: Page
    presses: int = 0
    fields: int = 0

    def __post_init__(self) -> None:
        self.keys, self.eyes = Keyboard(self.page), Eyes(self.page, "en")

    def press(self, name: str) -> None:
        self.keys.follow(f"^{name}")
        self.presses += 1

    def write(self, name: str, text: str) -> None:
        self.keys.write(f"^{name}", text)
        self.fields += 1

    def pick(self, first: str, arrows: int = 0) -> None:
        """Choose in a group of radios: Tab reaches the first one, arrows the others."""
        self.keys.go_to(f"^{first}$")
        self.page.keyboard.press("Space")
        for _ in range(arrows):
            self.page.keyboard.press("ArrowDown")
        self.presses += 1


def comes_by_franceconnect(amina: Resident) -> None:
    """Open a vault with FranceConnect, on the way to a page, and copy nothing."""
    page, keys = amina.page, amina.keys
    keys.go_to("FranceConnect \\(demonstration\\)")
    page.keyboard.press("Enter")
    page.wait_for_url("**/franceconnect/authorize*")
    keys.go_to("Qui êtes-vous")
    page.keyboard.type("Amina")
    keys.follow("Continuer vers le portail")
    keys.follow("^Open my vault")
    keys.follow("^Copy nothing")


def debate(amina: Resident, rosa: Page, first: Page, second: Page, code: str) -> None:
    """One proposes, another argues, is set aside, appeals, and is heard by another agent."""
    page, eyes, hands = rosa, Eyes(rosa, "fr"), Hands(rosa)
    amina.page.goto(f"/consultations/{code}/resultats/")
    amina.press("The debate")
    amina.eyes.look()
    amina.press("Write a proposal")
    comes_by_franceconnect(amina)
    amina.write("Your proposal, in one line", "A bus every 15 minutes")
    amina.write("What it would change", "Line 4 comes too rarely.")
    amina.eyes.look()
    amina.press("Publish my proposal")
    expect(amina.page.get_by_text("Your text is published, without your name.")).to_be_visible()
    amina.eyes.look()
    assert (amina.presses, amina.fields) == (3, 2), "besides FranceConnect and opening a vault"

    page.goto(f"/consultations/{code}/debat/")
    hands.follow(re.compile("Ajouter un argument"))
    page.get_by_role("radio", name="Contre", exact=True).check()
    page.locator("main textarea").fill("C’est cher, dit Paul Astruc.")
    eyes.look()
    hands.press("Publier mon argument")
    expect(page.get_by_text(re.compile("donne un nom.*Paul Astruc")).first).to_be_visible()
    eyes.look()
    page.get_by_role("checkbox", name=re.compile("^Publier ainsi")).check()
    hands.press("Publier mon argument")
    expect(page.locator("main li", has_text="C’est cher, dit Paul Astruc.").first).to_be_visible()

    agent = Hands(first)
    first.goto(f"/agents/consultations/{code}/")
    agent.follow("Modérer le débat")
    with first.expect_navigation():
        first.locator("main li", has_text="Paul Astruc").get_by_role("link", name="Écarter").click()
    first.get_by_role("radio", name=re.compile("personne nommée")).check()
    first.locator("main textarea").fill("Il nomme un voisin.")
    agent.press("Écarter")

    page.reload()
    expect(page.get_by_text("Il nomme un voisin.")).to_be_visible()
    hands.follow("Contester")
    page.locator("main textarea").fill("Paul Astruc est élu, et parle dans sa fonction.")
    eyes.look()
    hands.press("Contester")

    agent = Hands(second)
    second.goto(f"/agents/consultations/{code}/debat/")
    agent.follow("Décider")
    second.get_by_role("radio", name=re.compile("L’auteur a raison")).check()
    second.locator("main textarea").fill("C’est un élu, dans sa fonction.")
    agent.press("Décider")
    page.reload()
    expect(page.get_by_text("C’est cher, dit Paul Astruc.").first).to_be_visible()


def open_the_vote(first: Page, second: Page, code: str) -> None:
    """One agent asks, from the page of moderation; another approves."""
    hands = Hands(first)
    hands.follow("Le vote")
    hands.follow("Demander un vote")
    for part, value in zip(("day", "month", "year"), (str(one) for one in (28, 2, 2099)), strict=True):
        first.locator(f"main [name=day_{part}]").fill(value)
    hands.press("Demander le vote")
    hands = Hands(second)
    second.goto(f"/agents/consultations/{code}/vote/")
    hands.follow("Décider du vote")
    second.get_by_role("radio", name=re.compile("^Approuver")).check()
    hands.press("Décider")


def vote_by_franceconnect(amina: Resident, rosa: Page, code: str) -> None:
    """Amina votes, then changes her mind; Rosa links FranceConnect on her way."""
    amina.presses = amina.fields = 0
    amina.page.goto(f"/consultations/{code}/debat/")
    amina.press("Vote$")
    amina.eyes.look()
    amina.press("Vote under the identity")
    amina.pick("For")
    amina.eyes.look()
    amina.press("Read my ballot again")
    amina.eyes.look()
    amina.press("Cast my ballot")
    expect(amina.page.get_by_role("heading", level=1)).to_have_text("You have voted")
    amina.eyes.look()
    assert (amina.presses, amina.fields) == (5, 0)
    amina.press("Replace my ballot")
    amina.pick("For", arrows=1)
    amina.press("Read my ballot again")
    expect(amina.page.locator("main dl")).to_contain_text("Against")
    amina.press("Cast my ballot")

    page, hands = rosa, Hands(rosa)
    page.goto(f"/consultations/{code}/vote/")
    hands.follow("Relier FranceConnect")
    page.locator("main").get_by_role("button", name="Relier FranceConnect").click()
    page.wait_for_url("**/franceconnect/authorize*")
    choose(page, "annee")
    hands.press("Ne rien copier")
    hands.press(re.compile("^\\s*Voter sous l’identité"))
    page.get_by_role("radio", name="Pour", exact=True).check()
    hands.press("Relire mon bulletin")
    hands.press("Déposer mon bulletin")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous avez voté")


def vote_on_paper(first: Page, second: Page, code: str) -> None:
    """One agent sees the identity paper and gives a number; another one takes the ballot, without a name."""
    hands, eyes = Hands(first), Eyes(first, "fr")
    first.goto(f"/agents/consultations/{code}/vote/")
    hands.follow("Vérifier qui vote sur papier")
    civil = {"family_name": "Delmas", "given_names": "Jean Luc", "birthdate_day": "4", "birthdate_month": "5"}
    for name, text in (civil | {"birthdate_year": "1948"}).items():
        first.locator(f"main [name={name}]").fill(text)
    first.get_by_label(re.compile("^\\s*La personne a coché")).check()
    hands.press("Donner un numéro")
    eyes.look()
    number = first.locator("main .civic-panel__reference").inner_text()
    first.goto(f"/agents/consultations/{code}/vote/papier/")
    for page, said in ((first, "une autre personne décide"), (second, "Le bulletin est déposé")):
        page.goto(f"/agents/consultations/{code}/vote/papier/")
        page.locator("main [name=number]").fill(number)
        page.locator("main [name=birthdate]").fill("04051948")
        page.get_by_role("radio", name="Pour", exact=True).check()
        page.get_by_label(re.compile("^\\s*La personne a relu")).check()
        Hands(page).press("Déposer ce bulletin")
        expect(page.get_by_text(said)).to_be_visible()


def close(live: Live, code: str) -> None:
    live.sql("ALTER TABLE debates_vote DISABLE TRIGGER debates_frozen")
    live.run(CLOSED.format(code=code))
    live.sql("ALTER TABLE debates_vote ENABLE TRIGGER debates_frozen")
    live.run(READY.format(code=code, done="standing.count_of(vote.pk)"))


def test_residents_propose_argue_and_vote_and_the_count_is_verified(
    live: Live, visitor: Visitors, tmp_path: Path
) -> None:
    word = secrets.token_hex(2)
    code = f"vote-{word}"
    forget_franceconnect(live)
    cookies = json.loads(live.run(PEOPLE.format(word=word, number=1_000 + int(word, 16))).strip().splitlines()[-1])
    first, second, rosa = (visitor(width=1280) for _ in cookies)
    for page, cookie in zip((first, second, rosa), cookies, strict=True):
        take_session(page, live, cookie)
    amina = Resident(visitor(width=320, language="en-GB", javascript=False))

    debate(amina, rosa, first, second, code)
    first.goto(f"/agents/consultations/{code}/debat/")
    open_the_vote(first, second, code)
    live.run(READY.format(code=code, done="sealing.has_keys(vote.pk)"))
    vote_by_franceconnect(amina, rosa, code)
    vote_on_paper(first, second, code)
    close(live, code)

    # She reads the count, and whoever likes verifies its file.
    page = amina.page
    page.goto(f"/consultations/{code}/debat/")
    amina.press("The result of the vote")
    expect(page.get_by_role("heading", level=1)).to_have_text("“A bus every 15 minutes” is approved")
    amina.eyes.look()
    file = tmp_path / "vote.json"
    with page.expect_download() as download:
        amina.keys.go_to("^JSON")
        page.keyboard.press("Enter")
    download.value.save_as(file)
    live.manage("verify_vote", str(file))
    counted = json.loads(file.read_text())["publication"]
    assert counted["ballots"] == {"in_all": 12, "on_paper": 1, "unreadable": 0}
    assert counted["counts"] == [{"for": 11, "against": 1, "none": 0}]
