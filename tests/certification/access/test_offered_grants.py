"""What a stranger obtains at OAuth's addresses by the grants and answers that the portal does not offer."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import User
from certification.access import server
from certification.access.models import Client
from certification.access.views.oauth import AUTH_METHODS
from tests.certification.access.program import BACK, VERIFIER

pytestmark = pytest.mark.django_db(transaction=True)
OFFERED = ["authorization_code", "refresh_token", "client_credentials"]
#: The first three are known to oauthlib.
NOT_OFFERED = [
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
    "openid",
    "device_code",
    "implicit",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:saml2-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:openid:params:grant-type:ciba",
    "Password",
    " password",
    "password authorization_code",
    "é",
]
TOKEN = {"live": "access:token", "sandbox": "sandbox:token"}


def post(where: str, **form: Any) -> Any:
    return Browser(raise_request_exception=False).post(reverse(TOKEN[where]), form)


@pytest.mark.parametrize("where", TOKEN)
@pytest.mark.parametrize("grant_type", NOT_OFFERED)
def test_a_grant_that_is_not_offered_is_refused_before_anything_is_looked_up(
    where: str,
    grant_type: str,
    registered: tuple[Client, str],
    tenant: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def looked_up(*_: object, **__: object) -> None:
        raise AssertionError("something was looked up")

    tenant.set_password("un mot de passe assez long")
    tenant.save(update_fields=["password"])
    client, secret = registered
    monkeypatch.setattr("oauth2_provider.oauth2_validators.authenticate", looked_up)
    monkeypatch.setattr("certification.access.credentials.authenticated", looked_up)
    monkeypatch.setattr("certification.access.validator.Validator._load_application", looked_up)
    answer = post(
        where,
        grant_type=grant_type,
        client_id=client.client_id,
        client_secret=secret,
        username=tenant.email,
        password="un mot de passe assez long",
        device_code="x",
        code="x",
        redirect_uri=BACK,
        code_verifier=VERIFIER,
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("where", TOKEN)
@pytest.mark.parametrize("given", ["", "grant_type=", "grant_type=refresh_token&grant_type=password"])
def test_no_grant_or_two_are_an_invalid_request(where: str, given: str) -> None:
    browser = Browser(raise_request_exception=False)
    address = reverse(TOKEN[where])
    answer = browser.post(address, given, content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    answer = browser.post(f"{address}?grant_type=password&username=a&password=b")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_the_server_has_three_grants_one_answer_and_no_other_endpoint() -> None:
    found = server.core().server
    assert sorted(found.grant_types) == sorted(OFFERED)
    assert [*found.response_types] == ["code"]
    for name in ("create_introspect_response", "create_device_authorization_response", "verify_request"):
        assert not hasattr(found, name)


@pytest.mark.parametrize("where", ["", f"{settings.SITE_URL}/bac-a-sable"])
def test_both_servers_publish_the_grants_that_they_offer(where: str) -> None:
    path = "/bac-a-sable" if where else ""
    found = Browser().get(f"{path}/.well-known/openid-configuration").json()
    assert found["grant_types_supported"] == OFFERED
    assert found["response_types_supported"] == ["code"]
    assert not {"device_authorization_endpoint", "introspection_endpoint", "registration_endpoint"} & {*found}
    assert found["token_endpoint_auth_methods_supported"] == AUTH_METHODS


@pytest.mark.parametrize("path", ["introspect", "device_authorization", "device", "register", "applications", "ciba"])
@pytest.mark.parametrize("server_path", ["/oauth", "/bac-a-sable/oauth"])
def test_no_other_endpoint_answers(path: str, server_path: str) -> None:
    for address in (f"{server_path}/{path}", f"{server_path}/{path}/"):
        assert Browser(raise_request_exception=False).post(address, {"token": "x"}).status_code in {302, 404}


@pytest.mark.parametrize(
    "response_type",
    ["token", "id_token", "id_token token", "code token", "code id_token", "code id_token token", "none", "x", ""],
)
def test_no_answer_but_a_code_is_given(response_type: str, registered: tuple[Client, str], browser: Browser) -> None:
    query = urlencode(
        {
            "response_type": response_type,
            "client_id": registered[0].client_id,
            "redirect_uri": BACK,
            "scope": "openid vault",
            "nonce": "n" * 24,
            "code_challenge": "a" * 43,
            "code_challenge_method": "S256",
        }
    )
    page = browser.get(f"{reverse('access:authorize')}?{query}")
    assert page.status_code in {200, 302, 400}
    assert 'name="state"' not in page.content.decode(), "the page of consent"
