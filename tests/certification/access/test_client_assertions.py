"""Programs that prove who they are by a key (private_key_jwt, RFC 7523), and one proof of it only."""

import json
import re
import time

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.util import int_to_base64

from certification.access.actions import clients
from certification.access.enums import Environment
from certification.access.fapi import client_assertions, jose
from certification.access.models import Client
from tests.accounts.factories import signed_in
from tests.certification.access.program import BACK, VERIFIER, called, consented
from tests.certification.access.proofs import (
    FIELDS,
    PAR,
    TOKEN,
    assertion,
    by_key,
    error,
    new_key,
    post,
    sets,
    signed,
    wanted,
)
from tests.certification.made import SIRETS, member, publisher
from tests.vault.shown import main

pytestmark = pytest.mark.django_db(transaction=True)
RSA = RSAKey.generate_key(2048)


def registered_key(client, by, *keys, **required):
    wants = {"keys_only": False, "pushed_only": False, "bound_tokens": False} | required
    clients.secure(client=client, by=by, keys=sets(*keys), **wants)


@pytest.fixture
def key():
    return new_key()


@pytest.fixture
def keyed(client_of_service, developer, key):
    registered_key(client_of_service, developer, key)
    return Client.objects.get(pk=client_of_service.pk)


def pushed(client, **proof):
    return post(PAR, wanted(client) | proof)


# What is accepted


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (new_key(), "ES256"),
        (RSA, "PS256"),
        (OKPKey.generate_key("Ed25519"), "EdDSA"),
        (OKPKey.generate_key("Ed25519"), "Ed25519"),
    ],
)
def test_each_algorithm_of_fapi_proves_a_program(client_of_service, developer, key, alg):
    registered_key(client_of_service, developer, key)
    assert pushed(client_of_service, **by_key(client_of_service, key, alg=alg)).status_code == 201


def test_a_key_exchanges_renews_and_revokes(keyed, key, session, browser):
    code = re.search("code=([^&]+)", consented(session, browser))
    assert code
    form = {"grant_type": "authorization_code", "code": code[1], "redirect_uri": BACK, "code_verifier": VERIFIER}
    first = post(TOKEN, form | by_key(keyed, key)).json()
    assert called(first["access_token"], FIELDS).status_code == 200
    renewing = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = post(TOKEN, renewing | by_key(keyed, key)).json()
    assert post("/oauth/revoke", {"token": second["refresh_token"]} | by_key(keyed, key)).status_code == 200
    assert called(second["access_token"], FIELDS).status_code == 401


def test_two_keys_are_turned_over_without_a_stop(client_of_service, developer, key):
    other = new_key()
    registered_key(client_of_service, developer, key, other)
    for one in (key, other):
        assert pushed(client_of_service, **by_key(client_of_service, one)).status_code == 201
    assert pushed(client_of_service, **by_key(client_of_service, other, header={})).status_code == 201
    registered_key(client_of_service, developer, other)
    assert error(pushed(client_of_service, **by_key(client_of_service, key))) == (401, "invalid_client")


# What is refused


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "gar_live_other"},
        {"iss": None},
        {"sub": "gar_live_other"},
        {"sub": "\0"},
        {"aud": "http://localhost:8000/oauth/token"},
        {"aud": ["http://localhost:8000"]},
        {"aud": "http://localhost:8000/bac-a-sable"},
        {"aud": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": int(time.time()) - 1},
        {"exp": int(time.time()) + 90_000},
        {"exp": float("inf")},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"iat": int(time.time()) + 36_000},
        {"nbf": int(time.time()) + 36_000},
    ],
)
def test_an_assertion_that_says_something_else_is_refused(keyed, key, claims):
    assert error(pushed(keyed, **by_key(keyed, key, **claims))) == (401, "invalid_client")


@pytest.mark.parametrize(("ahead", "status"), [(10, 201), (29, 201), (61, 401)])
def test_a_clock_may_be_ten_seconds_ahead_and_not_sixty(keyed, key, ahead, status):
    now = int(time.time())
    assert pushed(keyed, **by_key(keyed, key, iat=now + ahead, nbf=now + ahead)).status_code == status


def test_an_assertion_is_used_once(keyed, key):
    proof = by_key(keyed, key)
    assert pushed(keyed, **proof).status_code == 201
    assert error(pushed(keyed, **proof)) == (401, "invalid_client")
    assert error(post(TOKEN, {"grant_type": "client_credentials"} | proof)) == (401, "invalid_client")


def test_another_key_or_algorithm_or_none_is_refused(keyed, key):
    forged = {"client_assertion_type": client_assertions.TYPE}
    stranger = ECKey.generate_key("P-256", {"kid": key.kid})
    none = ".".join([jws_part({"alg": "none"}), jws_part({"iss": keyed.client_id, "sub": keyed.client_id}), ""])
    octets = OctKey.import_key(sets(key))
    given = [
        assertion(keyed, stranger),
        assertion(keyed, key, header={"kid": "another"}),
        signed(octets, {"kid": key.kid}, {"iss": keyed.client_id, "sub": keyed.client_id}, "HS256"),
        none,
        "",
        "x",
        "é.é.é",
        "a" * 20_000,
        ".".join([jws_part({"alg": "ES256"}), "W" * 7_000, "x"]),
    ]
    for one in given:
        assert error(pushed(keyed, **forged, client_assertion=one)) == (401, "invalid_client"), one[:60]
    proof = by_key(keyed, key) | {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}
    assert error(pushed(keyed, **proof)) == (401, "invalid_client")


def jws_part(value):
    import base64

    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_another_program_s_key_proves_nothing(keyed, key, granted_label, program_of):
    other = Client.objects.get(client_id=program_of(granted_label()).client_id)
    assert error(pushed(other, **by_key(other, key))) == (401, "invalid_client")
    assert error(pushed(other, **by_key(keyed, key))) == (401, "invalid_client"), "named in client_id"


def test_a_key_of_the_sandbox_is_unknown_at_the_portal(label, developer, key):
    trial, _secret = clients.register(
        service=label.service, by=developer, environment=Environment.TEST, redirect_uris=[BACK]
    )
    registered_key(trial, developer, key)
    assert error(pushed(trial, **by_key(trial, key))) == (401, "invalid_client")
    there = "http://localhost:8000/bac-a-sable"
    assert post(f"/bac-a-sable{PAR}", wanted(trial) | by_key(trial, key, aud=there)).status_code == 201


# One method


@pytest.mark.parametrize("path", [PAR, TOKEN, "/oauth/revoke"])
def test_two_proofs_in_one_request_are_refused(keyed, key, registered, path):
    secret = registered[1]
    basic = re.sub("^", "Basic ", jws_part("").replace("ISI", "")) + "eDp5"
    form = {"grant_type": "refresh_token", "refresh_token": "x", "token": "x", "client_id": keyed.client_id}
    for more, headers in (
        ({"client_secret": secret} | by_key(keyed, key), {}),
        (by_key(keyed, key), {"Authorization": basic}),
        ({"client_secret": secret}, {"Authorization": basic}),
        ({"client_secret": [secret, secret]}, {}),
        ({"client_id": [keyed.client_id, "x"], "client_secret": secret}, {}),
    ):
        assert error(post(path, wanted(keyed) | form | more, **headers)) == (400, "invalid_request")


def test_a_program_may_refuse_its_own_secrets(client_of_service, registered, developer, key):
    secret = {"client_id": client_of_service.client_id, "client_secret": registered[1]}
    assert pushed(client_of_service, **secret).status_code == 201
    registered_key(client_of_service, developer, key, keys_only=True)
    assert error(pushed(client_of_service, **secret)) == (401, "invalid_client")
    refused = post(TOKEN, {"grant_type": "refresh_token", "refresh_token": "x"} | secret)
    assert error(refused) == (401, "invalid_client")
    assert pushed(client_of_service, **by_key(client_of_service, key)).status_code == 201


# What is registered


@pytest.mark.parametrize(
    "jwk",
    [
        OctKey.generate_key(256).as_dict(),
        ECKey.generate_key("P-384").as_dict(private=False),
        ECKey.generate_key("secp256k1").as_dict(private=False),
        OKPKey.generate_key("X25519").as_dict(private=False),
        *({"kty": "RSA", "e": "AQAB", "n": int_to_base64(2**bits - 1)} for bits in (1016, 1024, 2047, 4097, 16_384)),
        {"kty": "RSA", "e": "AQAB", "n": "A"},
        {"kty": "RSA", "e": "Aw", "n": RSA.as_dict(private=False)["n"]},
        {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"},
        {**new_key().as_dict(private=False), "use": "enc"},
        {**new_key().as_dict(private=False), "alg": "RS256"},
        {**new_key().as_dict(private=False), "kid": 7},
        {"kty": "EC"},
        {"kty": ["EC"]},
        {},
        [],
        7,
    ],
)
def test_only_public_keys_of_fapi_are_registered(jwk):
    with pytest.raises(jose.Malformed):
        client_assertions.read_keys(json.dumps(jwk))


def test_sets_are_small_and_name_their_keys():
    for found in (sets(), sets(*(new_key() for _ in range(6))), "[" * 40_000, "{", sets(RSA, new_key())):
        with pytest.raises(jose.Malformed):
            client_assertions.read_keys(found)
    same = ECKey.generate_key("P-256", {"kid": "a"}), ECKey.generate_key("P-256", {"kid": "a"})
    with pytest.raises(jose.Malformed):
        client_assertions.read_keys(sets(*same))
    kept = json.loads(client_assertions.read_keys(json.dumps({**new_key().as_dict(private=False), "note": "x"})))
    assert {*kept["keys"][0]} == {"kty", "crv", "x", "y", "kid"}


def test_a_private_key_is_refused_and_told(client_of_service, developer, key):
    with pytest.raises(ValidationError, match="clé privée"):
        clients.secure(
            client=client_of_service,
            by=developer,
            keys=json.dumps(key.as_dict(private=True)),
            keys_only=False,
            pushed_only=False,
            bound_tokens=False,
        )


def test_only_members_register_keys_and_one_without_a_key_keeps_its_secret(client_of_service, developer, key):
    with pytest.raises(PermissionDenied):
        registered_key(client_of_service, member(publisher("Autre", SIRETS[1])), key)
    with pytest.raises(ValidationError, match="clé publique"):
        clients.secure(
            client=client_of_service, by=developer, keys="", keys_only=True, pushed_only=False, bound_tokens=False
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Client.objects.filter(pk=client_of_service.pk).update(keys_only=True)


def test_a_key_that_somebody_else_wrote_proves_nothing(client_of_service, key):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE access_client SET jwks = %s", [client_assertions.read_keys(sets(key))])
    assert pushed(client_of_service, **by_key(client_of_service, key)).status_code == 503


def test_a_developer_registers_keys_on_the_programs_page(client_of_service, developer, key):
    hers, address = signed_in(developer), reverse("access:security", args=[client_of_service.client_id])
    assert "Clés publiques" in main(hers.get(address))
    wrong = hers.post(address, {"keys": json.dumps(key.as_dict(private=True))})
    assert wrong.status_code == 400 and "clé privée" in main(wrong)
    given = {"keys": sets(key), "keys_only": "on", "pushed_only": "on", "bound_tokens": "on"}
    listed = main(hers.post(address, given, follow=True))
    assert key.kid in listed and "liés à une clé (DPoP)" in listed
    kept = Client.objects.get()
    assert kept.is_sender_constrained and kept.require_pushed_authorization_requests
    assert key.kid in hers.get(address).content.decode()
    hers.post(address, {"keys": ""})
    assert not Client.objects.get().jwks
    assert signed_in(member(publisher("Autre", SIRETS[1]))).get(address).status_code == 404
