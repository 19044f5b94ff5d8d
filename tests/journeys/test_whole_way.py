"""From a record to a decision: the watch finds a right, its form is filled and read, the city corrects and decides.

Two residents, by the keyboard alone: one in French with scripts, one in English without. Each page is looked at on a
telephone and on a wide screen.
"""

import re
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Visitors
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import Walker, mail_for, sign_in, take_session, wait_for_job
from tests.journeys.test_sending import reload_until
from tests.live import Live

#: Nadia without a child in her vault; prints nothing.
ALONE = """
from django.utils import timezone
from django_scopes import scope
from accounts.actions import accounts
from demo.seeding import residents
from tests.vault.made import HOUSEHOLD, add
from vault.records.actions import withdraw_record
from vault.records.models import Record
account = accounts.register_resident(email="{address}", name="Nadia Kervella")
residents.fill_vault(account, "nadia", timezone.localdate())
with scope(resident=account.pk):
    records = list(Record.objects.current().filter(type="foyer.composition"))
for record in records:
    withdraw_record(record=record, by=account.pk)
add(account, "foyer.composition", dict(HOUSEHOLD, enfants=[]), role="household")
"""
#: Has the watch look now, and tell what it found; the portal waits ten minutes before it looks.
LOOK = """
import time
from django.utils import timezone
from django_scopes import scope
from accounts.models import User
from services.watch.actions import evaluating, telling
from services.watch.models import Watch
with scope(resident=User.objects.signing_in_as("{address}").get().pk):
    Watch.objects.update(due_at=timezone.now())
    for _ in range(120):
        evaluating.look()
        if Watch.objects.get().due_at is None:
            break
        time.sleep(0.5)
telling.tell()
"""
#: Prints the sessions of the town's agent who examines and of the one who decides.
AGENTS = """
from demo.people.accounts import find
from demo.seeding.offices import DECIDES, EXAMINES
from tests.journeys.filling import cookie
for slug in (EXAMINES, DECIDES):
    print(cookie(find(slug).account()))
"""
GIVEN = "1,80 € le repas"
LANGUAGES = {"fr": "fr-FR", "en": "en-GB"}


@dataclass
class Person:
    """Somebody at a keyboard, who looks at each page on two widths; the presses and typed fields are counted."""

    page: Page
    language: str
    presses: int = 0
    typed: int = 0
    keys: Keyboard = field(init=False)

    def __post_init__(self) -> None:
        self.keys = Keyboard(self.page)
        self.walk = Walker(self.page, self.language, self.keys)

    def say(self, french: str, english: str) -> str:
        return self.walk.say(french, english)

    def goes_to(self, address: str) -> None:
        self.page.goto(address)
        self.look()

    def act(self, french: str, english: str) -> None:
        self.walk.act(french, english)
        self.presses += 1
        self.look()

    def write(self, name: str, text: str) -> None:
        self.walk.write(f"main [name={name}]", text)
        self.typed += 1

    def choose(self, name: str, french: str, english: str) -> None:
        self.keys.choose(name, self.say(french, english))
        self.presses += 1

    def reads(self, french: str, english: str) -> None:
        expect(self.page.locator("main").get_by_text(self.say(french, english)).first).to_be_visible()

    def look(self) -> None:
        for width in (1280, 320):
            self.page.set_viewport_size({"width": width, "height": 900})
            self.walk.eyes.look()


@pytest.mark.parametrize(("language", "scripts"), [("fr", True), ("en", False)])
def test_from_a_record_to_a_decision_in_the_vault(live: Live, visitor: Visitors, language: str, scripts: bool) -> None:
    address = f"nadia.chemin.{language}@courriel.example"
    live.run(ALONE.format(address=address))
    nadia, agathe, hugo = (
        Person(visitor(width=320, language=LANGUAGES[language], javascript=scripts), language) for _ in range(3)
    )
    for agent, session in zip((agathe, hugo), live.run(AGENTS).split(), strict=True):
        take_session(agent.page, live, session)
    sign_in(nadia.page, live, address)
    _turns_the_watch_on(live, nadia, address)
    _adds_a_child(nadia)
    live.run(LOOK.format(address=address))
    told = mail_for(live, address)
    assert not re.search(r"cantine|meals|€|\d,\d\d", told), told
    _reads_what_was_found(nadia)
    _reads_and_joins_the_form(nadia)
    number = _sends_it(nadia, scripts)
    _is_asked_to_correct(agathe, number)
    _mends_one_line(nadia)
    _is_decided(agathe, hugo, number)
    _finds_the_decision(nadia, number)
    assert nadia.typed == 7, "five for the child, one on the form, one to correct"
    assert nadia.presses == (27 if scripts else 28), "without scripts, one to see that the dossier is made"


def _turns_the_watch_on(live: Live, nadia: Person, address: str) -> None:
    nadia.goes_to("/aides/")
    nadia.act("Être prévenu si un droit change", "Be told if a right changes")
    nadia.act("Activer la veille", "Turn the watch on")
    live.run(LOOK.format(address=address))
    nadia.goes_to("/veille/")
    nadia.reads("Rien n’a changé pour le moment", "Nothing has changed so far")


def _adds_a_child(nadia: Person) -> None:
    nadia.goes_to("/coffre/saisir/foyer.composition/")
    nadia.act("Commencer", "Start")
    nadia.act("Seul·e", "Alone")
    nadia.act("Oui", "Yes")
    for name, text in (("nom_naissance", "Kervella"), ("prenoms", "Milo")):
        nadia.write(name, text)
    for part, text in (("day", "12"), ("month", "5"), ("year", "2019")):
        nadia.write(f"date_naissance_{part}", text)
    nadia.act("Continuer", "Continue")
    done = nadia.page.get_by_role("button", name=nadia.say("Ranger dans mon coffre", "Store in my vault"))
    while not done.count():
        nadia.act("Passer cette question", "Skip this question")
    nadia.act("Ranger dans mon coffre", "Store in my vault")


def _reads_what_was_found(nadia: Person) -> None:
    nadia.goes_to("/")
    nadia.act("Votre veille a trouvé un changement", "Your watch found a change")
    nadia.act("Tarif de cantine", "School meals")
    nadia.reads("Dans votre coffre", "In your vault")
    nadia.act("Voir ce qui partirait", "See what would leave")


def _reads_and_joins_the_form(nadia: Person) -> None:
    """The dossier of the procedure that answers this aid asks to read its form first."""
    nadia.reads("La démarche le demande.", "The procedure asks for it.")
    nadia.act("Fiche d’inscription à la cantine", "Fiche d’inscription à la cantine")
    expect(nadia.page.locator("main dd", has_text="Milo").first).to_be_visible()
    nadia.write("jours", "Lundi, mardi, jeudi et vendredi")
    nadia.act("Garder ces réponses", "Save these answers")
    nadia.act("Voir ses pages", "See its pages")
    assert nadia.page.locator("main img").evaluate("one => one.naturalWidth") > 700
    nadia.act("Le joindre à mon dossier", "Attach it to my application")


def _sends_it(nadia: Person, scripts: bool) -> str:
    """Make the dossier and send it; return the number of the request."""
    nadia.keys.follow(f"^{nadia.say('Faire le dossier', 'Make the application')}")
    nadia.presses += 1
    result = nadia.say("Voir le résultat", "See the result")
    wait_for_job(nadia.page, result, script=scripts)
    if not scripts:
        nadia.act(result, result)
    nadia.look()
    nadia.act("Envoyer à un service de la ville", "Send to an office of the city")
    nadia.reads("Fiche d’inscription à la cantine", "Fiche d’inscription à la cantine")
    first = nadia.page.locator("main [name=office]").first
    assert "Guichet unique" in first.evaluate("one => one.labels[0].innerText"), "the office of the procedure is first"
    assert nadia.page.locator("main input:checked").count() == 0
    nadia.choose("office", "Guichet unique", "Guichet unique")
    nadia.choose("months", "6 mois", "6 months")
    nadia.act("Signer et envoyer", "Sign and send")
    found = re.search(r"\d{4}-[0-9A-Z]{5}", nadia.page.locator("main").inner_text())
    assert found, "the request has a number"
    return found[0]


def _is_asked_to_correct(agathe: Person, number: str) -> None:
    agathe.goes_to(f"/agents/demandes/?no={number}")
    expect(agathe.page.get_by_text("Kervella")).to_have_count(0)
    agathe.act("Inscription à la cantine", "Enrolment for school meals")
    agathe.reads("Lundi, mardi, jeudi et vendredi", "Lundi, mardi, jeudi et vendredi")
    agathe.act("Prendre cette demande", "Take this request")
    agathe.keys.follow(agathe.say("^Signaler.*Quotient familial", "^Report.*Quotient familial"))
    agathe.look()
    agathe.choose("fault", "Trop ancien", "Too old")
    agathe.write("message", "Il nous faut celui de ce mois.")
    agathe.act("Demander cette correction", "Ask for this correction")


def _mends_one_line(nadia: Person) -> None:
    nadia.goes_to("/")
    nadia.act("Corriger une ligne de votre demande", "Correct a line of your request")
    nadia.reads("Il nous faut celui de ce mois.", "Il nous faut celui de ce mois.")
    nadia.write("text", "598 €, ce mois-ci")
    nadia.act("Envoyer la correction", "Send the correction")


def _is_decided(agathe: Person, hugo: Person, number: str) -> None:
    """The agent who examined proposes and may not decide; another one decides."""
    agathe.page.reload()
    agathe.reads("598 €, ce mois-ci", "598 €, ce mois-ci")
    agathe.choose("proposal", "Accorder", "Grant")
    agathe.write("given", GIVEN)
    agathe.act("Proposer", "Propose")
    decide = agathe.say("Décider ainsi", "Decide so")
    expect(agathe.page.get_by_role("button", name=decide)).to_have_count(0)
    hugo.goes_to(f"/agents/demandes/?no={number}")
    hugo.act("Inscription à la cantine", "Enrolment for school meals")
    hugo.act("Décider ainsi", "Decide so")


def _finds_the_decision(nadia: Person, number: str) -> None:
    """It is a value of the vault and a paper, and the journal names who opened the request."""
    nadia.goes_to("/demandes/")
    nadia.act("Inscription à la cantine", "Enrolment for school meals")
    reload_until(nadia.page, nadia.say("Voir ce papier dans mon coffre", "See this paper in my vault"))
    nadia.act("Voir ce papier dans mon coffre", "See this paper in my vault")
    nadia.goes_to("/coffre/tout/droit.decision/")
    expect(nadia.page.locator("main")).to_contain_text(number)
    expect(nadia.page.locator("main")).to_contain_text(GIVEN)
    nadia.goes_to("/journal/")
    nadia.reads("Agathe", "Agathe")
