"""The demonstration's holders and our requests, checked against the OpenAPI files of the real services."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import yaml
from django.utils import timezone
from jsonschema import Draft4Validator

from demo.holders import reach, server
from demo.holders.cases import cases
from demo.holders.frame import Answer, Request
from vault.holders import connectors
from vault.holders.connectors.frame import Call, Child, Civil, Link

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
PARTICULIER = SAMPLES / "api_particulier" / "openapi_api_particulier_v3.yaml"
IMPOTS = SAMPLES / "dgfip" / "api-impot-particulier.json"
#: A person, a holder, its datasets and the person's answers.
ASKED = [
    ("ines", "caf", ["quotient", "prestations"], {}),
    ("nadia", "caf", ["quotient", "prestations"], {}),
    ("ines", "cpam", ["c2s"], {}),
    ("karim", "france_travail", ["travail"], {"identifiant": "karim.ouali"}),
    ("samir", "crous", ["bourse"], {}),
    ("samir", "mesri_men", ["etudes"], {}),
    ("nadia", "mesri_men", ["scolarite"], {}),
]


@cache
def particulier() -> Mapping[str, Any]:
    if not PARTICULIER.exists():
        pytest.skip("no sample: the OpenAPI file of API Particulier")
    found: Mapping[str, Any] = yaml.safe_load(PARTICULIER.read_text(encoding="utf-8"))
    return found


@cache
def impots() -> Mapping[str, Any]:
    if not IMPOTS.exists():
        pytest.skip("no sample: the OpenAPI file of API Impôt particulier")
    found: Mapping[str, Any] = json.loads(IMPOTS.read_text(encoding="utf-8"))
    return found


def schema(declared: Any, document: Mapping[str, Any]) -> Any:
    """Convert a schema of OpenAPI 3.0 to JSON Schema: references resolved, `nullable` as a type."""
    if isinstance(declared, list):
        return [schema(one, document) for one in declared]
    if not isinstance(declared, dict):
        return declared
    if "$ref" in declared:
        target: Any = document
        for part in declared["$ref"].lstrip("#/").split("/"):
            target = target[part]
        return schema(target, document)
    plain = {
        name: schema(value, document)
        for name, value in declared.items()
        if name not in {"nullable", "example", "examples"}
    }
    if declared.get("nullable") and "type" in declared:
        plain["type"] = [declared["type"], "null"]
        if "enum" in plain:
            plain["enum"] = [*plain["enum"], None]
    return plain


def problems(body: Any, declared: Any, document: Mapping[str, Any]) -> list[str]:
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
        for error in Draft4Validator(schema(declared, document)).iter_errors(body)
    ]


def link(slug: str, holder: str, datasets: list[str], kept: dict[str, str]) -> tuple[connectors.Available, Link]:
    facts, found = cases()[slug].facts, connectors.of_holder(holder)
    assert found is not None
    me = Civil(
        facts["family_name"],
        [facts["given_name"]],
        facts["birthdate"],
        facts["gender"],
        "",
        facts["birthplace"],
        "99100",
    )
    children = [
        Child(
            uuid4(),
            Civil(
                one["nom_naissance"],
                one["prenoms"].split(),
                one["date_naissance"],
                "female" if one["sexe"] == "F" else "male",
            ),
        )
        for one in facts["children"]
    ]
    return found, Link(found.offer, datasets, me, timezone.localdate(), children, "44109", kept)


def ask(site: server.Site, name: str, call: Call, headers: Mapping[str, str]) -> Answer:
    query: dict[str, list[str]] = {}
    for key, value in call.query:
        query.setdefault(key, []).append(value)
    return site.answer(Request(call.method, f"/{name}/{call.path}", "http://here", query, headers))


@pytest.mark.parametrize(
    ("slug", "holder", "datasets", "kept"), ASKED, ids=[f"{case[0]}-{case[1]}-{case[2][0]}" for case in ASKED]
)
def test_requests_and_answers_match_api_particulier(slug, holder, datasets, kept) -> None:
    document = particulier()
    found, opened = link(slug, holder, datasets, kept)
    config = reach.connectors("http://here")["api_particulier"]
    answered = 0
    for call in found.connector.calls(config, opened):
        operation = document["paths"][f"/{call.path}"]["get"]
        known = {one["name"]: one for one in operation["parameters"]}
        sent = {name for name, _value in call.query}
        assert sent <= set(known), f"{call.path}: not a parameter"
        assert {name for name, one in known.items() if one.get("required")} <= sent, (
            f"{call.path}: a parameter is missing"
        )
        for name, value in call.query:
            if known[name]["schema"].get("type") == "integer":
                assert value.isdigit()
            assert len(value) <= known[name]["schema"].get("maxLength", 200)
        answer = ask(server.Site(), "api_particulier", call, {"authorization": f"Bearer {reach.TOKEN}"})
        body = json.loads(answer.body)
        declared = operation["responses"].get(str(answer.status))
        assert declared is not None, f"{call.path}: {answer.status}"
        content = declared["content"]["application/json"]["schema"]
        assert problems(body, content, document) == [], call.path
        answered += answer.status == 200
    assert answered


@pytest.mark.parametrize(
    ("mode", "status"), [("down", 502), ("city_refused", 401), ("expired", 403), ("not_found", 404)]
)
def test_refusals_have_the_shape_of_those_of_api_particulier(mode: str, status: int) -> None:
    document = particulier()
    found, opened = link("nadia", "caf", ["quotient"], {})
    (call,) = found.connector.calls(reach.connectors("http://here")["api_particulier"], opened)
    site = server.Site()
    site.set_mode("api_particulier", "nadia", mode)
    answer = ask(site, "api_particulier", call, {"authorization": f"Bearer {reach.TOKEN}"})
    declared = document["paths"][f"/{call.path}"]["get"]["responses"][str(status)]["content"]["application/json"][
        "schema"
    ]
    assert answer.status == status
    assert problems(json.loads(answer.body), declared, document) == []


def test_the_request_and_answer_of_a_notice_match_api_impot_particulier() -> None:
    document = impots()
    found, opened = link("ines", "dgfip", ["derniere", "avant_derniere"], {"spi": "0000000000424"})
    site = server.Site()
    form = urlencode(
        {"grant_type": "client_credentials", "client_id": reach.CLIENT_ID, "client_secret": reach.CLIENT_SECRET}
    ).encode()
    token = json.loads(site.answer(Request("POST", "/impots/token", body=form)).body)["access_token"]
    template = "/spi/{spi}/situations/ir/assiettes/annrev/{annrev}"
    declared = document["paths"][template]["get"]["responses"]["200"]["content"]
    for call in found.connector.calls({}, opened):
        year = call.path.rsplit("/", 1)[1]
        assert f"/{call.path}" == template.replace("{spi}", "0000000000424").replace("{annrev}", year)
        answer = site.answer(
            Request(
                "GET",
                f"/impots/impotparticulier/1.0/{call.path}",
                headers={"authorization": f"Bearer {token}", "x-correlation-id": "x"},
            )
        )
        body = json.loads(answer.body)
        (content,) = declared.values()
        assert problems(body, content["schema"], document) == []
        properties = schema(content["schema"], document)["properties"]
        assert set(body) <= set(properties)


def test_the_gateway_s_headers_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    from vault.holders.connectors.http import Client
    from vault.holders.connectors.impot_particulier import connector as module

    document = impots()
    monkeypatch.setattr(module, "client_credentials", lambda client, config, scope="": "t")
    sent = set(module.CONNECTOR.headers(Client("http://here"), {}))
    wanted = {
        one["name"]
        for one in document["components"]["parameters"].values()
        if one["in"] == "header" and one.get("required")
    }
    assert wanted - sent == {"X-FranceConnect-OAuth"}  # the other way, with FranceConnect's token
