"""The documentation: its example runs, its lists are whole, and the same text is in docs/services.md."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from standardwebhooks import Webhook

from certification.access.actions import clients
from certification.access.enums import Environment
from certification.access.problems import MEANINGS
from certification.developers import synthetic
from certification.developers.models import Call
from certification.developers.presenting import documentation
from core.operations import health
from ops.cluster import ROOT
from tests import node
from tests.certification.access.program import BACK, Portal, hidden, way_back
from tests.certification.developers.played import answer
from tests.certification.made import PARTS
from tests.vault.shown import main
from vault import types

PAGES = ("documentation", "reference", "fields", "errors", "webhook_documentation", "changes", "status")


@pytest.mark.django_db(transaction=True)
def test_the_example_reads_a_persona_as_it_is_written(tried, theirs, played, request_of_one, monkeypatch):
    client, secret = tried

    def visit(address: str) -> str:
        page = theirs.get(address.removeprefix(settings.SITE_URL))
        page = theirs.post(reverse("sandbox:authorize"), hidden(page) | {"persona": "elodie"})
        return way_back(answer(theirs, page, items=[PARTS]))

    names: dict[str, Any] = {
        "client_id": client.client_id,
        "secret": secret,
        "back": BACK,
        "portal": f"{settings.SITE_URL}/bac-a-sable",
        "purpose": str(request_of_one.purposes.get().pk),
        "visit": visit,
    }
    monkeypatch.setattr(requests.Session, "get_adapter", lambda self, url: Portal())
    exec(documentation.snippet("read"), names)
    assert names["values"]["fields"][0]["values"][0]["value"] in {14300, 2.5}


def test_the_example_of_webhooks_verifies_and_forgets():
    secret = "whsec_" + "QUJD" * 11
    forgotten: list[tuple[str, str]] = []
    for content in (
        {"type": "consent.withdrawn", "data": {"sub": "s", "grant": "g"}},
        {"type": "endpoint.challenge", "data": {"challenge": "c"}},
    ):
        body, now = json.dumps(content), datetime.now(UTC)
        headers = {
            "webhook-id": "evt_1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign("evt_1", now, body),
        }
        names: dict[str, Any] = {
            "secret": secret,
            "body": body,
            "headers": headers,
            "forget": lambda sub, grant: forgotten.append((sub, grant)),
        }
        exec(documentation.snippet("webhook"), names)
    assert forgotten == [("s", "g")] and names["answer"] == "c"


@node.needed()
def test_the_example_in_node_verifies_either_signature_and_forgets(tmp_path):
    (tmp_path / "receiver.mjs").write_text(documentation.snippet("webhook_node"))
    secret, former = "whsec_" + "QUJD" * 11, "whsec_" + "REVG" * 11
    start = (
        'import { receiver } from "./receiver.mjs";'
        f'const server = receiver("{secret}", (sub, grant) => console.log(sub, grant));'
        'server.listen(0, "127.0.0.1", () => console.log(server.address().port));'
    )
    (tmp_path / "start.mjs").write_text(start)
    with subprocess.Popen(["node", "start.mjs"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout
        address = f"http://127.0.0.1:{receiver.stdout.readline().strip()}/"

        def send(content: dict[str, Any], *secrets: str, at: datetime | None = None) -> requests.Response:
            body, now = json.dumps(content), at or datetime.now(UTC)
            headers = {
                "webhook-id": "evt_1",
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": " ".join(Webhook(one).sign("evt_1", now, body) for one in secrets),
            }
            return requests.post(address, data=body, headers=headers, timeout=10)

        challenge = {"type": "endpoint.challenge", "data": {"challenge": "c"}}
        withdrawn = {"type": "consent.withdrawn", "data": {"sub": "s", "grant": "g"}}
        assert (send(challenge, secret).text, send(withdrawn, former, secret).status_code) == ("c", 200)
        assert receiver.stdout.readline() == "s g\n"
        old = datetime.now(UTC) - timedelta(hours=1)
        assert {send(withdrawn, former).status_code, send(withdrawn, secret, at=old).status_code} == {401}
        receiver.kill()


@pytest.mark.parametrize("code", [one.code for one in types.all_types()][::4])
def test_each_type_has_two_hundred_invented_residents_that_follow_its_schema(code):
    found = list(synthetic.residents(code))
    assert [one["resident"] for one in found] == [*range(1, 201)]
    assert all(types.validate(code, one["payload"]) == [] for one in found[::20])
    assert len({json.dumps(one["payload"]) for one in found}) > 1
    assert found[7] == next(one for one in synthetic.residents(code) if one["resident"] == 8)


@pytest.mark.django_db
def test_invented_residents_are_downloaded_line_by_line(client):
    page = client.get(reverse("developers:synthetic_data", args=["fiscal.avis_ir"]))
    lines = [json.loads(line) for line in b"".join(page.streaming_content).splitlines()]
    assert (page.status_code, page["Content-Type"], len(lines)) == (200, "application/x-ndjson", 200)
    assert "fiscal.avis_ir.ndjson" in page["Content-Disposition"]
    for wrong in ("rien", "..", "fiscal"):
        assert client.get(f"/editeurs/documentation/champs/{wrong}.ndjson").status_code == 404


@pytest.mark.parametrize("name", ["read", "webhook", "webhook_node"])
def test_the_guide_has_the_same_examples(name):
    assert documentation.snippet(name) in (ROOT / "docs" / "services.md").read_text()


def test_each_code_says_what_to_do():
    assert documentation.TO_DO.keys() == MEANINGS.keys()


def test_each_address_of_the_api_has_a_sentence():
    found = documentation.reference()
    assert [one["id"] for one in found] == [*documentation.SUMMARIES]
    assert all(one["statuses"].split(", ") == sorted(one["statuses"].split(", ")) for one in found)
    assert all(one["shape"] for one in found if one["id"] not in {"document", "give_back"})


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_everybody_reads_the_pages(client, name):
    page = client.get(reverse(f"developers:{name}"))
    assert page.status_code == 200 and main(page)


@pytest.mark.django_db
def test_each_field_is_listed(client):
    listed = client.get(reverse("developers:fields")).content.decode()
    for one in types.all_types():
        assert f"?type={one.code}" in listed
    page = client.get(reverse("developers:fields"), {"type": "fiscal.avis_ir"}).content.decode()
    assert all(field in page for field in types.fields_of("fiscal.avis_ir"))
    for wrong, status in (("rien", 404), ("../x", 404), ("\0", 400)):
        assert client.get(reverse("developers:fields"), {"type": wrong}).status_code == status


@pytest.mark.django_db
def test_the_status_says_what_is_down(client, monkeypatch):
    cache.clear()
    monkeypatch.setattr(health, "parts_down", lambda: ["keys", "worker:documents"])
    page = main(client.get(reverse("developers:status")))
    assert "Une partie ne répond pas" in page and page.count("En panne") == 1 and "En retard" in page
    cache.clear()


@pytest.mark.django_db
def test_figures_are_rounded_and_hidden_when_they_are_few(client, label, developer, monkeypatch):
    monkeypatch.setattr(health, "parts_down", list)
    live, _secret = clients.register(
        service=label.service, by=developer, environment=Environment.LIVE, redirect_uris=[BACK]
    )
    rows = [
        Call(client=live, at=timezone.now(), method="GET", route="/", status=200, milliseconds=17, request_id="x")
        for _ in range(257)
    ]
    Call.objects.bulk_create(rows[:99])
    cache.clear()
    assert "Appels" not in main(client.get(reverse("developers:status")))
    Call.objects.bulk_create(rows[99:])
    cache.clear()
    page = main(client.get(reverse("developers:status")))
    assert "environ 200" in page and "environ 20 ms" in page and "257" not in page
    cache.clear()
