"""Each check of a provider's answer: a valid answer passes, and each fault is refused by name."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey

from accounts.sign_in import openid
from accounts.sign_in.openid import Client, Untrusted
from tests.at_once import at_once

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
    openid._documents.clear()
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
    "keys at another host": (set_("configuration", jwks_uri="https://autre.example/jwks_uri"), "endpoints"),
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


# What the provider publishes


@pytest.fixture
def asked(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The documents that were fetched."""
    found: list[str] = []

    def request(session: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
        if url.rpartition("/")[2] in {"openid-configuration", "jwks_uri"}:
            found.append(url.rpartition("/")[2])
        return provider(session, method, url, **more)

    monkeypatch.setattr(requests.Session, "request", request)
    return found


def test_it_is_fetched_once_an_hour(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    identify()
    identify()
    assert asked == ["openid-configuration", "jwks_uri"]
    later = time.monotonic() + openid.KEPT + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    identify()
    assert asked == ["openid-configuration", "jwks_uri"] * 2


def test_a_new_key_is_fetched_at_once_and_another_one_a_minute_later(
    provider: Provider, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    identify()
    for seconds, fetched in ((0, 2), (1, 2), (openid.AGAIN + 1, 3)):
        now = time.monotonic() + seconds
        key = ECKey.generate_key("P-256", auto_kid=True)
        with monkeypatch.context() as changed:
            changed.setattr(time, "monotonic", lambda now=now: now)
            changed.setattr("tests.accounts.test_openid.KEY", key)
            if seconds == 1:
                with pytest.raises(Untrusted):
                    identify()
            else:
                identify()
        assert asked.count("jwks_uri") == fetched


def test_of_threads_at_once_one_fetches_and_all_share_what_it_found(asked: list[str]) -> None:
    at_once(lambda: openid.endpoint(US, "jwks_uri"), times=6)
    assert asked == ["openid-configuration"]


def test_of_threads_at_once_one_meets_the_outage_and_all_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    openid._documents.clear()
    ready, met, asked = threading.Barrier(3), threading.local(), list[str]()
    suffices = openid._Published._suffices

    def looks(self: openid._Published, other_than: object) -> bool:
        """Let no thread fetch before each of them has seen that nothing is there."""
        found = suffices(self, other_than)
        if not hasattr(met, "others"):
            met.others = ready.wait()
        return found

    def request(session: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
        asked.append(url)
        raise requests.ConnectionError

    monkeypatch.setattr(requests.Session, "request", request)
    monkeypatch.setattr(openid._Published, "_suffices", looks)

    def ask() -> None:
        with pytest.raises(requests.ConnectionError):
            openid.endpoint(US, "jwks_uri")

    at_once(ask, times=3)
    monkeypatch.undo()
    monkeypatch.setattr(requests.Session, "request", request)
    assert len(asked) == 1
    with pytest.raises(requests.ConnectionError):
        openid.endpoint(US, "jwks_uri")
    assert len(asked) == 2
