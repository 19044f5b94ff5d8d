"""Par 4 Chemins, with Authlib unmodified, against the portal in this process."""

import io
import json
import re
from datetime import date, datetime
from urllib.parse import urlencode, urlsplit

import pytest
from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings as portal
from django_scopes import scope

from certification.access.actions import clients
from certification.access.enums import Environment
from certification.labels.actions import labels, requests
from demo.services.par4chemins import choosing, vault
from demo.services.par4chemins.choosing import Known
from demo.services.par4chemins.site import Site
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
    found = choosing.outings(Known(["sport", "nature"], busy), SATURDAY)
    assert "nage" not in [one.code for one in found] and "contes" not in [one.code for one in found]
    assert "Vous aimez vous promener dans la nature." in found[0].reasons
    assert all("libre" in " ".join(one.reasons) for one in found)
    assert len(choosing.outings(Known(), SATURDAY)) == len(choosing.DATA["outings"])


def test_a_walk_is_for_a_trip_that_comes_back():
    trip = (datetime(2026, 11, 23, 8), "Gare")
    assert choosing.walk(Known(trips=[trip] * 2)) is None
    found = choosing.walk(Known(trips=[trip] * 3))
    assert found is not None and "souvent vers Gare" in found["reason"]
    assert choosing.walk(Known(trips=[(datetime(2026, 11, 23, 8), "Lune")] * 9)) is None


class Browser:
    """A browser without JavaScript, of the service's own pages."""

    def __init__(self, site):
        self.site, self.cookie, self.status, self.place = site, "", 0, ""

    def ask(self, method, address, **form):
        parts = urlsplit(address)
        body = urlencode(form).encode()
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "HTTP_HOST": urlsplit(BASE).netloc,
            "HTTP_COOKIE": self.cookie,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }

        def start(status, headers):
            said = dict(headers)
            self.status, self.place = int(status.split()[0]), said.get("Location", "")
            self.cookie = said["Set-Cookie"].partition(";")[0]

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
