"""Two machines with one database and one storage: each request goes to the other one, and neither lacks anything."""

import http.client
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse
from django_scopes import scope

from core.files.sizes import MAX_FILE
from core.models import City, Upload
from tests.faults.web import Portal, signed_in_by_cookie
from tests.vault.made import add_signed_notice
from tests.vault.shown import INCOME, address, linked
from vault.records.models import Grant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
PART = 2_097_152
SIZE = 2 * PART + 1_000
TUS = {"Tus-Resumable": "1.0.0"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Answer = tuple[int, http.client.HTTPMessage, str]


class Browser:
    """A browser whose requests go to each machine in turn, as a balancer without memory sends them."""

    def __init__(self, ports: list[int], cookies: dict[str, str] | None = None) -> None:
        self.ports, self.cookies = itertools.cycle(ports), dict(cookies or {})

    def ask(self, method: str, path: str, body: bytes | str = b"", **headers: str) -> Answer:
        link = http.client.HTTPConnection("127.0.0.1", next(self.ports), timeout=60)
        token = next((value for name, value in self.cookies.items() if "csrf" in name), "")
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        link.request(method, path, body or None, {"X-CSRFToken": token, **headers})
        answer = link.getresponse()
        content = answer.read().decode(errors="replace")
        link.close()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.headers, content


@pytest.fixture
def ports(tmp_path: Path, settings) -> Iterator[list[int]]:
    files = {"STORAGE_URL": (tmp_path / "files").as_uri()}
    settings.STORAGES = {
        **settings.STORAGES,
        "sealed": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        },
    }
    (tmp_path / "second").mkdir()
    second = Portal(tmp_path / "second", workers=1, **files)
    with Portal(tmp_path, workers=1).running() as one, second.running() as other:
        yield [one.port, other.port]


def test_each_request_may_go_to_the_other_machine(ports, resident):
    browser = Browser(ports, signed_in_by_cookie(resident))
    for _ in range(2):
        status, _headers, page = browser.ask("GET", "/coffre/")
        assert status == 200 and "Mon coffre" in page

    # A file whose parts go to each machine in turn; one part is sent as two, of unequal lengths.
    status, headers, _ = browser.ask("POST", reverse("uploads"), Upload_Length=str(SIZE), **TUS)
    assert status == 201 and MAX_FILE > SIZE
    place, content = headers["Location"], os.urandom(SIZE)
    offset = 0
    for length in (PART, 100_000, PART - 100_000, 1_000):
        octets = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset), **TUS}
        status, headers, said = browser.ask("PATCH", place, content[offset : offset + length], **octets)
        offset += length
        assert (status, headers["Upload-Offset"]) == (204, str(offset)), said
        status, headers, _ = browser.ask("HEAD", place, **TUS)
        assert (status, headers["Upload-Offset"]) == (200, str(offset))
        status, headers, _ = browser.ask("HEAD", place, **TUS)
        assert headers["Upload-Offset"] == str(offset)
    with scope(resident=resident.pk):
        assert Upload.objects.get().received == SIZE

    # A link: its code is given to one machine, its page read at the other; once stopped at one, refused at both.
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    visitor = Browser(ports)
    status, _, page = visitor.ask("GET", address(key))
    (token,) = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[:1]
    status, _, _ = visitor.ask("POST", address(key), f"code={key.code}&csrfmiddlewaretoken={token}", **FORM)
    assert status == 302
    pages = [visitor.ask("GET", address(key)) for _ in range(2)]
    assert all(status == 200 and "312" in page for status, _, page in pages)
    with scope(resident=resident.pk):
        grant = Grant.objects.get(recipient_kind="link")
    status, _, _ = browser.ask("POST", reverse("sharing:stop_sharing", args=[grant.pk]), "sure=1", **FORM)
    assert status == 302
    after = [visitor.ask("GET", address(key)) for _ in range(2)]
    assert not any("12\u202f312" in page or "12 312" in page for _, _, page in after)

    # The city's colours, changed at one machine.
    city = City.current()
    city.of_name, city.link = "de Villebrume", "#0b4f60"
    city.save()
    assert all("#0b4f60" in browser.ask("GET", "/theme.css")[2] for _ in range(2))
