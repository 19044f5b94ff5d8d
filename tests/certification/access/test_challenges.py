"""Each 401 says how to prove who one is: `Basic` to a program, `Bearer` or `DPoP` with its error to others."""

from uuid import UUID

import pytest
from django.test import Client as Browser

from certification.access.actions import clients
from tests.certification.access.program import connected

pytestmark = pytest.mark.django_db(transaction=True)
#: Fixed: each worker must collect the same tests.
ID = UUID(int=7)
BY_TOKEN = [
    ("get", "/api/v1/me/fields"),
    ("post", "/api/v1/me/values"),
    ("get", f"/api/v1/me/documents/{ID}"),
    ("get", "/api/v1/me/grant"),
    ("delete", "/api/v1/me/grant"),
    ("get", "/api/v1/me/events"),
    ("get", "/oauth/userinfo"),
    ("post", "/oauth/userinfo"),
]
OF_HOLDERS = [
    ("post", "/api/v1/holders/connections"),
    ("post", "/api/v1/holders/lots"),
    ("get", f"/api/v1/holders/lots/{ID}"),
]
BY_SECRET = [
    ("get", "/api/v1/erasures"),
    ("get", f"/api/v1/erasures/{ID}"),
    ("post", f"/api/v1/erasures/{ID}"),
    ("get", "/api/v1/events"),
    ("post", "/oauth/token"),
    ("post", "/oauth/revoke"),
    ("post", "/oauth/par"),
]
GRANT = {"grant_type": "refresh_token", "refresh_token": "x", "token": "x"}
#: Base64 of `nobody:wrong`.
WRONG = "Basic bm9ib2R5Ondyb25n"


def asked(method, address, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    sent = {"data": GRANT} if "/oauth/" in address and method == "post" else {}
    return getattr(Browser(), method)(address, headers=headers, **sent)


def both(addresses):
    return [*addresses, *((method, f"/bac-a-sable{address}") for method, address in addresses)]


@pytest.mark.parametrize(("method", "address"), [*both(BY_TOKEN), *OF_HOLDERS])
@pytest.mark.parametrize(
    ("given", "challenge"),
    [
        ("Bearer unknown", 'Bearer realm="garant", error="invalid_token", DPoP algs='),
        (WRONG, 'Bearer realm="garant", error="invalid_token", DPoP algs='),
        ("DPoP unknown", 'DPoP realm="garant", error="invalid_dpop_proof", algs='),
        ("", 'Bearer realm="garant", DPoP algs='),
    ],
)
def test_a_token_that_is_unknown_or_missing_is_told_the_schemes_of_tokens(db, method, address, given, challenge):
    refused = asked(method, address, given)
    assert refused.status_code == 401 and refused["WWW-Authenticate"].startswith(challenge), refused.headers


@pytest.mark.parametrize(("method", "address"), both(BY_SECRET))
@pytest.mark.parametrize("given", [WRONG, "Bearer unknown", "Basic !", ""])
def test_a_program_that_failed_is_told_basic(db, method, address, given):
    refused = asked(method, address, given)
    assert refused.status_code == 401, refused.content
    assert refused["WWW-Authenticate"] == 'Basic realm="garant", charset="UTF-8"'


def test_a_secret_that_was_revoked_is_told_basic(registered, developer):
    client, _secret = registered
    clients.add_secret(client=client, by=developer)
    clients.revoke_secret(client=client, by=developer, secret_id=client.secrets[0].id)
    body = {"client_id": client.client_id, "client_secret": "gar_live_x", **GRANT}
    assert Browser().post("/oauth/token", body)["WWW-Authenticate"].startswith("Basic ")


def test_a_token_without_the_scope_of_an_address_is_told_so(session, browser):
    token = connected(session, browser)["access_token"]
    refused = asked("get", OF_HOLDERS[2][1], f"Bearer {token}")
    assert refused.status_code == 403
    assert refused["WWW-Authenticate"].startswith('Bearer realm="garant", error="insufficient_scope"')
