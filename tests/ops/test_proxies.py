"""A visitor of the installed portal, behind each proxy of ops/proxy."""

import json
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from ops.cluster import ROOT
from ops.processes import dies_with_parent
from ops.services import free_port, is_free, web
from tests.ops import proxies
from tests.ops.installed import Server
from tests.ops.smtps import MailServer, mail_server
from tests.shell import Shell
from tests.telling import tells

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("installed")]
LARGE = 64_000_000
OCTETS = "application/offset+octet-stream"
MARK = b"what only the resident reads. "
LINK = """
import json
from accounts.models import User
from core.journal import checkpoints
from tests.vault.made import HOME, add
from tests.vault.shown import RENT, linked
resident = User.objects.get(email="awa@courriel.example")
add(resident, "logement.domicile", HOME)
key = linked(resident, RENT)
print(json.dumps({"token": key.token, "code": key.code, "grant": str(key.link.grant_id), "by": str(resident.pk)}))
"""
STOP = """
from uuid import UUID
from django_scopes import scope
from vault.records.actions import grants
from vault.records.models import Grant
with scope(resident=UUID("{by}")):
    grants.stop(grant=Grant.objects.get(pk="{grant}"), by=UUID("{by}"))
"""


@pytest.fixture(scope="module")
def served(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Served"]:
    """Serve the installed portal: two web servers, as on two machines, and a mail server on the port of SMTPS."""
    folder = tmp_path_factory.mktemp("served")
    pair = proxies.certificate(folder)
    with mail_server(*pair) as mail:
        variables = server.variables | server.keys() | {
            "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(mail.port), "EMAIL_SSL": "1", "SSL_CERT_FILE": str(pair[0]),
                "ALLOWED_HOSTS": proxies.HOST, "SITE_URL": f"https://{proxies.HOST}",
        }  # fmt: skip
        with ExitStack() as stack:
            served = Served(mail, pair, Shell(server.variables), variables)
            served.ports = [stack.enter_context(served.portal(folder / f"web{rank}.log")) for rank in (1, 2)]
            stack.callback(served.shell.stop)
            yield served


@dataclass
class Served:
    mail: MailServer
    pair: tuple[Path, Path]
    shell: Shell
    variables: dict[str, str]
    ports: list[int] = field(default_factory=list)

    @contextmanager
    def portal(self, log: Path) -> Iterator[int]:
        """Run the web server, and yield its port."""
        port = free_port()
        words = [sys.executable, *web("127.0.0.1", port, workers=1)]
        with open(log, "wb") as output:
            process = subprocess.Popen(
                words, cwd=ROOT, env=self.variables, stdout=output, stderr=output, preexec_fn=dies_with_parent()
            )
        try:
            deadline = time.monotonic() + 60
            while is_free("127.0.0.1", port):
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()[-4000:]
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()
            process.wait()


class Browser(requests.Session):
    """A visitor of the proxy, who trusts its certificate."""

    def __init__(self, proxy: proxies.Proxy, certificate: Path) -> None:
        super().__init__()
        # Neither a proxy nor an authority that the environment names.
        self.trust_env, self.verify, self.port = False, str(certificate), proxy.secure
        self.base = f"https://{proxies.HOST}:{proxy.secure}"
        # As on port 443, which no browser names.
        self.headers.update({"Host": proxies.HOST, "Referer": f"https://{proxies.HOST}/", "Accept-Language": "fr"})

    def open(self, path: str, **posted: str) -> requests.Response:
        """Get a page; with fields, fill in its form and send it."""
        page = self.get(self.base + path, allow_redirects=False)
        if not posted:
            return page
        (token,) = set(re.findall(r'name="csrfmiddlewaretoken" value="(.*?)"', page.text))
        return self.post(self.base + path, {"csrfmiddlewaretoken": token, **posted}, allow_redirects=False)

    def come_in(self, mail: MailServer) -> None:
        """Open a vault with the code that the mail server took, or come back to it."""
        asked = self.open("/connexion/", email="awa@courriel.example")
        assert asked.status_code == 302 and mail.taken, (asked.headers, asked.text)
        (code,) = re.findall(r"\b\d{6}\b", mail.last())[:1]
        answer = self.open("/connexion/code/", code=code)
        if "inscription" in answer.headers["Location"]:
            answer = self.open(answer.headers["Location"], name="Awa Sow")
        assert answer.status_code == 302 and self.open("/coffre/").status_code == 200, (answer.headers, answer.text)

    def upload(self, proxy: proxies.Proxy) -> tuple[str, int]:
        """Begin to send a large file, and cut the connection on the way. Return its address and what had arrived."""
        token = re.findall(r'name="csrfmiddlewaretoken" value="(.*?)"', self.open("/coffre/ajouter/").text)[0]
        self.headers.update({"X-CSRFToken": token, "Tus-Resumable": "1.0.0"})
        begun = self.post(f"{self.base}/envois/", headers={"Upload-Length": str(LARGE)})
        assert begun.status_code == 201, begun.text
        path = begun.headers["Location"]
        cookies = "; ".join(f"{one.name}={one.value}" for one in self.cookies)
        sent = {**self.headers, "Cookie": cookies, "Upload-Offset": "0", "Content-Type": OCTETS}
        sent |= {"Content-Length": str(LARGE), "Connection": "close"}
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        context = ssl.create_default_context(cafile=str(self.verify))
        raw = socket.create_connection(("127.0.0.1", self.port))
        with context.wrap_socket(raw, server_hostname=proxies.HOST) as line:
            line.sendall(f"PATCH {path} HTTP/1.1\r\n{head}\r\n".encode() + MARK * (LARGE // 2 // len(MARK)))
            assert not any(MARK in content for content in proxy.written().values())
        return path, self.offset(path)

    def offset(self, path: str) -> int:
        """Return how much has arrived, once the portal has noticed that the connection was cut."""
        deadline, seen = time.monotonic() + 30, -1
        while time.monotonic() < deadline:
            seen = int(self.head(self.base + path).headers["Upload-Offset"])
            if seen:
                return seen
            time.sleep(0.1)
        return seen


@pytest.mark.parametrize("name", list(proxies.PROGRAMS))
def test_behind_a_proxy(served: Served, name: str, tmp_path: Path) -> None:
    if proxies.PROGRAMS[name] is None:
        pytest.skip(f"NO {name.upper()} ON THIS MACHINE")
    (folder := tmp_path / "proxy").mkdir()
    with proxies.running(name, folder, served.pair, *served.ports) as proxy:
        browser = Browser(proxy, served.pair[0])

        clear = browser.get(f"http://{proxies.HOST}:{proxy.clear}/aide/", allow_redirects=False)
        assert clear.status_code in {301, 308} and clear.headers["Location"].startswith(f"https://{proxies.HOST}")
        assert clear.headers["Location"].endswith("/aide/")
        assert browser.open("/metrics").status_code == 404
        assert "max-age" in browser.open("/").headers["Strict-Transport-Security"]

        browser.come_in(served.mail)
        path, arrived = browser.upload(proxy)
        assert 0 < arrived < LARGE
        rest = (MARK * (LARGE // len(MARK) + 1))[:LARGE][arrived:]
        sent = browser.patch(
            browser.base + path, rest, headers={"Upload-Offset": str(arrived), "Content-Type": OCTETS}
        )
        assert (sent.status_code, sent.headers["Upload-Offset"]) == (204, str(LARGE)), sent.text
        fields = {"csrfmiddlewaretoken": browser.headers["X-CSRFToken"], "kind": "other"}
        larger = browser.post(f"{browser.base}/coffre/ajouter/", data=fields, files={"file": b"x" * 75_000_000})
        assert larger.status_code == 413 and "64" in larger.text

        key = json.loads(served.shell.run(LINK))
        other = Browser(proxy, served.pair[0])
        assert other.open(f"/l/{key['token']}/", code=key["code"]).status_code == 302
        assert "612" in other.open(f"/l/{key['token']}/").text
        served.shell.run(STOP.format(**key))
        assert not tells(other.open(f"/l/{key['token']}/").text, "612")

        said = proxy.written()
        assert not [file for file, content in said.items() if MARK in content or b"612,00" in content]
        assert not [file for file, content in said.items() if key["token"].encode() in content]
        assert any(b"/l" in content or b"127.0.0.1" in content for file, content in said.items() if "garant" in file)
    with proxies.running(name, tmp_path / "proxy", served.pair, free_port()) as proxy:
        answer = Browser(proxy, served.pair[0]).open("/")
        assert answer.status_code == 503 and "Rien n’est perdu" in answer.content.decode()
        assert answer.headers["Retry-After"] == "300"
