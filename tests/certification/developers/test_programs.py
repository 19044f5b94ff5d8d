"""The complete programs of the documentation, as they are written, at both servers: the sandbox, then the portal.

From one to the other the server's address, the program's identifier and its secret change, and nothing else.
"""

import os
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import time_machine
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from certification.access.actions import clients
from certification.access.enums import Environment
from certification.developers.presenting import documentation
from tests import node
from tests.accounts.factories import signed_in
from tests.certification.access import program as live
from tests.certification.access.program import BACK, hidden, way_back
from tests.certification.developers import played as sandbox
from tests.certification.made import PARTS
from tests.vault.made import add_signed_notice
from vault.records.actions import grants
from vault.records.models import Grant

PACKAGES = Path(__file__).parents[1] / "access" / "openid"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
LANGUAGES = ["python", pytest.param("node", marks=node.needed(PACKAGES, "openid-client"))]


@pytest.fixture
def portal(live_server, settings):
    settings.SITE_URL = live_server.url
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "OIDC_ISS_ENDPOINT": live_server.url}
    return live_server.url


@pytest.fixture(params=LANGUAGES)
def started(request, tmp_path):
    """Return a function that starts the program of a language, and returns a browser's way to call it."""
    running = []

    def start(server, client, secret):
        if request.param == "python":
            file, name = tmp_path / "program.py", "program"
            command = [sys.executable, str(file)]
        else:
            file, name = tmp_path / "program.mjs", "program_node"
            (tmp_path / "node_modules").symlink_to(PACKAGES / "node_modules")
            command = ["node", str(file)]
        file.write_text(documentation.snippet(name), encoding="utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        own = {
            "SERVER": server,
            "CLIENT_ID": client.client_id,
            "CLIENT_SECRET": secret,
            "BACK": BACK,
            "PORT": str(port),
        }
        process = subprocess.Popen(command, env=os.environ | own, stderr=subprocess.PIPE, text=True)
        running.append(process)
        return Visitor(port, process)

    yield start
    for process in running:
        process.kill()
        process.communicate()


class Visitor:
    """A person's browser at the service: it keeps the cookie that is for HTTPS alone, and follows no redirection."""

    def __init__(self, port, process):
        self.port, self.cookie = port, ""
        for _ in range(200):
            assert process.poll() is None, process.stderr.read()
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the program does not listen")

    def get(self, address):
        """Call the service at its address, as its proxy does."""
        parts = urlsplit(address)
        found = requests.get(
            f"http://127.0.0.1:{self.port}{parts.path}?{parts.query}",
            headers={"Cookie": self.cookie},
            allow_redirects=False,
            timeout=20,
        )
        self.cookie = found.headers["Set-Cookie"].partition(";")[0]
        return found


def connect(visitor, agree):
    """Go from the service to the portal and back. `agree` takes the address of the page of consent."""
    assert visitor.get("/").json() == {"connect": "/connect"}
    asked = urlsplit(visitor.get("/connect").headers["Location"])
    before = visitor.cookie
    came_back = visitor.get(agree(f"{asked.path}?{asked.query}"))
    assert (came_back.status_code, came_back.headers["Location"]) == (303, "/")
    assert visitor.cookie != before, "another session, once somebody is known"
    return visitor.get("/").json()


def test_in_the_sandbox(portal, started, tried, theirs, played):
    visitor = started(f"{portal}/bac-a-sable", *tried)

    def agree(address):
        page = theirs.get(address)
        page = theirs.post(reverse("sandbox:authorize"), hidden(page) | {"persona": "elodie"})
        return way_back(sandbox.answer(theirs, page, items=[PARTS]))

    assert connect(visitor, agree)["fields"][0]["values"]


def test_at_the_portal_until_the_resident_stops(portal, started, label, developer, resident):
    client, secret = clients.register(
        service=label.service, by=developer, environment=Environment.LIVE, redirect_uris=[BACK]
    )
    add_signed_notice(resident)
    browser = signed_in(resident)
    visitor = started(portal, client, secret)
    first = connect(visitor, lambda address: way_back(live.answer(browser, browser.get(address), items=[PARTS])))
    assert {one["field"] for one in first["fields"]} >= {PARTS}
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert visitor.get("/").json() == first, "renewed, without the person"
    assert visitor.get(f"{BACK}?code=x&state=y&iss={portal}").status_code == 403
    assert visitor.get("/").json() == first, "an address that somebody made up ends no session"
    with scope(resident=resident.pk):
        grant = Grant.objects.get()
    grants.stop(grant=grant, by=resident.pk)
    assert visitor.get("/").json() == {"refused": "stopped"}
    assert visitor.get("/").json() == {"connect": "/connect"}
