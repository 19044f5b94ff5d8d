"""The libraries on which OpenID's own certification rests, unmodified, over HTTP: from discovery to revocation.

The first test needs a secret and a push only. The others follow FAPI 2.0: a key in place of the secret, and DPoP.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from certification.access.actions import clients
from tests import node
from tests.certification.access.program import BACK, answer, way_back
from tests.certification.access.proofs import Key, sets
from tests.certification.made import INCOME, PARTS, version_of

HERE = Path(__file__).parent / "openid"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, node.needed(HERE, "openid-client")]


@pytest.fixture
def portal(live_server, settings):
    settings.SITE_URL = live_server.url
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "OIDC_ISS_ENDPOINT": live_server.url}
    return live_server


@contextmanager
def running(*command: str) -> Iterator[Any]:
    program = subprocess.Popen(["node", *command], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield program
    finally:
        program.kill()
        program.wait()


def connect(program: Any, browser: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Agree on the page to which a program sends the browser. Return what it said before and after."""
    before = json.loads(program.stdout.readline())
    asked = urlsplit(before["address"])
    page = browser.get(f"{asked.path}?{asked.query}")
    program.stdin.write(way_back(answer(browser, page, items=[PARTS])) + "\n")
    program.stdin.flush()
    return before, json.loads(program.stdout.readline())


def read(found: dict[str, Any]) -> dict[str, Any]:
    return {one["field"]: one["values"][0]["value"] for one in found["values"]["fields"]}


def test_discovery_to_revocation(portal, registered, browser, label):
    client, secret = registered
    details = json.dumps([{"type": "vault_purpose", "purpose": str(version_of(label).pk), "fields": [INCOME, PARTS]}])
    with running("client.mjs", portal.url, client.client_id, secret, BACK, details) as program:
        _before, found = connect(program, browser)
    assert found["details"][0]["fields"] == sorted([INCOME, PARTS])
    assert read(found) == {INCOME: 12312, PARTS: 2.5}
    assert (found["sub"], found["again"], found["revoked"]) == (True, 200, 401)


@pytest.mark.parametrize("library", ["fapi.mjs", "bare.mjs"], ids=["openid-client", "oauth4webapi"])
@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (ECKey.generate_key("P-256", {"kid": "a"}), "ES256"),
        (RSAKey.generate_key(2048, {"kid": "a"}), "PS256"),
        (OKPKey.generate_key("Ed25519", {"kid": "a"}), "Ed25519"),
    ],
    ids=["ES256", "PS256", "Ed25519"],
)
def test_a_library_follows_fapi(
    portal: Any, client_of_service: Any, developer: Any, browser: Any, library: str, key: Key, alg: str
) -> None:
    clients.secure(
        client=client_of_service, by=developer, keys=sets(key), keys_only=True, pushed_only=True, bound_tokens=True
    )
    private = json.dumps(key.as_dict(private=True))
    with running(library, portal.url, client_of_service.client_id, private, alg, BACK) as program:
        before, found = connect(program, browser)
    assert {*before["asked"]} == {"client_id", "request_uri"}
    assert read(found) == {INCOME: 12312, PARTS: 2.5}
    assert (found["type"].lower(), found["sub"], found["again"], found["kept"]) == ("dpop", True, 200, True)
    assert (found["bearer"], found["stolen"], found["revoked"]) == (401, 401, 401)
