"""Each check of a provider's answer: a valid answer passes, and each fault is refused by name."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.core.cache import cache
from joserfc import jwt
from joserfc.jwk import ECKey

from accounts.sign_in import openid
from accounts.sign_in.openid import Client, Untrusted

pytestmark = pytest.mark.django_db
ISSUER, NONCE = "https://oidc.example", "n" * 43
US = Client(ISSUER, "garant", "secret")
KEY = ECKey.generate_key("P-256", auto_kid=True)


class Provider:
    """Gives valid answers; a test changes a part of them."""

    def __init__(self) -> None:
        now = int(time.time())
        common = {"iss": ISSUER, "aud": "garant", "sub": "s-1", "iat": now}
        self.id_token: dict[str, Any] = common | {"exp": now + 60, "nonce": NONCE, "acr": "eidas1"}
        self.userinfo: dict[str, Any] = common | {"family_name": "KERVELLA"}
        self.status = 200
        names = {name: f"{ISSUER}/{name}" for name in openid.ENDPOINTS}
        self.configuration: dict[str, Any] = names | {"issuer": ISSUER}
        self.token_more: dict[str, Any] = {}
        self.bodies: dict[str, bytes] = {}

    def __call__(self, session: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
        place = url.rpartition("/")[2]
        response = requests.Response()
        response.status_code = self.status if place == "token_endpoint" else 200
        content, media = self.body(place)
        response._content = self.bodies.get(place, content)
        response.headers["Content-Type"] = media
        return response

    def body(self, place: str) -> tuple[bytes, str]:
        if place == "userinfo_endpoint":
            return self.signed(self.userinfo), "application/jwt"
        content: dict[str, Any] = self.configuration
        if place == "jwks_uri":
            content = {"keys": [KEY.as_dict(private=False)]}
        elif place == "token_endpoint":
            content = {"access_token": "a", "id_token": self.signed(self.id_token).decode()} | self.token_more
        return json.dumps(content).encode(), "application/json"

    def signed(self, claims: dict[str, Any]) -> bytes:
        return jwt.encode({"alg": "ES256", "kid": KEY.kid}, claims, KEY).encode()


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    cache.clear()
    found = Provider()
    monkeypatch.setattr(
        requests.Session, "request", lambda self, method, url, **more: found(self, method, url, **more)
    )
    return found


def identify() -> openid.Identity:
    return openid.identify(
        US, "franceconnect", "code", back="https://portal.example/retour/", nonce=NONCE, levels=frozenset({"eidas1"})
    )


def test_a_valid_answer_is_accepted(provider: Provider) -> None:
    found = identify()
    assert (found.sub, found.acr, found.claims["family_name"]) == ("s-1", "eidas1", "KERVELLA")


def set_(part: str, **values: Any) -> Callable[[Provider], None]:
    def change(provider: Provider) -> None:
        getattr(provider, part).update(values)

    return change


NOW = int(time.time())
WRONG: dict[str, tuple[Callable[[Provider], None], str]] = {
    "no id_token": (set_("token_more", id_token=None), "no id_token"),
    "no access token": (set_("token_more", access_token=None), "no id_token"),
    "another nonce": (set_("id_token", nonce="m" * 43), "nonce"),
    "a level that is too low": (set_("id_token", acr="eidas0"), "acr"),
    "no sub": (set_("id_token", sub=""), "sub"),
    "a sub that is no text": (set_("id_token", sub=7), "sub"),
    "a sub that is too long": (set_("id_token", sub="s" * 192), "sub"),
    "userinfo of another sub": (set_("userinfo", sub="s-2"), "userinfo sub"),
    "userinfo that is over": (set_("userinfo", exp=NOW - 3600), "userinfo expired"),
    "userinfo for another": (set_("userinfo", aud="autre"), "userinfo aud"),
    "userinfo from elsewhere": (set_("userinfo", iss="https://autre.example"), "userinfo iss"),
    "another issuer": (set_("id_token", iss="https://autre.example"), "id_token iss"),
    "another audience": (set_("id_token", aud="autre"), "id_token aud"),
    "an audience that is no name": (set_("id_token", aud=7), "id_token aud"),
    "two audiences and nobody named": (set_("id_token", aud=["garant", "autre"]), "id_token azp"),
    "two audiences, for the other": (set_("id_token", aud=["garant", "autre"], azp="autre"), "id_token azp"),
    "over": (set_("id_token", exp=NOW - 3600), "expired"),
    "without an end": (set_("id_token", exp=None), "expired"),
    "with a yes for an end": (set_("id_token", exp=True), "expired"),
    "issued long ago": (set_("id_token", iat=NOW - 3600), "iat"),
    "issued tomorrow": (set_("id_token", iat=NOW + 86_400), "iat"),
    "described by another": (set_("configuration", issuer="https://autre.example"), "issuer"),
    "keys in clear": (set_("configuration", jwks_uri="http://oidc.example/jwks_uri"), "endpoints"),
    "an endpoint that is missing": (set_("configuration", token_endpoint=None), "endpoints"),
    "not JSON": (set_("bodies", token_endpoint=b"<html>"), "not JSON"),
    "a list": (set_("bodies", token_endpoint=b"[]"), "not JSON"),
    "a description that is cut": (set_("bodies", **{"openid-configuration": b"{"}), "not JSON"),
    "no token at all": (set_("bodies", userinfo_endpoint=b"x"), "signature"),
    "a token of three nothings": (set_("bodies", userinfo_endpoint=b".."), "signature"),
    "keys that are none": (set_("bodies", jwks_uri=b'{"keys": 7}'), "signature"),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_fault_is_refused_by_name(provider: Provider, case: str) -> None:
    change, code = WRONG[case]
    change(provider)
    with pytest.raises(Untrusted) as refusal:
        identify()
    assert refusal.value.code == code


def test_two_audiences_are_accepted_if_azp_names_us(provider: Provider) -> None:
    provider.id_token |= {"aud": ["garant", "autre"], "azp": "garant"}
    assert identify().sub == "s-1"


def test_a_refused_code_is_not_reported_as_an_outage(provider: Provider) -> None:
    provider.status = 400
    with pytest.raises(Untrusted) as refusal:
        identify()
    assert refusal.value.code == "code"
    provider.status = 503
    with pytest.raises(requests.RequestException):
        identify()


def test_a_secret_key_is_ignored(provider: Provider) -> None:
    """With a secret among the keys, its owner could sign as the provider."""
    from joserfc.jwk import OctKey

    secret = OctKey.generate_key(256, {"kid": "s"})
    provider.bodies["jwks_uri"] = json.dumps(
        {"keys": [secret.as_dict(private=True), KEY.as_dict(private=False)]}
    ).encode()
    assert identify().sub == "s-1"
    forged = jwt.encode({"alg": "HS256", "kid": "s"}, provider.userinfo, secret)
    provider.bodies["userinfo_endpoint"] = forged.encode()
    with pytest.raises(Untrusted):
        identify()
