"""FranceConnect's answers pass only after every check, with both engines."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from lxml import html

from accounts.models import User
from accounts.sign_in import openid
from tests.accounts.oidc import engines
from tests.accounts.oidc.engines import Engine

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("engines")]

#: Faults, and the check that must detect each, as logged.
SPOILT = {
    "nonce": "nonce",
    "acr": "acr",
    "aud": "id_token aud",
    "iss": "id_token iss",
    "expired": "expired",
    "none": "signature",
    "hs256": "signature",
    "signature": "signature",
    "swapped": "userinfo sub",
    "unsigned": "userinfo not signed",
    "userinfo_aud": "userinfo aud",
}


@pytest.fixture(scope="module", params=["demonstration", "reference"])
def running(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "demonstration":
        with engines.demonstration() as engine:
            yield engine
        return
    if why := engines.missing():
        pytest.skip(why)
    with engines.reference() as other:
        yield other


@pytest.fixture
def engine(running: Engine, settings: Any) -> Engine:
    settings.SOCIALACCOUNT_PROVIDERS = engines.provider(running)
    cache.clear()
    openid._documents.clear()
    return running


def way_out(client: Client, address: str = "", **data: str) -> str:
    page = client.post(address or reverse("franceconnect_login"), data)
    assert page.status_code == 200, page.status_code
    return str(html.fromstring(page.content).xpath("string(//main//a[@class='civic-go']/@href)"))


def come_back(client: Client, engine: Engine, **how: str) -> Any:
    return client.get(engine.sign_in(way_out(client), **how))


def test_a_newcomer_opens_a_vault(engine: Engine) -> None:
    client = Client()
    back = come_back(client, engine)
    assert back.status_code == 302 and back["Location"] == reverse("franceconnect_signup")
    client.post(reverse("franceconnect_signup"), {"name": "Nadia", "contact_email": "nadia@courriel.example"})
    user = User.objects.get(name="Nadia")
    assert client.get(reverse("account")).context["user"] == user
    assert (user.email, user.contact_email, user.is_resident, user.is_staff) == (
        "",
        "nadia@courriel.example",
        True,
        False,
    )
    held = SocialAccount.objects.get(user=user)
    assert {*held.extra_data} == {"sub", "acr"} and held.extra_data["acr"] == "eidas1"


def test_a_known_user_is_found_by_their_sub(engine: Engine) -> None:
    first = Client()
    come_back(first, engine)
    first.post(reverse("franceconnect_signup"), {"name": "Nadia", "contact_email": ""})
    again = Client()
    back = come_back(again, engine)
    assert back.status_code == 302 and back["Location"] == reverse("home")
    assert again.get(reverse("account")).context["user"] == User.objects.get(name="Nadia")
    other = come_back(Client(), engine, person=engine.other)
    assert other["Location"] == reverse("franceconnect_signup"), "someone else is someone else"


@pytest.mark.parametrize("fault", SPOILT)
def test_a_faulty_answer_is_refused(engine: Engine, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    client = Client()
    back = come_back(client, engine, fault=fault)
    assert back.status_code == 502
    assert "FranceConnect" in back.content.decode() and reverse("account_login") in back.content.decode()
    assert (
        client.get(reverse("account")).status_code == 302
        and client.get(reverse("franceconnect_signup")).status_code == 302
    )
    assert [record.__dict__["code"] for record in caplog.records if record.name == "accounts.sign_in.failures"] == [
        f"untrusted {SPOILT[fault]}"
    ]


@pytest.mark.parametrize(
    ("fault", "status", "words"), [("refused", 200, "arrêté"), ("error", 502, "problème"), ("down", 503, "réessayez")]
)
def test_a_failure_at_the_provider_is_explained(engine: Engine, fault: str, status: int, words: str) -> None:
    client = Client()
    back = come_back(client, engine, fault=fault)
    assert back.status_code == status and words.lower() in back.content.decode().lower()
    assert client.get(reverse("account")).status_code == 302
    again = come_back(client, engine)
    assert again["Location"] == reverse("franceconnect_signup"), "the same button works the next time"


def test_a_provider_that_is_too_slow_counts_as_down(engine: Engine, settings: Any) -> None:
    client = Client()
    path = engine.sign_in(way_out(client), fault="slow")
    settings.SOCIALACCOUNT_REQUESTS_TIMEOUT = 0.3
    assert client.get(path).status_code == 503


def test_an_unknown_key_is_fetched_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    come_back(Client(), engine)
    engine.new_key()
    assert come_back(Client(), engine)["Location"] == reverse("franceconnect_signup")
    urls: list[str] = []
    real = requests.Session.get

    def get(self: requests.Session, url: str, **more: Any) -> requests.Response:
        urls.append(url)
        return real(self, url, **more)

    monkeypatch.setattr(requests.Session, "get", get)
    assert come_back(Client(), engine, fault="signature").status_code == 502
    assert not [url for url in urls if url.endswith("/jwks")], "a false signature by a known key asks for nothing"


def test_parameters_added_to_the_url_are_ignored(engine: Engine) -> None:
    """allauth's own provider lets `auth_params` and `scope` change the request."""
    added = "?auth_params=acr_values%3Deidas0%26prompt%3Dnone&scope=phone&prompt=none&acr_values=eidas0&login_hint=x"
    address = way_out(Client(), reverse("franceconnect_login") + added, scope="phone", prompt="none")
    parameters = engines.parameters_of(address)
    assert set(parameters) == {"client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "acr_values"}
    assert parameters["acr_values"] == "eidas1" and len(parameters["state"]) >= 43 and len(parameters["nonce"]) >= 32
    assert set(parameters["scope"].split()) == {"openid", "identite_pivot", "preferred_username", "email"}
    engine.sign_in(address)


def test_each_request_has_its_own_state_and_nonce(engine: Engine) -> None:
    client = Client()
    first, second = (engines.parameters_of(way_out(client)) for _ in range(2))
    assert first["state"] != second["state"] and first["nonce"] != second["nonce"]


def test_the_callback_is_valid_once_and_in_the_same_browser(engine: Engine) -> None:
    client = Client()
    path = engine.sign_in(way_out(client))
    assert Client().get(path).status_code == 400, "another browser"
    assert client.get(path).status_code == 302
    assert client.get(path).status_code == 400, "a second time"


def test_signing_out_here_signs_out_there(engine: Engine) -> None:
    client = Client()
    come_back(client, engine)
    client.post(reverse("franceconnect_signup"), {"name": "Nadia", "contact_email": ""})
    before = len(engine.farewells())
    address = way_out(client, reverse("account_logout"))
    assert client.get(reverse("account")).status_code == 302, "here it is over at once, whatever happens there"
    parameters = engines.parameters_of(address)
    assert (
        parameters["post_logout_redirect_uri"] == "http://testserver/deconnexion/faite/"
        and len(parameters["state"]) >= 43
    )
    requests.get(address, allow_redirects=False, timeout=10).raise_for_status()
    assert engine.farewells()[before:] == [parameters["id_token_hint"]] and parameters["id_token_hint"].count(".") == 2
    assert client.get(reverse("signed_out")).status_code == 200


def test_the_id_token_is_only_in_the_sealed_session(engine: Engine) -> None:
    from accounts.models import Session

    client = Client()
    come_back(client, engine)
    client.post(reverse("franceconnect_signup"), {"name": "Nadia", "contact_email": ""})
    token = client.session["elsewhere"]["id_token"].encode()
    assert token.count(b".") == 2
    assert not [row for row in Session.objects.all() if token in bytes(row.data) or b"KERVELLA" in bytes(row.data)]
