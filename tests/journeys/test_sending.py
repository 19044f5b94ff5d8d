"""A dossier is sent to an office, corrected, decided, and its decision is in the vault; another one is refused."""

import re
import secrets
from dataclasses import dataclass
from time import perf_counter

from playwright.sync_api import Page, expect

from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Eyes, Hands, come_in, move_in, only_row, sign_in, take_session, wait_for_job
from tests.live import Live

#: An office with an agent who examines and one who decides; prints their sessions.
OFFICE = """
from accounts.actions import places
from accounts.models import Role
from tests.accounts.factories import AgentFactory, established
from tests.journeys.filling import cookie
from tests.services.requests.made import opened_office
office = opened_office("{office}")
for name, examines in (("Claire Morvan", True), ("Hugo Bastide", False)):
    agent = AgentFactory(name=name, email=f"{{name.split()[0].lower()}}.{word}@agents.example")
    places.add_to_office(agent=agent, organisation=office, instructs=examines, may_decide=not examines, by=None)
    if not examines:
        established(agent, Role.OFFICE, office=office)
    print(cookie(agent))
"""
FINISHED = """
from accounts.models import User
from tests.services.requests.made import finished
finished(User.objects.signing_in_as("{address}").get())
"""


@dataclass
class Actor:
    """One person with a page of their own, who counts what they click and type, and looks at each page."""

    page: Page
    language: str = "fr"
    clicks: int = 0
    typed: int = 0

    def __post_init__(self) -> None:
        self.eyes, self.hands = Eyes(self.page, self.language), Hands(self.page)

    def press(self, name: str | re.Pattern[str]) -> None:
        self.hands.press(name)
        self._clicked()

    def follow(self, name: str | re.Pattern[str], *, within: str = "main") -> None:
        self.hands.follow(name, within=within)
        self._clicked()

    def choose(self, label: str | re.Pattern[str]) -> None:
        self.page.locator("main").get_by_label(label).check()
        self.clicks += 1

    def write(self, name: str, text: str) -> None:
        self.page.locator(f"main [name={name}]").fill(text)
        self.typed += 1

    def reads(self, text: str) -> None:
        expect(self.page.locator("main").get_by_text(text).first).to_be_visible()

    def _clicked(self) -> None:
        self.clicks += 1
        self.eyes.look()


def open_office(live: Live) -> tuple[str, list[str]]:
    """Open an office; return its name and its agents' sessions. Another name in each run: a journey may be retried."""
    word = secrets.token_hex(2)
    name = f"Service Enfance {word}"
    return name, live.run(OFFICE.format(office=name, word=word)).split()


def reload_until(page: Page, text: str) -> None:
    """Reload until the worker has written what the page lacks."""
    found = page.get_by_text(text)
    for _ in range(60):
        if found.count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"{page.url}: “{text}” never comes")


def test_corrected_and_granted_in_french_on_a_wide_screen(live: Live, visitor: Visitors) -> None:
    address = "nadia.envoi@courriel.example"
    move_in(live, address)
    office, (examines, decides) = open_office(live)
    nadia, claire, hugo = (Actor(visitor(width=1280)) for _ in range(3))
    take_session(claire.page, live, examines)
    take_session(hugo.page, live, decides)
    come_in(nadia.page, live, address)

    # From the finished dossier: four clicks, no field, nothing chosen beforehand.
    nadia.page.goto("/dossiers/nouveau/?aide=ville_cantine")
    nadia.press("Voir ce qu’il faut")
    nadia.hands.press(re.compile("^Faire le dossier"))
    wait_for_job(nadia.page, "Voir le résultat", script=True)
    nadia.clicks, start = 0, perf_counter()
    nadia.follow("Envoyer à un service de la ville")
    assert nadia.page.locator("main input:checked").count() == 0
    nadia.choose(re.compile(office))
    nadia.choose(re.compile(r"^\s*6\s?mois"))
    nadia.press("Signer et envoyer")
    nadia.reads("Votre demande est partie.")
    assert (nadia.clicks, nadia.typed) == (4, 0)
    assert perf_counter() - start < 20
    followed = nadia.page.url

    # The list names nobody. The agent opens the request, takes it, and names one line.
    claire.page.goto("/")
    claire.follow("Demandes", within="header")
    expect(claire.page.get_by_text("Kervella")).to_have_count(0)
    claire.follow("Tarif de cantine selon le quotient")
    claire.reads("Nadia Kervella")
    claire.press("Prendre cette demande")
    claire.follow(re.compile("^Signaler.*Quotient familial"))
    claire.press("Demander cette correction")
    claire.reads("Dites ce qui ne va pas.")
    claire.choose("Trop ancien")
    claire.write("message", "Il nous faut celui de ce mois.")
    claire.press("Demander cette correction")
    claire.reads("Le délai s’arrête jusqu’à la réponse.")

    # Her home page leads to the line; she mends it and nothing else.
    nadia.clicks = 0
    nadia.page.goto("/")
    nadia.follow("Corriger une ligne de votre demande")
    nadia.reads("Il nous faut celui de ce mois.")
    nadia.write("text", "598 €, ce mois-ci")
    nadia.press("Envoyer la correction")
    nadia.reads("Votre correction est partie.")
    assert (nadia.clicks, nadia.typed) == (2, 1)

    # The agent sees the difference and proposes; she may not decide. Another one decides.
    claire.page.reload()
    claire.reads("Avant la correction")
    claire.choose("Accorder")
    claire.write("given", "1,80 € le repas")
    claire.press("Proposer")
    claire.reads("un autre agent décide.")
    hugo.page.goto("/agents/demandes/")
    hugo.reads("à décider")
    hugo.follow("Tarif de cantine selon le quotient")
    hugo.press("Décider ainsi")
    hugo.reads("C’est décidé.")
    hugo.follow("Demandes", within="header")
    hugo.reads("Aucune demande n’attend.")

    # The decision is on the page of the request, a value and a paper of her vault, and in her journal.
    nadia.page.goto(followed)
    nadia.reads("Votre demande est accordée.")
    reload_until(nadia.page, "Voir ce papier dans mon coffre")
    nadia.eyes.look()
    nadia.follow("Voir ce papier dans mon coffre")
    nadia.reads("Décision sur une demande à la ville")
    nadia.page.goto("/journal/")
    nadia.reads("Claire Morvan")


def test_refused_in_english_on_a_telephone_without_scripts_by_keyboard(live: Live, visitor: Visitors) -> None:
    address = "nadia.refusal@courriel.example"
    move_in(live, address)
    live.run(FINISHED.format(address=address))
    office, (examines, decides) = open_office(live)
    hers, claire, hugo = (visitor(width=320, language="en-GB", javascript=False) for _ in range(3))
    take_session(claire, live, examines)
    take_session(hugo, live, decides)
    eyes, keyboard = Eyes(hers, "en"), Keyboard(hers)
    sign_in(hers, live, address)

    # She sends her dossier.
    hers.goto("/dossiers/")
    keyboard.follow("^School meals")
    keyboard.follow("^Send to an office of the city")
    eyes.look()
    keyboard.choose("office", office)
    keyboard.choose("months", "3 months")
    keyboard.follow("^Sign and send")
    expect(hers.get_by_text("Your request was sent")).to_be_visible()
    eyes.look()

    # An agent proposes a refusal: without a reason, nothing is proposed.
    agent, agent_eyes = Keyboard(claire), Eyes(claire, "en")
    claire.goto("/agents/demandes/")
    agent_eyes.look()
    agent.follow("^School meals")
    agent_eyes.look()
    agent.follow("^Take this request")
    agent.choose("proposal", "Refuse")
    agent.follow("^Propose")
    agent_eyes.look()
    agent.write("^Reason", "526 € est sous 300 €, mais l’enfant n’est pas inscrit.")
    agent.follow("^Propose")
    hugo.goto(claire.url)
    decider = Keyboard(hugo)
    Eyes(hugo, "en").look()
    decider.follow("^Decide so")

    # The reason comes first, then the ways to appeal, with a letter that is ready.
    request = only_row(live, "requests_sentrequest", address)
    hers.goto("/demandes/")
    keyboard.follow("^School meals")
    assert hers.url.endswith(f"/demandes/{request}/")
    expect(hers.locator("main h2").first).to_have_text("Why it is refused")
    expect(hers.locator("main")).to_contain_text("l’enfant n’est pas inscrit")
    eyes.look()
    keyboard.go_to("^The letter is ready")
    with hers.expect_download() as download:
        hers.keyboard.press("Enter")
    assert download.value.suggested_filename.startswith("recours-")
    reload_until(hers, "See this paper in my vault")
    keyboard.follow("^Decision|^See this paper in my vault")
    eyes.look()
