"""Two FranceConnect servers for the same tests: the demonstration's, and the real one's library (npm oidc-provider).

A test chooses the user and the fault; an engine follows the pages like a browser and returns the final redirection.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

import requests
from lxml import html

HERE = Path(__file__).parent
CALLBACK = "/connexion/franceconnect/retour/"
CLIENT_ID, SECRET = "garant-demonstration", "secret-de-demonstration"


class Engine(Protocol):
    issuer: str
    #: A known user, and another one.
    person: str
    other: str

    def sign_in(self, address: str, *, person: str = "", fault: str = "normal") -> str:
        """Follow the URL given by the portal, and return the path of the portal where the browser is sent back."""

    def new_key(self) -> None: ...

    def farewells(self) -> list[str]: ...


def provider(engine: Engine, name: str = "franceconnect") -> dict[str, Any]:
    """Return the provider's settings, as in `SOCIALACCOUNT_PROVIDERS`."""
    return {name: {"APPS": [{"client_id": CLIENT_ID, "secret": SECRET, "settings": {"issuer": engine.issuer}}]}}


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


@dataclass
class Demonstration:
    issuer: str
    provider: Any
    person: str = "nadia"
    other: str = "paul"

    def sign_in(self, address: str, *, person: str = "", fault: str = "normal") -> str:
        page = requests.get(address, timeout=10)
        assert page.status_code == 200, page.text
        fields = dict(html.fromstring(page.content).forms[0].form_values()) | {
            "person": person or self.person,
            "fault": fault,
        }
        answer = requests.post(address.partition("?")[0], data=fields, allow_redirects=False, timeout=10)
        return path_of(answer.headers["Location"])

    def new_key(self) -> None:
        self.provider.new_key()

    def farewells(self) -> list[str]:
        return list(self.provider.farewells)


@contextmanager
def demonstration(name: str = "franceconnect") -> Iterator[Demonstration]:
    from importlib import import_module

    from demo.holders import server

    found = import_module(f"demo.holders.{name}.app").PROVIDER
    with server.running() as holders:
        yield Demonstration(f"{holders.url}/{name}", found)


@dataclass
class Reference:
    """Runs tests/accounts/oidc/engine.mjs in a separate process."""

    issuer: str
    person: str = "nadia"
    other: str = "paul"

    def sign_in(self, address: str, *, person: str = "", fault: str = "normal") -> str:
        requests.post(
            f"{self.issuer}/_control", json={"person": person or self.person, "fault": fault}, timeout=10
        ).raise_for_status()
        browser = requests.Session()
        for _ in range(8):
            answer = browser.get(address, allow_redirects=False, timeout=10)
            assert answer.is_redirect, f"{answer.status_code} {answer.text}"
            address = unescape(answer.headers["Location"])
            address = address if "://" in address else self.issuer + address
            if urlsplit(address).path == CALLBACK:
                return path_of(address)
        raise AssertionError(f"never sent back: {address}")

    def new_key(self) -> None:
        requests.post(f"{self.issuer}/_control", json={"rotate": True}, timeout=10).raise_for_status()

    def farewells(self) -> list[str]:
        return list(requests.get(f"{self.issuer}/_control", timeout=10).json()["farewells"])


def missing() -> str:
    """Return why the reference engine cannot run here, or an empty string: in CI it must (tests/node.py)."""
    if os.environ.get("CI"):
        return ""
    if shutil.which("node") is None:
        return "NO NODE ON THIS MACHINE: the checks were run against the demonstration's FranceConnect only"
    if not (HERE / "node_modules" / "oidc-provider").exists():
        return (
            "NO oidc-provider (`npm ci` in tests/accounts/oidc/):"
            " the checks were run against the demonstration's FranceConnect only"
        )
    return ""


@contextmanager
def reference() -> Iterator[Reference]:
    process = subprocess.Popen(
        ["node", "engine.mjs"], cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        yield Reference(json.loads(process.stdout.readline())["issuer"])
    finally:
        process.kill()
        process.wait()


def parameters_of(address: str) -> dict[str, str]:
    """Return the query parameters of the portal's URL to the provider."""
    return dict(parse_qsl(urlsplit(address).query))
