"""A publisher asks for a label from a use case; a machine looks, one agent asks for more, another decides. A resident
finds the service in the catalogue and agrees; the city suspends it, the resident is told, a second agent lifts that.
At last it withdraws it: the agreement ends, and the service erases what it read.
"""

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

from playwright.sync_api import Page, Route, expect

from tests.browser import Visitors
from tests.journeys.people import Eyes, Hands, come_in, move_in, take_session
from tests.live import Live

NADIA = "nadia.label@courriel.example"
OWNER = "editrice@loyerjuste.example"
BACK = "http://127.0.0.1:9/retour"
SITE = "https://loyerjuste.example/"
VERIFIER = "a-verifier-of-forty-three-characters-or-more-0123456789"
#: A publisher that the city has just added, and two agents who may decide together. Nothing else is prepared. Their
#: addresses are not those of other agents of the portal that the journeys share.
PEOPLE = """
from accounts.models import Publisher
from certification.labels.actions import charters
from certification.labels.models import CharterVersion
from tests.accounts.factories import AgentFactory
from tests.certification import made
from tests.journeys.filling import cookie
CharterVersion.objects.current() or charters.publish(
    charter=made.draft_charter(), by=AgentFactory(manages_agents=True, email="charte.{word}@agents.example")
)
house, _new = Publisher.objects.get_or_create(siret=made.SIRETS[1], defaults={{"name": "Loyer Juste SAS"}})
owner = made.member(house, email="{owner}")
for person in (owner, *(AgentFactory(email=f"{{who}}.{word}@agents.example") for who in ("un", "deux"))):
    print(cookie(person))
"""
#: The other answers and reviews, as `answer` and `review` write them one by one on the pages.
ANSWERS = """
from certification.labels.enums import Verdict
from certification.labels.models import Answer, LabelRequest
request = LabelRequest.objects.get(pk="{request}")
answered = request.answers.values("criterion")
Answer.objects.bulk_create(
    Answer(request=request, criterion=one, verdict=Verdict.MET, text="Oui, comme demandé.")
    for one in request.charter.criteria.exclude(pk__in=answered)
)
"""
REVIEWS = """
from certification.labels.models import LabelRequest
from tests.certification.made import reviewed
request = LabelRequest.objects.get(pk="{request}")
reviewed(request, request.instructor)
"""


@dataclass
class Actor:
    """One person with a page of their own, who counts what they click and type."""

    page: Page
    clicks: int = 0
    typed: int = 0

    def __post_init__(self) -> None:
        self.eyes, self.hands = Eyes(self.page, "fr"), Hands(self.page)

    def press(self, name: str | re.Pattern[str]) -> None:
        self.hands.press(name)
        self.clicks += 1

    def follow(self, name: str | re.Pattern[str]) -> None:
        self.hands.follow(name)
        self.clicks += 1

    def write(self, **texts: str) -> None:
        for name, text in texts.items():
            self.page.locator(f"main [name={name}]").fill(text)
            self.typed += 1

    def choose(self, name: str, value: str) -> None:
        self.page.locator(f"main [name={name}][value='{value}']").check()
        self.clicks += 1


def test_a_service_gets_a_label_reads_is_suspended_and_reads_again(live: Live, visitor: Visitors) -> None:
    # Another name in each run: a retried journey finds the publisher and the service of its first run.
    word = secrets.token_hex(2)
    name = f"Loyer {word}"
    cookies = live.run(PEOPLE.format(owner=OWNER, word=word)).split()
    owner, instructor, decider = (Actor(visitor(width=1280, javascript=False)) for _ in cookies)
    for actor, key in zip((owner, instructor, decider), cookies, strict=True):
        take_session(actor.page, live, key)
    request = apply_for_a_label(owner, live, name)
    examine(instructor, live, request, name)
    complete(owner)
    conclude(instructor, live, request)
    decide(decider, name)
    number = accept(owner, name)
    # With three answers of the charter's twenty-six, each of one field and two clicks.
    assert owner.clicks <= 23 and owner.typed <= 13
    program = register_program(owner)

    # The resident finds the service by the catalogue, and agrees on the page to which it sends them.
    move_in(live, NADIA)
    hers = visitor(width=320, javascript=False)
    nadia = Actor(hers)
    come_in(hers, live, NADIA)
    token = consent(nadia, live, program, name)
    assert (nadia.clicks, nadia.typed) == (5, 0)
    assert read(live, token)[0] == 200

    # One agent stops it at once; the resident's pages say so, and nothing is read.
    instructor.page.goto("/agents/labels/")
    instructor.follow(name)
    instructor.follow("Suspendre en urgence")
    instructor.write(text="Une fuite est signalée.")
    instructor.press("Suspendre")
    assert read(live, token) == (403, "label")
    hers.goto("/partages/")
    expect(hers.get_by_text("Suspendu par la ville").first).to_be_visible()
    nadia.follow(re.compile("Voir ce partage"))
    expect(hers.get_by_text("Une fuite est signalée.").first).to_be_visible()
    nadia.follow("Voir les décisions de la ville")
    expect(hers.get_by_text("Une fuite est signalée.").first).to_be_visible()

    # Lifting it takes two.
    instructor.follow("Proposer un changement")
    instructor.choose("what", "lift")
    instructor.write(text="La fuite est fermée.")
    instructor.press("Proposer")
    decider.page.goto("/agents/labels/")
    decider.follow(re.compile(f"Lever la suspension.*{name}"))
    decider.press("Accepter")
    assert read(live, token)[0] == 200
    hers.goto("/partages/")
    expect(hers.get_by_text("Suspendu par la ville")).to_have_count(0)
    hers.goto(f"/registre/{number}/")
    expect(hers.get_by_text("suspension levée").first).to_be_visible()
    hers.goto("/journal/")
    expect(hers.get_by_text("la ville ne la permet pas").first).to_be_visible()

    withdraw(instructor, owner, decider, name)
    assert read(live, token) == (403, "label_withdrawn")
    live.run("from certification.labels.tasks import end_grants\nend_grants()")
    hers.goto("/")
    nadia.follow(re.compile(f"{name}.*la ville a retiré son autorisation"))
    for words in ("Retiré par la ville", "Elle revend des données.", "Réponse due le"):
        expect(hers.get_by_text(words).first).to_be_visible()
    nadia.eyes.look()
    erase_all(live, program)
    hers.reload()
    expect(hers.get_by_text("Effacé").first).to_be_visible()
    expect(hers.get_by_text("Réponse due le")).to_have_count(0)


def withdraw(instructor: Actor, owner: Actor, decider: Actor, name: str) -> None:
    """Withdraw the label for good: one agent proposes, the publisher answers, another agent decides."""
    instructor.page.goto("/agents/labels/")
    instructor.follow(name)
    instructor.follow("Proposer un changement")
    instructor.choose("what", "withdraw")
    instructor.write(text="Elle revend des données.")
    instructor.press("Proposer")
    owner.page.goto("/editeurs/")
    owner.follow(re.compile(f"^{name}"))
    owner.follow("Lire les raisons et répondre")
    owner.write(text="Nous arrêtons.")
    owner.press("Envoyer ma réponse")
    decider.page.goto("/agents/labels/")
    decider.follow(re.compile(f"^Retirer.*{name}"))
    decider.press("Accepter")
    owner.page.goto("/editeurs/")
    owner.follow(re.compile(f"^{name}"))
    expect(owner.page.get_by_role("link", name=re.compile("^Retirer.*PDF"))).to_be_visible()
    expect(owner.page.get_by_role("link", name=re.compile("^Suspendre en urgence.*PDF"))).to_be_visible()


def erase_all(live: Live, program: tuple[str, str]) -> None:
    """Confirm each request to erase, as the service's program does by itself."""
    known = f"Basic {base64.b64encode(':'.join(program).encode()).decode()}"
    _status, listed = called(live, "/api/v1/erasures", known)
    assert listed["erasures"]
    for one in listed["erasures"]:
        sent = json.dumps({"answer": "confirmed"}).encode()
        headers = {"Authorization": known, "Content-Type": "application/json"}
        with urlopen(Request(f"{live.url}/api/v1/erasures/{one['id']}", data=sent, headers=headers)) as answer:
            assert answer.status == 200


def apply_for_a_label(owner: Actor, live: Live, name: str) -> str:
    """Add the service, begin with a use case, answer what lacks, send. Return the request's id."""
    owner.page.goto("/editeurs/")
    owner.follow("Ajouter un service")
    owner.write(name=name, summary="Compare votre loyer à ceux du quartier.", url=SITE, price="Gratuit")
    owner.press("Ajouter")
    owner.follow(re.compile("Demander un label"))
    owner.choose("template", "rent")
    owner.press("Continuer")
    request = owner.page.url.rstrip("/").rpartition("/")[2]
    owner.follow("Hébergement, sous-traitants et contacts")
    owner.write(
        privacy_url=f"{SITE}donnees",
        hosting="France, Serveurs du Lac",
        subprocessors="Aucun",
        data_contact="donnees@loyerjuste.example",
        alert_contact="astreinte@loyerjuste.example",
    )
    owner.press("Enregistrer")
    # From one requirement to the next, without the list between them.
    owner.follow(re.compile("^C01"))
    for _ in range(3):
        owner.choose("verdict", "met")
        owner.write(text="Oui, comme demandé.")
        owner.press("Enregistrer")
    expect(owner.page.get_by_role("heading", level=1)).to_contain_text("C04.")
    live.run(ANSWERS.format(request=request))
    owner.page.goto(f"/editeurs/demandes/{request}/")
    owner.follow("Relire et envoyer")
    owner.press("Envoyer à la ville")
    return request


def examine(instructor: Actor, live: Live, request: str, name: str) -> None:
    """Take the request, read what the machine saw, ask for more."""
    instructor.page.goto("/agents/labels/")
    instructor.follow(re.compile(f"^{name}"))
    instructor.press(re.compile("Instruire"))
    machine_is_done(instructor.page, live, request)
    instructor.follow("Voir les contrôles")
    expect(instructor.page.get_by_text("C01.")).to_be_visible()
    instructor.page.go_back()
    instructor.follow(re.compile("^C01"))
    instructor.choose("verdict", "met")
    instructor.press("Enregistrer mon avis")
    expect(instructor.page.get_by_role("heading", level=1)).to_contain_text("C02.")
    instructor.page.goto(f"/agents/labels/demandes/{request}/")
    instructor.follow("Demander un complément")
    instructor.write(text="Quel est le nom de l’hébergeur ?")
    instructor.press("Envoyer")


def machine_is_done(page: Page, live: Live, request: str) -> None:
    """Wait until the worker has looked at the request."""
    for _ in range(100):
        if live.sql("SELECT 1 FROM labels_checkrun WHERE request_id = %s AND state = 'done'", request):
            page.reload()
            return
        page.wait_for_timeout(200)
    raise AssertionError("the machine has not looked")


def complete(owner: Actor) -> None:
    """Read what is asked, change the request, send it again."""
    owner.page.reload()
    expect(owner.page.get_by_text("Quel est le nom de l’hébergeur ?").first).to_be_visible()
    owner.follow("Hébergement, sous-traitants et contacts")
    owner.write(hosting="France, Serveurs du Lac SAS")
    owner.press("Enregistrer")
    owner.follow("Relire et envoyer")
    owner.press("Envoyer à la ville")


def conclude(instructor: Actor, live: Live, request: str) -> None:
    live.run(REVIEWS.format(request=request))
    instructor.page.reload()
    instructor.follow("Rendre mon avis")
    instructor.choose("favourable", "yes")
    instructor.write(months="12", opinion="Tout est rempli.")
    instructor.press("Rendre mon avis")


def decide(decider: Actor, name: str) -> None:
    decider.page.goto("/agents/labels/")
    decider.follow(re.compile(f"^{name}"))
    decider.follow("Décider")
    decider.choose("answer", "accept")
    decider.write(text="Tout est rempli.")
    decider.press("Enregistrer la décision")


def accept(owner: Actor, name: str) -> str:
    """Accept the agreement: the label begins. Return its number."""
    owner.page.goto("/editeurs/")
    owner.follow(re.compile(f"^{name}"))
    owner.follow("Lire la convention")
    owner.press("Accepter la convention")
    found = re.search(r"L-\d{4}-\w+", owner.page.inner_text("main"))
    assert found
    return found[0]


def register_program(owner: Actor) -> tuple[str, str]:
    """Register a program for residents. Return its id and its secret."""
    owner.follow("Ajouter un programme")
    owner.choose("environment", "live")
    owner.write(redirect_uris=BACK)
    owner.press("Ajouter")
    told = [text.strip() for text in owner.page.locator("main dd").all_inner_texts()]
    return told[0], next(text for text in reversed(told) if text.startswith("gar_live_"))


def consent(nadia: Actor, live: Live, program: tuple[str, str], name: str) -> str:
    """Go from the catalogue to the service and to the page of consent. Return the access token."""
    identifier, secret = program
    asked = {
        "response_type": "code",
        "client_id": identifier,
        "redirect_uri": BACK,
        "scope": "openid vault",
        "state": "s" * 24,
        "nonce": "n" * 24,
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
    }
    known = f"Basic {base64.b64encode(f'{identifier}:{secret}'.encode()).decode()}"
    came_back: list[str] = []

    def service(route: Route) -> None:
        if route.request.url.startswith(BACK):
            came_back.append(route.request.url)
            route.fulfill(body="Bonjour", content_type="text/plain")
        else:
            _status, pushed = called(live, "/oauth/par", known, asked)
            handle = urlencode({"client_id": identifier, "request_uri": pushed["request_uri"]})
            link = f"<main><a href='{live.url}/oauth/authorize?{handle}'>Montrer mes données</a></main>"
            route.fulfill(body=link, content_type="text/html; charset=utf-8")

    nadia.page.context.route(f"{SITE}**", service)
    nadia.page.context.route(f"{BACK}**", service)
    nadia.page.goto("/services/")
    nadia.follow(name)
    nadia.eyes.look()
    nadia.follow(re.compile("^Aller sur"))
    nadia.follow("Montrer mes données")
    assert nadia.page.locator("main input:checked").count() == 0
    nadia.choose("months", "1")
    nadia.press("Accepter ce que j’ai choisi")
    nadia.page.wait_for_url(f"{BACK}**")
    [back] = came_back
    [code] = parse_qs(urlsplit(back).query)["code"]
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    _status, answer = called(live, "/oauth/token", known, body)
    return str(answer["access_token"])


def challenge() -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def read(live: Live, token: str) -> tuple[int, str]:
    """Read the values by the API. Return the status, and the code of a refusal."""
    status, answer = called(live, "/api/v1/me/fields", f"Bearer {token}")
    return status, str(answer.get("code", ""))


def called(live: Live, address: str, known: str, body: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    """Call the portal as a program does."""
    sent = urlencode(body).encode() if body else None
    try:
        with urlopen(Request(live.url + address, data=sent, headers={"Authorization": known})) as answer:
            return answer.status, json.load(answer)
    except HTTPError as refused:
        return refused.code, json.loads(refused.read())
