"""Tokens bound to a key (DPoP, RFC 9449): each proof is for one request, of one key, now, and once."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone
from joserfc.jwk import OctKey, OKPKey, RSAKey

from certification.access.actions import clients
from certification.access.models import AccessToken, AuthorizationCode, Client
from core import once
from tests.certification.access.program import BACK, VERIFIER, answer, called, told
from tests.certification.access.proofs import FIELDS, PAR, TOKEN, by_key, error, new_key, post, proof, sets, wanted
from vault.holders.actions import senders
from vault.holders.enums import Rhythm
from vault.records.content import holder_catalogue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def key():
    return new_key()


@pytest.fixture
def by_secret(registered):
    client, secret = registered
    return {"client_id": client.client_id, "client_secret": secret}


def code_for(client, by, browser, dpop=None, **more):
    handle = post(PAR, wanted(client, **more) | by, dpop).json()["request_uri"]
    page = browser.get(f"/oauth/authorize?client_id={client.client_id}&request_uri={handle}")
    return told(answer(browser, page))["code"]


def exchanging(code):
    return {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}


@pytest.fixture
def code(client_of_service, by_secret, browser):
    return code_for(client_of_service, by_secret, browser)


@pytest.fixture
def bound(code, by_secret, key):
    """The tokens of a program whose access token is bound to `key`."""
    return post(TOKEN, exchanging(code) | by_secret, proof(key, "POST", TOKEN)).json()


def read(token, dpop=None, scheme="DPoP", path=FIELDS, method="get"):
    headers = {"Authorization": f"{scheme} {token}"} | ({} if dpop is None else {"DPoP": dpop})
    return getattr(Browser(raise_request_exception=False), method)(path, headers=headers)


# A bound token


@pytest.mark.parametrize("key", [new_key(), RSAKey.generate_key(2048), OKPKey.generate_key("Ed25519")])
def test_a_token_is_bound_to_the_key_of_its_proof(bound, key):
    assert (bound["token_type"], AccessToken.objects.get().jkt) == ("DPoP", key.thumbprint())
    for path in (FIELDS, "/oauth/userinfo", "/api/v1/me/grant"):
        found = read(bound["access_token"], proof(key, "GET", path, bound["access_token"]), path=path)
        assert found.status_code == 200


def test_a_query_and_the_form_of_an_address_do_not_count(bound, key):
    token = bound["access_token"]
    given = proof(key, "GET", FIELDS, token, htu=f"HTTP://LOCALHOST:8000{FIELDS}?x=y#z")
    assert read(token, given, path=f"{FIELDS}?fields=fiscal.avis_ir%23/revenu_fiscal_reference").status_code == 200


def test_a_bound_token_is_none_without_its_proof(bound, key):
    as_bearer = read(bound["access_token"], scheme="Bearer")
    assert error(as_bearer) == (401, "invalid_token")
    assert (
        as_bearer["WWW-Authenticate"].startswith("Bearer ")
        and 'DPoP algs="PS256 ES256' in as_bearer["WWW-Authenticate"]
    )
    with_proof = read(bound["access_token"], proof(key, "GET", FIELDS, bound["access_token"]), scheme="Bearer")
    assert error(with_proof) == (401, "invalid_token")
    without = read(bound["access_token"])
    assert error(without) == (401, "invalid_dpop_proof")
    assert without["WWW-Authenticate"].startswith('DPoP realm="garant", error="invalid_dpop_proof", algs="PS256 ')


def test_a_token_that_is_bound_to_no_key_takes_no_proof(code, by_secret, key):
    token = post(TOKEN, exchanging(code) | by_secret).json()
    assert token["token_type"] == "Bearer" and called(token["access_token"], FIELDS).status_code == 200
    found = read(token["access_token"], proof(key, "GET", FIELDS, token["access_token"]))
    assert error(found) == (401, "invalid_token")
    assert found["WWW-Authenticate"].startswith('DPoP realm="garant", error="invalid_token", algs="')


# Proofs at the API


def test_a_replayed_proof_is_refused(bound, key):
    given = proof(key, "GET", FIELDS, bound["access_token"])
    assert read(bound["access_token"], given).status_code == 200
    assert error(read(bound["access_token"], given)) == (401, "invalid_dpop_proof")


def test_a_late_proof_is_refused(bound, key):
    given = proof(key, "GET", FIELDS, bound["access_token"])
    with time_machine.travel(timezone.now() + timedelta(seconds=62)):
        assert error(read(bound["access_token"], given)) == (401, "invalid_dpop_proof")


def test_a_proof_of_another_key_is_refused(bound):
    found = read(bound["access_token"], proof(new_key(), "GET", FIELDS, bound["access_token"]))
    assert error(found) == (401, "invalid_token")


def test_a_proof_of_another_key_is_not_used(bound, monkeypatch):
    """Otherwise whoever makes keys would fill the table of what was used."""
    monkeypatch.setattr(once, "use", lambda *_: pytest.fail("used"))
    token = bound["access_token"]
    assert error(read(token, proof(new_key(), "GET", FIELDS, token)))[0] == 401
    assert error(read("unknown", proof(new_key(), "GET", FIELDS, "unknown")))[0] == 401


def test_a_proof_for_another_address_or_method_is_refused(bound, key):
    token = bound["access_token"]
    for given in (
        proof(key, "GET", "/api/v1/me/grant", token),
        proof(key, "GET", FIELDS, token, htu=f"https://ailleurs.example{FIELDS}"),
        proof(key, "GET", FIELDS, token, htu=f"http://localhost:8000/bac-a-sable{FIELDS}"),
        proof(key, "GET", FIELDS, token, htu="http://[x"),
        proof(key, "DELETE", FIELDS, token),
    ):
        assert error(read(token, given)) == (401, "invalid_dpop_proof")


def test_a_proof_for_another_token_or_none_is_refused(bound, key):
    token = bound["access_token"]
    for given in (
        proof(key, "GET", FIELDS),
        proof(key, "GET", FIELDS, "another"),
        proof(key, "GET", FIELDS, token, ath="é"),
    ):
        assert error(read(token, given)) == (401, "invalid_dpop_proof")


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"typ": "JWT"}, {}),
        ({"jwk": new_key().as_dict(private=False)}, {}),
        ({"jwk": new_key().as_dict(private=True)}, {}),
        ({"jwk": OctKey.generate_key(256).as_dict()}, {}),
        ({}, {"jti": None}),
        ({}, {"iat": None}),
        ({}, {"iat": "now"}),
        ({}, {"htm": None}),
        ({}, {"htu": None}),
    ],
)
def test_a_proof_that_lacks_something_is_refused(bound, key, header, claims):
    token = bound["access_token"]
    given = proof(key, "GET", FIELDS, token, header=header, **claims)
    assert error(read(token, given)) == (401, "invalid_dpop_proof")


@pytest.mark.parametrize("given", ["", "x", "a.b.c", "é", "x" * 20_000])
def test_what_is_no_proof_is_refused(bound, given):
    assert error(read(bound["access_token"], given)) == (401, "invalid_dpop_proof")


def test_two_proofs_are_refused(bound, key):
    token = bound["access_token"]
    both = f"{proof(key, 'GET', FIELDS, token)},{proof(key, 'GET', FIELDS, token)}"
    assert error(read(token, both)) == (401, "invalid_dpop_proof")


@pytest.mark.parametrize(("ahead", "status"), [(10, 200), (61, 401), (100, 401)])
def test_a_clock_may_be_ten_seconds_ahead_and_not_sixty(bound, key, ahead, status):
    token = bound["access_token"]
    assert read(token, proof(key, "GET", FIELDS, token, iat=int(time.time()) + ahead)).status_code == status


def test_a_key_that_somebody_else_wrote_beside_a_token_opens_nothing(bound):
    thief = new_key()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE access_accesstoken SET jkt = %s", [thief.thumbprint()])
    token = bound["access_token"]
    assert error(read(token, proof(thief, "GET", FIELDS, token))) == (503, "forged")


# Proofs where tokens are made


def test_a_proof_at_the_token_endpoint_is_checked_and_used_once(code, by_secret, key):
    late = proof(key, "POST", TOKEN, iat=int(time.time()) - 90)
    for given in (late, proof(key, "GET", TOKEN), proof(key, "POST", PAR), "x"):
        assert error(post(TOKEN, exchanging(code) | by_secret, given)) == (400, "invalid_dpop_proof")
    given = proof(key, "POST", TOKEN)
    assert post(TOKEN, exchanging(code) | by_secret, given).status_code == 200
    assert error(post(TOKEN, exchanging(code) | by_secret, given)) == (400, "invalid_dpop_proof")


def test_a_stranger_s_proof_is_not_used(key, by_secret):
    given = proof(key, "POST", TOKEN)
    stranger = by_secret | {"client_secret": "gar_live_wrong"}
    renewing = {"grant_type": "refresh_token", "refresh_token": "x"}
    assert error(post(TOKEN, renewing | stranger, given)) == (401, "invalid_client")
    assert error(post(TOKEN, renewing | by_secret, given)) == (400, "invalid_grant"), "used now, by its program"


def test_a_refresh_token_is_its_program_s_and_takes_any_key(bound, by_secret, key):
    """RFC 9449, 5: of a program that proves who it is, refresh tokens are bound to the program, not to a key."""
    other = new_key()
    renewing = {"grant_type": "refresh_token", "refresh_token": bound["refresh_token"]}
    renewed = post(TOKEN, renewing | by_secret, proof(other, "POST", TOKEN)).json()
    token = renewed["access_token"]
    assert renewed["token_type"] == "DPoP" and renewed["refresh_token"] != bound["refresh_token"]
    assert read(token, proof(other, "GET", FIELDS, token)).status_code == 200
    assert error(read(token, proof(key, "GET", FIELDS, token))) == (401, "invalid_token")


def test_a_program_may_require_it(client_of_service, by_secret, code, developer, key):
    clients.secure(
        client=client_of_service, by=developer, keys="", keys_only=False, pushed_only=False, bound_tokens=True
    )
    assert error(post(TOKEN, exchanging(code) | by_secret)) == (400, "invalid_dpop_proof")
    first = post(TOKEN, exchanging(code) | by_secret, proof(key, "POST", TOKEN)).json()
    renewing = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    assert error(post(TOKEN, renewing | by_secret)) == (400, "invalid_dpop_proof")
    assert post(TOKEN, renewing | by_secret, proof(key, "POST", TOKEN)).status_code == 200


# A code bound to a key


def test_a_code_is_bound_to_the_key_of_its_push(client_of_service, by_secret, browser, key):
    code = code_for(client_of_service, by_secret, browser, proof(key, "POST", PAR))
    assert AuthorizationCode.objects.get().jkt == key.thumbprint()
    for given in (None, proof(new_key(), "POST", TOKEN)):
        assert error(post(TOKEN, exchanging(code) | by_secret, given)) == (400, "invalid_grant")
    assert post(TOKEN, exchanging(code) | by_secret, proof(key, "POST", TOKEN)).status_code == 200


def test_a_code_is_bound_to_dpop_jkt(client_of_service, by_secret, browser, key):
    code = code_for(client_of_service, by_secret, browser, dpop_jkt=key.thumbprint())
    assert error(post(TOKEN, exchanging(code) | by_secret)) == (400, "invalid_grant")
    assert post(TOKEN, exchanging(code) | by_secret, proof(key, "POST", TOKEN)).status_code == 200


def test_a_push_checks_its_proof_and_its_thumbprint(client_of_service, by_secret, key):
    asked = wanted(client_of_service) | by_secret
    given = proof(key, "POST", PAR)
    assert error(post(PAR, asked | {"dpop_jkt": "x" * 43}, given)) == (400, "invalid_dpop_proof")
    assert error(post(PAR, asked, given)) == (400, "invalid_dpop_proof"), "used"
    assert error(post(PAR, asked, proof(key, "POST", TOKEN))) == (400, "invalid_dpop_proof")
    assert post(PAR, asked | {"dpop_jkt": key.thumbprint()}, proof(key, "POST", PAR)).status_code == 201


# Programs that require it


def test_a_holder_s_token_is_bound_too(one, developer, key):
    holder_catalogue.load()
    senders.allow(
        holder="mediatheque",
        service_id=one.pk,
        types_sent=["loisirs.adhesion"],
        rhythm=Rhythm.DAILY,
        public_key="",
    )
    client, _secret = clients.register_sender(service=one, by=developer)
    clients.secure(client=client, by=developer, keys=sets(key), keys_only=True, pushed_only=False, bound_tokens=True)
    asking = {"grant_type": "client_credentials", "scope": "lots"}
    token = post(TOKEN, asking | by_key(client, key), proof(key, "POST", TOKEN)).json()["access_token"]
    lot = f"/api/v1/holders/lots/{uuid4()}"
    assert read(token, proof(key, "GET", lot, token), path=lot).status_code == 404
    assert error(read(token, proof(key, "GET", FIELDS, token), path=lot)) == (401, "invalid_dpop_proof")
    assert error(read(token, scheme="Bearer", path=lot)) == (401, "invalid_token")


def test_a_program_of_fapi_keeps_its_refresh_token(client_of_service, developer, browser, key):
    clients.secure(
        client=client_of_service, by=developer, keys=sets(key), keys_only=True, pushed_only=True, bound_tokens=True
    )
    client = Client.objects.get()
    code = code_for(client, by_key(client, key), browser, proof(key, "POST", PAR))
    first = post(TOKEN, exchanging(code) | by_key(client, key), proof(key, "POST", TOKEN)).json()
    renewing = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    for one in (key, new_key()):
        answered = post(TOKEN, renewing | by_key(client, key), proof(one, "POST", TOKEN))
        renewed = answered.json()
        token = renewed["access_token"]
        assert renewed["refresh_token"] == first["refresh_token"] and token != first["access_token"]
        assert read(token, proof(one, "GET", FIELDS, token)).status_code == 200
        assert read(first["access_token"], proof(key, "GET", FIELDS, first["access_token"])).status_code == 401
    browser_asks = told(browser.get(asking_plainly(client)))
    assert browser_asks["error"] == "invalid_request"


def asking_plainly(client):
    from urllib.parse import urlencode

    return f"/oauth/authorize?{urlencode(wanted(client))}"
