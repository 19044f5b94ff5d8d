"""The API is as its own OpenAPI document says: schemathesis tries what nobody thought of, over HTTP on this machine.

Four callers: with a token, with one whose grant was withdrawn, with none, and a program with its secret. A linter
reads the document itself.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client as Browser
from django_scopes import scope

from certification.access.problems import MEANINGS
from tests.certification.access.program import connected
from tests.certification.made import INCOME, PARTS
from tests.node import needed
from vault.records.actions import grants
from vault.records.models import Grant

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec("schemathesis"), reason="NO schemathesis (`make setup`)"),
]
LINTER = Path(__file__).parent / "openapi"
#: For each operation and phase.
EXAMPLES, SECONDS = 4, 60
#: Callers who are refused before anything is read need no chains of calls.
OF_REFUSED = ("--phases", "coverage,fuzzing", "--workers", "2")
#: Each value of a list is tried, and there are some 280 fields: two that were granted, and one that was not.
FEW = f"""
import schemathesis

schemathesis.serializer.alias("application/x-ndjson", "text/plain")


@schemathesis.hook
def before_load_schema(context, raw_schema):
    for address in raw_schema["paths"].values():
        for operation in address.values():
            for parameter in operation.get("parameters", ()):
                if "enum" in parameter["schema"].get("items", {{}}):
                    parameter["schema"]["items"]["enum"] = {[INCOME, PARTS, "logement.domicile#/loyer"]}
"""


def tried(live_server, folder, *options):
    """Run every check of schemathesis. It fails with what it found, and how to repeat it."""
    (folder / "few.py").write_text(FEW)
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{live_server.url}/api/v1/openapi.json"]
    command += ["--url", live_server.url]
    wanted = ["--checks", "all", "--max-examples", str(EXAMPLES), "--seed", "1", "--warnings", "off"]
    # JSON Schema has no word for "any text without a NUL", which is malformed (tests/attacks/test_unstorable.py).
    wanted += ["--generation-allow-x00", "false"]
    quiet = ["--generation-database", "none", "--output-truncate", "false", "--no-color"]
    done = subprocess.run(
        [*command, *wanted, *quiet, *options],
        cwd=folder,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "few", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-12_000:]}\n{done.stderr[-2_000:]}"


@pytest.fixture
def unlimited(settings, live_server):
    """So many calls that the minute's limit is no answer; the document's addresses are the live server's."""
    settings.API_CALLS_A_MINUTE = settings.TOKEN_CALLS_A_MINUTE = 1_000_000
    settings.SITE_URL = live_server.url


@pytest.fixture
def token(session, browser):
    return connected(session, browser, items=[PARTS])["access_token"]


@pytest.mark.usefixtures("unlimited")
def test_with_a_token(live_server, token, tmp_path):
    """Without the call that ends the grant: what follows it is the next test."""
    tried(live_server, tmp_path, "-H", f"Authorization: Bearer {token}", "--exclude-operation-id", "give_back")


@pytest.mark.usefixtures("unlimited")
def test_with_the_token_of_a_withdrawn_grant(live_server, token, tenant, tmp_path):
    with scope(resident=tenant.pk):
        grant = Grant.objects.get()
    grants.stop(grant=grant, by=tenant.pk)
    tried(live_server, tmp_path, "-H", f"Authorization: Bearer {token}", *OF_REFUSED)


@pytest.mark.usefixtures("unlimited")
def test_without_a_token(live_server, label, tmp_path):
    tried(live_server, tmp_path, *OF_REFUSED)


@pytest.mark.usefixtures("unlimited")
def test_with_a_program(live_server, registered, tmp_path):
    client, secret = registered
    tried(live_server, tmp_path, "--auth", f"{client.client_id}:{secret}", "--include-path-regex", "erasures")


# The document itself


@pytest.fixture
def document(db):
    return Browser().get("/api/v1/openapi.json").json()


@needed(LINTER, "@redocly/cli")
def test_a_linter_finds_no_error(document, tmp_path):
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    done = subprocess.run(
        ["node", str(LINTER / "node_modules/@redocly/cli/bin/cli.js"), "lint", str(file), "--format=json"],
        cwd=tmp_path,
        env=os.environ | {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-2_000:]
    assert json.loads(done.stdout)["totals"]["errors"] == 0


def test_the_document_names_both_servers_each_required_body_and_each_list_of_values(document, settings):
    assert [one["url"] for one in document["servers"]] == [settings.SITE_URL, f"{settings.SITE_URL}/bac-a-sable"]
    bodies = [
        one["requestBody"] for each in document["paths"].values() for one in each.values() if "requestBody" in one
    ]
    assert len(bodies) == 4 and all(body["required"] for body in bodies)
    shapes = document["components"]["schemas"]
    assert shapes["ProblemSchema"]["properties"]["code"]["enum"] == sorted(map(str, MEANINGS))
    for shape, names in {
        "GrantSchema": ("state", "mode", "environment"),
        "ValueSchema": ("assurance", "method"),
        "EventSchema": ("type",),
        "ProgramEventSchema": ("type",),
        "RefusedLineSchema": ("code",),
        "ConnectionSchema": ("rhythm",),
        "DescribedSchema": ("kind",),
    }.items():
        assert all(shapes[shape]["properties"][name]["enum"] for name in names), shape
    assert "x-spec-enum-id" not in json.dumps(document)
