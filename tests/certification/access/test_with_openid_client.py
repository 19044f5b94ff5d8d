"""The library on which OpenID's own certification rests, unmodified, over HTTP: from discovery to revocation."""

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.certification.access.program import BACK, answer, way_back
from tests.certification.made import INCOME, PARTS, version_of

HERE = Path(__file__).parent / "openid"
HAS_LIBRARY = shutil.which("node") and (HERE / "node_modules" / "openid-client").exists()
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.skipif(not HAS_LIBRARY, reason="NO openid-client (`npm ci` in tests/certification/access/openid/)"),
]


def test_discovery_to_revocation(live_server, settings, registered, browser, label):
    settings.SITE_URL = live_server.url
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "OIDC_ISS_ENDPOINT": live_server.url}
    client, secret = registered
    details = json.dumps([{"type": "vault_purpose", "purpose": str(version_of(label).pk), "fields": [INCOME, PARTS]}])
    program = subprocess.Popen(
        ["node", "client.mjs", live_server.url, client.client_id, secret, BACK, details],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdin and program.stdout
        asked = urlsplit(json.loads(program.stdout.readline())["address"])
        page = browser.get(f"{asked.path}?{asked.query}")
        program.stdin.write(way_back(answer(browser, page, items=[PARTS])) + "\n")
        program.stdin.flush()
        found = json.loads(program.stdout.readline())
    finally:
        program.kill()
        program.wait()
    assert found["details"][0]["fields"] == sorted([INCOME, PARTS])
    assert {one["field"]: one["values"][0]["value"] for one in found["values"]["fields"]} == {
        INCOME: 12312,
        PARTS: 2.5,
    }
    assert (found["sub"], found["again"], found["revoked"]) == (True, 200, 401)
