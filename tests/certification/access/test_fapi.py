"""FAPI 2.0 Security Profile: what the server says of itself, and the table of docs/services.md."""

import ast
import re

import pytest
from django.conf import settings
from django.test import Client as Browser
from joserfc import jws

from certification.access.models import Client
from ops.cluster import ROOT
from tests.certification.access.program import answer, ask, asking, exchange, way_back
from tests.certification.access.proofs import error, post, wanted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("server", ["", "/bac-a-sable"])
def test_the_metadata_say_all_of_fapi(server):
    issuer = f"{settings.SITE_URL}{server}"
    openid = Browser().get(f"{server}/.well-known/openid-configuration").json()
    plain = Browser().get(f"/.well-known/oauth-authorization-server{server}").json()
    algorithms = ["PS256", "ES256", "EdDSA", "Ed25519"]
    assert plain.items() <= openid.items()
    assert {
        "issuer": issuer,
        "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
        "require_pushed_authorization_requests": False,
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "dpop_signing_alg_values_supported": algorithms,
        "code_challenge_methods_supported": ["S256"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "authorization_response_iss_parameter_supported": True,
    }.items() <= plain.items()
    assert openid["request_parameter_supported"] is openid["request_uri_parameter_supported"] is False
    assert openid["id_token_signing_alg_values_supported"] == ["RS256", "PS256"]


def test_the_page_leaves_without_a_redirect(session, browser):
    page = answer(browser, ask(session, browser))
    assert page.status_code == 200 and "Location" not in page.headers and way_back(page)
    refused = browser.get(asking(session))
    assert refused.status_code == 200 and "Location" not in refused.headers and way_back(refused)


def test_a_nonce_of_64_characters_comes_back(session, browser):
    back = way_back(answer(browser, ask(session, browser, nonce="n" * 64, state="s" * 1_500)))
    assert f"state={'s' * 1_500}" in back
    session.state = "s" * 1_500
    claims = jws.extract_compact(exchange(session, back)["id_token"].encode()).payload
    assert b'"nonce": "' + b"n" * 64 in claims or b'"nonce":"' + b"n" * 64 in claims


def test_two_ways_to_name_a_program_agree(client_of_service, registered):
    wrong = wanted(client_of_service, client_id="another") | {"client_secret": registered[1]}
    assert error(post("/oauth/par", wrong)) == (401, "invalid_client")
    assert Client.objects.count() == 1


def rows() -> dict[str, list[list[str]]]:
    text = (ROOT / "docs" / "services.md").read_text()
    found: dict[str, list[list[str]]] = {}
    for part in re.findall(r"\| (5\.3\.2\.\d) .*\n\|---\|---\|\n((?:\|.*\n)+)", text):
        found[part[0]] = [[cell.strip() for cell in line.strip("|\n").split(" | ")] for line in part[1].splitlines()]
    return found


def test_each_line_of_the_profile_names_a_test_that_exists():
    known = {
        node.name
        for path in (ROOT / "tests" / "certification" / "access").glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    found = rows()
    assert {part: len(lines) for part, lines in found.items()} == {"5.3.2.1": 14, "5.3.2.2": 14}
    for part, lines in found.items():
        for number, (what, why) in enumerate(lines, 1):
            assert what.startswith(f"{number}. "), (part, what)
            named = re.findall(r"`(test_\w+)`", why)
            assert {*named} <= known, {*named} - known
            assert named or why == "As 10", (part, what)
