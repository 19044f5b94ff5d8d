"""Par 4 Chemins, with Authlib unmodified, against the portal in this process."""

import io
import json
import re
import time
from datetime import UTC, date, datetime
from urllib.parse import urlencode, urlsplit

import pytest
import time_machine
from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings as portal
from django_scopes import scope

from certification.access.actions import clients
from certification.access.enums import Environment
from certification.labels.actions import labels, requests
from demo.services.par4chemins import choosing, site, vault
from demo.services.par4chemins.choosing import Known, Wanted
from demo.services.par4chemins.site import Site
from demo.services.par4chemins.words import IN_ENGLISH, Words
from tests.accounts.factories import AgentFactory, signed_in
from tests.certification.access.program import Portal, answer, way_back
from tests.certification.made import asked, filled, member, publisher, reviewed, service, version_of
from vault.records import actions
from vault.records.actions import grants
from vault.records.models import Grant, Record

BASE = "http://127.0.0.1:9"
SATURDAY = date(2026, 11, 28)


def test_outings_say_why_and_leave_out_what_is_taken():
    busy = [(datetime(2026, 12, 2, 15), datetime(2026, 12, 2, 17))]
    found = choosing.outings(Known(["sport", "nature"], busy), SATURDAY, Words("fr"))
    assert "nage" not in [one.code for one in found] and "contes" not in [one.code for one in found]
    assert "Vous aimez vous promener dans la nature." in found[0].reasons
    assert all("libre" in " ".join(one.reasons) for one in found)
    assert len(choosing.outings(Known(), SATURDAY, Words("fr"))) == len(choosing.DATA["outings"])


@pytest.mark.parametrize(
    ("wanted", "all_of_them"),
    [
        (Wanted(when=choosing.WEEK), lambda one: one.start.date() <= date(2026, 12, 5)),
        (Wanted(when=choosing.WEEKEND), lambda one: one.start.weekday() >= 5),
        (Wanted(taste="faire"), lambda one: one.row["taste"] == "faire"),
        (Wanted(price="0"), lambda one: not one.price),
        (Wanted(price="5", code="P4C-0"), lambda one: one.price <= 5),
    ],
)
def test_a_filter_keeps_what_fits_and_nothing_else(wanted, all_of_them):
    every = choosing.outings(Known(), SATURDAY, Words("fr"), Wanted(code=wanted.code))
    found = choosing.outings(Known(), SATURDAY, Words("fr"), wanted)
    assert 0 < len(found) < len(every) and found == [one for one in every if all_of_them(one)]


def test_the_day_is_the_towns_on_a_machine_of_another_zone(monkeypatch):
    with time_machine.travel(datetime(2026, 12, 31, 23, 30, tzinfo=UTC), tick=False), monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        try:
            assert site._today() == date(2027, 1, 1)
        finally:
            patch.undo()
            time.tzset()


def test_a_code_makes_one_place_cheaper():
    prices = {one.code: one.price for one in choosing.outings(Known(), SATURDAY, Words("fr"), Wanted(code="P4C-0"))}
    assert (prices["bal"], prices["nage"]) == (6, 7.8)


def test_a_walk_is_for_a_trip_that_comes_back():
    trip = (datetime(2026, 11, 23, 8), "Gare")
    assert choosing.walk(Known(trips=[trip] * 2), Words("fr")) is None
    found = choosing.walk(Known(trips=[trip] * 3), Words("fr"))
    assert found is not None and "souvent vers Gare" in found["reason"]
    assert choosing.walk(Known(trips=[(datetime(2026, 11, 23, 8), "Lune")] * 9), Words("fr")) is None


class Browser:
    """A browser without JavaScript, of the service's own pages."""

    def __init__(self, site, language="fr"):
        self.site, self.language, self.cookie, self.status, self.place = site, language, "", 0, ""

    def ask(self, method, address, **form):
        parts = urlsplit(address)
        body = urlencode(form).encode()
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "HTTP_HOST": urlsplit(BASE).netloc,
            "HTTP_COOKIE": self.cookie,
            "HTTP_ACCEPT_LANGUAGE": self.language,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }

        def start(status, headers):
            said = dict(headers)
            self.status, self.place = int(status.split()[0]), said.get("Location", "")
            self.cookie = said["Set-Cookie"].partition(";")[0]
            assert "default-src 'none'" in said["Content-Security-Policy"]

        return b"".join(self.site(environ, start)).decode()


@pytest.fixture
def programme(db, tmp_path, monkeypatch):
    """The service, labelled, with its program's file."""
    house = publisher("Association Par 4 Chemins")
    owner = member(house)
    request = filled(owner, service(owner, house, "Par 4 Chemins"), writes=["loisirs.points"])
    purpose = request.purposes.get()
    purpose.fields.all().delete()
    for field in ("loisirs.gouts#/gout", "agenda.evenement#/debut", "agenda.evenement#/fin"):
        asked(purpose, owner, field)
    label = accepted(request, owner)
    client, secret = clients.register(
        service=label.service, by=owner, environment=Environment.LIVE, redirect_uris=[f"{BASE}/retour"]
    )
    file = tmp_path / "client.json"
    content = {"client_id": client.client_id, "secret": secret, "purpose": str(version_of(label).pk)}
    file.write_text(json.dumps(content))
    monkeypatch.setenv("PAR4CHEMINS_CLIENT", str(file))
    monkeypatch.setattr(vault, "PORTAL", portal.SITE_URL)
    made = OAuth2Session

    def in_this_process(*given, **more):
        session = made(*given, **more)
        session.mount(portal.SITE_URL, Portal())
        return session

    monkeypatch.setattr(vault, "OAuth2Session", in_this_process)
    return Browser(Site())


def accepted(request, owner):
    instructor = AgentFactory()
    requests.submit(request=request, by=owner)
    requests.take(request=request, by=instructor)
    reviewed(request, instructor)
    requests.propose(request=request, by=instructor, favourable=True, opinion="Tout est rempli.", months=12)
    request.refresh_from_db()
    request.refresh_from_db()
    label = requests.accept(request=request, by=AgentFactory(), reasons="Tout est rempli.")
    return labels.accept_agreement(label=label, by=owner)


@pytest.fixture
def walker(resident):
    subject = actions.Subject(type="loisirs.gouts", person=resident.pk)
    actions.add_record(resident_id=resident.pk, by=resident.pk, subject=subject, payload={"gout": "musique"})
    return resident


def connected(programme, walker, **ticked):
    programme.ask("POST", "/connexion")
    theirs = signed_in(walker)
    page = theirs.get(programme.place.removeprefix(portal.SITE_URL))
    back = way_back(answer(theirs, page, **ticked))
    programme.ask("GET", back.removeprefix(BASE))
    return programme.ask("GET", "/sorties")


def test_a_programme_is_chosen_then_printed_and_an_outing_taken_back():
    browser = Browser(Site())
    assert "Votre programme est vide" in browser.ask("GET", "/programme")
    browser.ask("POST", "/programme?gout=sport&prix=10&autre=1", ajouter="nage")
    assert (browser.status, browser.place) == (303, "/sorties?gout=sport&prix=10")
    browser.ask("POST", "/programme", ajouter="contes")
    browser.ask("POST", "/programme", ajouter="jeux")
    sheet = browser.ask("GET", "/programme")
    assert sheet.count('class="on"') == 2 and "Un bonnet" in sheet and "10,80\u00a0€ par personne" in sheet
    assert "€" not in browser.ask("GET", "/programme?prix=sans")
    browser.ask("POST", "/programme", retirer="nage")
    assert "Un bonnet" not in browser.ask("GET", "/programme")
    assert browser.ask("POST", "/programme", ajouter="lune") and browser.status == 400


def test_it_speaks_english_to_whoever_asks_for_it():
    """Each sentence has its English (a missing one is a KeyError), and keeps the same blanks to fill in."""
    browser = Browser(Site(), "en-GB,en;q=0.9")
    assert "Without an account" in browser.ask("GET", "/")
    browser.ask("POST", "/programme", ajouter="lumieres")
    for address, text in (("/sorties?gout=nature", "You like to walk in nature."), ("/programme", "Walk of lights")):
        assert text in browser.ask("GET", address) and browser.status == 200
    assert "Sans compte" in browser.ask("GET", "/?langue=fr")
    blanks = {french: re.findall(r"{\w+}", english) for french, english in IN_ENGLISH.items()}
    assert all(sorted(re.findall(r"{\w+}", french)) == sorted(found) for french, found in blanks.items())


def test_what_an_address_says_is_escaped():
    page = Browser(Site()).ask("GET", "/sorties?gout=%22%3E%3Cscript%3E&prix=%3Cb%3E")
    assert "<script" not in page and "<b>" not in page


def test_it_is_used_without_an_account(programme):
    assert "Sans compte" in programme.ask("GET", "/")
    assert "Vous aimez bouger." in programme.ask("GET", "/sorties?gout=sport")


def test_it_reads_writes_gives_a_code_and_is_refused_after_a_stop(programme, walker):
    ticked = {"items": ["loisirs.gouts#/gout"], "writes": ["loisirs.points"]}
    assert "Vous aimez écouter de la musique." in connected(programme, walker, **ticked)
    assert "Il manque des points" in programme.ask("GET", "/code")
    assert "rangés dans votre coffre" in programme.ask("POST", "/defis", defi="bus")
    assert "déjà dans votre coffre" in programme.ask("POST", "/defis", defi="bus")
    assert re.search(r"P4C-[0-9A-F]{8}", programme.ask("GET", "/code"))
    with scope(resident=walker.pk):
        [points] = Record.objects.filter(type="loisirs.points")
        assert points.holder == "Par 4 Chemins"
        grant = Grant.objects.get()
    grants.stop(grant=grant, by=walker.pk)
    programme.ask("GET", "/sorties")
    assert (programme.status, programme.place) == (303, "/")
    assert "Nous avons oublié" in programme.ask("GET", "/")


def test_without_the_tick_it_writes_no_points(programme, walker):
    connected(programme, walker, items=["loisirs.gouts#/gout"])
    assert "rien n’est écrit" in programme.ask("POST", "/defis", defi="bus")
    with scope(resident=walker.pk):
        assert not Record.objects.filter(type="loisirs.points").exists()


def test_its_own_button_gives_the_grant_back(programme, walker):
    connected(programme, walker, items=["loisirs.gouts#/gout"])
    programme.ask("POST", "/arreter")
    with scope(resident=walker.pk):
        assert Grant.objects.get().stopped_at is not None


def test_a_code_that_another_browser_brings_opens_nothing(programme, walker):
    programme.ask("POST", "/connexion")
    theirs = signed_in(walker)
    page = theirs.get(programme.place.removeprefix(portal.SITE_URL))
    back = way_back(answer(theirs, page, items=["loisirs.gouts#/gout"]))
    other = Browser(programme.site)
    other.ask("GET", back.removeprefix(BASE))
    assert (other.status, other.place) == (303, "/")
    assert "Défis" not in other.ask("GET", "/sorties")
