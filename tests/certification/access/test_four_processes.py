"""Programs that loop over HTTP against four web processes, while the resident stops or the city suspends.

After the stop was acknowledged no call reads or writes, and no piece of a paper on its way is decrypted. The journal
has one entry for each answer with values, each 304 and each writing, exactly.
"""

import http.client
import json
import os
import threading
import time
from pathlib import Path

import pytest
from django_scopes import scope

from certification.labels.actions import labels
from core import journal
from core.files.storage import sealed_storage
from tests.accounts.factories import AgentFactory
from tests.certification.access.program import answer, ask, exchange, way_back
from tests.certification.made import PARTS
from tests.faults.web import Portal
from tests.vault.sending import notice_pdf, uploaded
from vault.records import actions as vault_actions
from vault.records.actions import grants
from vault.records.content import paper_kinds
from vault.records.models import Grant, PaperFile, Record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PROCESSES, PROGRAMS = 4, 6
#: Readings before the end, and how long programs go on after it.
READ, AFTER = 40, 1.0
#: More than the buffers between the server and a client hold.
LARGE = 24 * 1024 * 1024
FIELDS, VALUES = "/api/v1/me/fields", "/api/v1/me/values"
CARD = "loisirs.adhesion"


class Programs:
    """Programs of one service: some ask for values, some say what they have, one writes.

    Each has a connection of its own.
    """

    def __init__(self, port: int, token: str) -> None:
        self.port, self.headers = port, {"Authorization": f"Bearer {token}"}
        self.calls: list[tuple[float, int]] = []
        self.writings: list[tuple[float, int]] = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._loop, args=[number]) for number in range(PROGRAMS)]
        self.threads.append(threading.Thread(target=self._write))

    def __enter__(self) -> "Programs":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(30)

    def wait(self) -> None:
        deadline = time.monotonic() + 60
        while sum(status in {200, 304} for _begun, status in list(self.calls)) < READ or not self.writings:
            assert time.monotonic() < deadline, "the programs read or wrote too little"
            time.sleep(0.02)

    def _write(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.over.is_set():
            begun, number = time.monotonic(), len(self.writings)
            value = {"type": CARD, "payload": {"organisme": f"Club {number}", "saison": "2026-2027"}}
            headers = self.headers | {"Content-Type": "application/json"}
            connection.request("POST", VALUES, json.dumps({"values": [value]}), headers)
            response = connection.getresponse()
            response.read()
            self.writings.append((begun, response.status))
        connection.close()

    def _loop(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        known = ""
        while not self.over.is_set():
            begun = time.monotonic()
            connection.request("GET", FIELDS, headers=self.headers | ({"If-None-Match": known} if known else {}))
            response = connection.getresponse()
            response.read()
            known = response.headers.get("ETag", "") if number % 2 else ""
            self.calls.append((begun, response.status))
        connection.close()


@pytest.fixture
def token(granted_label, program_of, browser, tenant, request):
    """A token for two values and a paper, whose file is large."""
    paper_kinds.load()
    paper = uploaded(browser, tenant, notice_pdf())
    vault_actions.confirm_paper(paper=paper, by=tenant.pk)
    paper.refresh_from_db()
    with sealed_storage.create(resident_id=tenant.pk) as sealed:
        sealed.write(os.urandom(LARGE))
    with scope(resident=tenant.pk):
        file = PaperFile.objects.get(paper=paper)
        file.stored_name, file.size = sealed.name, LARGE
        file.save(update_fields=["stored_name", "size"])
    request.node.label = granted_label(papers=[(paper.kind, True)], writes=[CARD])
    session = program_of(request.node.label)
    back = way_back(answer(browser, ask(session, browser), items=[PARTS], papers=[str(paper.pk)], writes=[CARD]))
    request.node.paper = paper
    return exchange(session, back)["access_token"]


@pytest.fixture
def portal(token, settings, tmp_path):
    location = Path(settings.STORAGES["sealed"]["OPTIONS"]["location"]).as_uri()
    running = Portal(tmp_path, workers=PROCESSES, STORAGE_URL=location, API_CALLS_A_MINUTE="1000000")
    with running.running() as portal:
        deadline = time.monotonic() + 60
        while len(portal.workers()) < PROCESSES and time.monotonic() < deadline:
            time.sleep(0.1)
        yield portal


@pytest.mark.parametrize("how", ["stop", "suspension"])
def test_nothing_is_read_after_the_end_and_each_reading_has_its_entry(portal, token, tenant, request, how):
    agent = AgentFactory()
    with scope(resident=tenant.pk):
        grant = Grant.objects.get()
    file = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=30)
    file.request("GET", f"/api/v1/me/documents/{request.node.paper.pk}", headers={"Authorization": f"Bearer {token}"})
    stream = file.getresponse()
    assert stream.status == 200 and len(stream.read(1024)) == 1024

    with Programs(portal.port, token) as programs:
        programs.wait()
        if how == "stop":
            grants.stop(grant=grant, by=tenant.pk)
        else:
            labels.suspend(label=request.node.label, by=agent, reasons="Une faille.")
        acknowledged = time.monotonic()
        time.sleep(AFTER)

    received = 1024
    with pytest.raises((http.client.IncompleteRead, ConnectionError)) as cut:
        received += len(stream.read())
    received += len(getattr(cut.value, "partial", b""))
    assert received < LARGE, "the whole file left after the end"

    read = [status for _begun, status in programs.calls if status in {200, 304}]
    late = [status for begun, status in programs.calls if begun > acknowledged]
    assert {*read} == {200, 304} and late and {*late} <= {401, 403}
    wrote = [status for _begun, status in programs.writings if status == 200]
    late = [status for begun, status in programs.writings if begun > acknowledged]
    assert wrote and late and {*late} <= {401, 403}
    with scope(resident=tenant.pk):
        assert Record.objects.filter(type=CARD).count() == len(wrote)
    lines = [one.event for one in journal.entries(resident_id=tenant.pk, limit=50_000)]
    assert (lines.count("granted_read"), lines.count("granted_downloaded")) == (len(read), 1)
    assert lines.count("granted_write") == len(wrote)
