"""A library that we did not write, unmodified: from discovery to revocation."""

import pytest
from authlib.integrations.base_client import OAuthError
from django.conf import settings
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.certification.access.program import body, called, connected, discovered
from tests.certification.made import INCOME, PARTS

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS = "/api/v1/me/fields"


def test_discovery_to_revocation(session, browser):
    server = discovered(session)
    assert server["issuer"] == settings.SITE_URL
    token = connected(session, browser, items=[PARTS])
    assert (token["expires_in"], token["scope"]) == (600, "openid vault")
    keys = KeySet.import_key_set(session.get(server["jwks_uri"], withhold_token=True).json())
    claims = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (settings.SITE_URL, session.client_id, "n" * 24)
    assert claims.keys() <= {"iss", "aud", "sub", "exp", "iat", "auth_time", "nonce", "at_hash", "jti"}
    assert session.get(server["userinfo_endpoint"]).json() == {"sub": claims["sub"]}

    read = session.get(f"{settings.SITE_URL}{FIELDS}").json()
    assert {one["field"]: one["values"][0]["value"] for one in read["fields"]} == {INCOME: 12312, PARTS: 2.5}

    former = token["access_token"]
    renewed = session.refresh_token(server["token_endpoint"])
    assert renewed["access_token"] != former
    assert called(former, FIELDS).status_code == 401
    assert session.get(f"{settings.SITE_URL}{FIELDS}").status_code == 200

    revoked = session.revoke_token(server["revocation_endpoint"], renewed["access_token"])
    assert revoked.status_code == 200
    assert called(renewed["access_token"], FIELDS).status_code == 401
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.refresh_token(server["token_endpoint"], refresh_token=renewed["refresh_token"])


def test_five_fields_asked_and_two_ticked(session, browser):
    assert body(called(connected(session, browser)["access_token"], FIELDS))["fields"][0]["field"] == INCOME
