"""A real web server is killed (kill -9) during uploads: rows keep their files, and acknowledged papers are kept.

`--kills 120 -rP` kills it 120 times in each way and prints the counts; the test suite kills it a few times.
"""

import hashlib
import http.client
import random
import sys
import threading
import time
from datetime import timedelta

import pytest
from django.conf import settings
from django_scopes import scope

from core import journal
from core.files import resumable
from core.files.storage import sealed_storage
from core.models import JournalLeaf, Upload, UploadPart
from tests.faults.web import Server, signed_in_by_cookie
from vault.records.models import PaperFile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
VISITORS = 4
BOUNDARY = "b0undary"


class Visitors:
    """Visitors who send papers until their server dies, and remember those that it acknowledged."""

    def __init__(self, port: int, cookies: str, token: str) -> None:
        self.port, self.headers = (
            port,
            {"Cookie": cookies, "X-CSRFToken": token, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
        )
        self.acknowledged: dict[str, str] = {}
        self.refused: list[int] = []
        self.enough = threading.Event()

    def send_until_cut(self, number: int, wanted: int, seed: int) -> None:
        chance = random.Random(f"{seed} {number}")
        try:
            while True:
                content = chance.randbytes(chance.randint(1, 290_000))
                self.send(content)
                if len(self.acknowledged) >= wanted:
                    self.enough.set()
        except (OSError, http.client.HTTPException):
            self.enough.set()

    def send(self, content: bytes) -> None:
        part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="paper"; filename="a.pdf"\r\n\r\n'.encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("POST", "/essai/", part + content + f"\r\n--{BOUNDARY}--\r\n".encode(), self.headers)
        answer = connection.getresponse()
        body = answer.read()
        digest = hashlib.sha256(content).hexdigest()
        if answer.status != 200 or digest.encode() not in body:
            self.refused.append(answer.status)
            raise OSError(answer.status)
        self.acknowledged[answer.headers["X-Stored-Name"]] = digest


@pytest.fixture
def server(folder, tmp_path):
    server = Server(folder, tmp_path / "web.log")
    yield server
    server.kill()


def as_headers(cookies: dict[str, str]) -> tuple[str, str]:
    return "; ".join(f"{name}={value}" for name, value in cookies.items()), cookies[settings.CSRF_COOKIE_NAME]


class InParts(Visitors):
    """Visitors who send each paper in parts, then its form. Acknowledged parts must exist after the restart."""

    def __init__(self, port: int, cookies: str, token: str) -> None:
        super().__init__(port, cookies, token)
        self.reached: dict[str, tuple[int, bytes]] = {}

    def send(self, content: bytes) -> None:
        url = self.ask("POST", "/envois/", b"", 201, {"Upload-Length": str(len(content))})["Location"]
        size = max(1, len(content) // 3)
        for start in range(0, len(content), size):
            part = content[start : start + size]
            headers = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(start)}
            offset = int(self.ask("PATCH", url, part, 204, headers)["Upload-Offset"])
            self.reached[url] = offset, content
        form = f"upload={url.split('/')[-2]}".encode()
        answer = self.ask("POST", "/essai/", form, 200, {"Content-Type": "application/x-www-form-urlencoded"})
        del self.reached[url]
        self.acknowledged[answer["X-Stored-Name"]] = hashlib.sha256(content).hexdigest()

    def ask(self, method: str, url: str, body: bytes, wanted: int, headers: dict[str, str]) -> http.client.HTTPMessage:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(
            method, url, body, {**self.headers, "Content-Type": "", "Tus-Resumable": "1.0.0", **headers}
        )
        answer = connection.getresponse()
        answer.read()
        if answer.status != wanted:
            self.refused.append(answer.status)
            raise OSError(answer.status)
        return answer.headers


@pytest.fixture
def kills(request) -> int:
    return int(request.config.getoption("--kills"))


@pytest.mark.parametrize("kind", [Visitors, InParts])
def test_acknowledged_papers_are_kept_and_no_partial_one_is(server, folder, resident, kills, kind):
    cookies, token = as_headers(signed_in_by_cookie(resident))
    acknowledged: dict[str, str] = {}
    for seed in range(kills):
        server.start()
        visitors = kind(server.port, cookies, token)
        threads = [
            threading.Thread(target=visitors.send_until_cut, args=(number, seed % 7, seed))
            for number in range(VISITORS)
        ]
        for thread in threads:
            thread.start()
        visitors.enough.wait(60)
        server.kill()
        for thread in threads:
            thread.join(30)
        assert visitors.refused == [], server.log.read_text()[-4000:]
        acknowledged |= visitors.acknowledged
        check_and_drop(resident, getattr(visitors, "reached", {}))
    assert len(acknowledged) >= kills

    with scope(resident=resident.pk):
        parts = set(UploadPart.objects.values_list("stored_name", flat=True))
        rows = dict(PaperFile.objects.values_list("stored_name", "size"))
        lines = JournalLeaf.objects.count()
    assert set(acknowledged) <= set(rows)
    for name, size in rows.items():
        with sealed_storage.open(name, resident_id=resident.pk) as opened:
            content = opened.read()
        assert len(content) == size
        assert acknowledged.get(name) in {None, hashlib.sha256(content).hexdigest()}
    found = journal.verify(resident_id=resident.pk)
    assert found == (lines, [])
    added = [
        entry for entry in journal.entries(resident_id=resident.pk, limit=100_000) if entry.event == "paper_added"
    ]
    assert len(added) == len(rows)

    left = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - set(rows) - parts
    assert sealed_storage.sweep(older_than=timedelta(seconds=-5)) == len(left)
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == set(rows) | parts
    sys.stdout.write(
        f"{kills} kills: {len(acknowledged)} papers acknowledged, {len(rows)} kept,"
        f" {len(left)} files without a row swept\n"
    )


def check_and_drop(resident, reached: dict[str, tuple[int, bytes]]) -> None:
    """Assert that acknowledged bytes are stored. Then delete the uploads: a resident may have ten in progress."""
    with scope(resident=resident.pk):
        for url, (offset, content) in reached.items():
            upload = Upload.objects.get(pk=url.split("/")[-2])
            assert upload.became or upload.received >= offset
            assert upload.became or parts_of(upload) == content[: upload.received]
        for upload in Upload.objects.filter(became=None):
            resumable.drop(upload=upload)


def parts_of(upload: Upload) -> bytes:
    content = b""
    for part in upload.parts.all():
        with sealed_storage.open(part.stored_name, resident_id=upload.resident_id, kind=part.FILE) as opened:
            content += opened.read()
    return content


def test_a_cut_connection_leaves_no_paper(server, folder, resident):
    """Half of a body reaches the real server before the connection is cut.

    Django alone would have kept that half as a paper.
    """
    cookies, token = as_headers(signed_in_by_cookie(resident))
    server.start()
    for _ in range(3):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.putrequest("POST", "/essai/")
        headers = Visitors(server.port, cookies, token).headers | {"Content-Length": "250000"}
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="paper"; filename="a.pdf"\r\n\r\n'.encode()
            + b"x" * 100_000
        )
        connection.close()
    Visitors(server.port, cookies, token).send(b"whole")
    deadline = time.monotonic() + 20
    while server.log.read_text().count('"status": "400"') < 3:
        assert time.monotonic() < deadline, server.log.read_text()[-4000:]
        time.sleep(0.05)
    with scope(resident=resident.pk):
        assert list(PaperFile.objects.values_list("size", flat=True)) == [5]
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("length", [None, 5_000_000])
def test_a_refused_upload_still_shows_its_page(server, resident, length):
    """Without a length, or over the limit, the visitor gets our page and not a connection error."""
    cookies, token = as_headers(signed_in_by_cookie(resident))
    server.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = Visitors(server.port, cookies, token).headers
    body = b"x" * length if length else (chunk for chunk in [b"x" * 1000] * 10)
    connection.request("POST", "/essai/", body, headers, encode_chunked=length is None)
    answer = connection.getresponse()
    assert answer.status == (413 if length else 411)
    assert ("Fichier trop lourd" if length else "Envoi incomplet") in answer.read().decode()
