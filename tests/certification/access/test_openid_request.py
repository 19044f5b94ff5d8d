"""What a request of authorization may say, parameter by parameter (OpenID Connect Core, 3.1.2.1)."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import KeySet

from certification.access.models import AuthorizationCode, RefreshToken
from core.models.rows import Forged
from tests.accounts.factories import signed_in
from tests.certification.access.program import (
    answer,
    ask,
    ask_plainly,
    asking,
    connected,
    exchange,
    through,
    told,
    way_back,
)
from tests.certification.made import ORDINARY
from tests.vault.shown import main

pytestmark = pytest.mark.django_db(transaction=True)
ASKS = "demande à voir des données"
TOKEN = f"{settings.SITE_URL}/oauth/token"


def again(browser, person, address):
    """Show who the person is once more, in the same browser, and come back."""
    signed_in(person, client=browser)
    return browser.get(address)


def claims(token):
    """Return what an id_token says, once its signature is verified."""
    known = KeySet.import_key_set(Browser().get("/oauth/jwks").json())
    return jwt.decode(token["id_token"], known, algorithms=["RS256", "PS256"]).claims


def relative(address):
    return address.removeprefix(settings.SITE_URL)


@pytest.mark.parametrize("scope", ["openid vault", "vault"])
def test_prompt_none_asks_nobody(session, browser, scope):
    for who, code in ((browser, "consent_required"), (Browser(), "login_required")):
        assert told(ask_plainly(session, who, prompt="none", scope=scope))["error"] == code
    assert told(ask_plainly(session, browser, prompt="none login", scope=scope))["error"] == "invalid_request"


@pytest.mark.parametrize("is_pushed", [True, False])
def test_prompt_login_asks_again_whoever_has_just_signed_in(
    session, browser, tenant, granted_ordinary, program_of, is_pushed
):
    program = program_of(granted_ordinary)
    address = asking(program, prompt="login")
    address = relative(through(program, address) if is_pushed else address)
    for _time in range(2):
        assert "confirmer" in browser.get(address)["Location"], "until it is done"
    page = again(browser, tenant, address)
    assert ASKS in main(page)
    assert exchange(program, way_back(answer(browser, page, items=ORDINARY)))["id_token"]
    if not is_pushed:
        assert "confirmer" in browser.get(address)["Location"], "for each answer"


def test_who_signs_in_for_a_request_is_not_asked_twice(session, tenant):
    visitor, address = Browser(), relative(through(session, asking(session, prompt="login", max_age="0")))
    assert visitor.get(address)["Location"].startswith("/connexion/")
    assert ASKS in main(again(visitor, tenant, address))


def test_prompt_consent_is_what_the_page_does_anyway(session, browser):
    connected(session, browser)
    assert ASKS in main(ask(session, browser, prompt="consent"))
    assert not AuthorizationCode.objects.filter(used_at=None).exists()


@pytest.mark.parametrize(
    ("prompt", "code"),
    [("select_account", "account_selection_required"), ("create", "invalid_request"), ("LOGIN", "invalid_request")],
)
def test_another_prompt_is_refused(session, browser, prompt, code):
    assert told(ask_plainly(session, browser, prompt=prompt))["error"] == code


def test_max_age_asks_again_whoever_signed_in_longer_ago(session, browser, tenant):
    address = relative(through(session, asking(session, max_age="300")))
    assert ASKS in main(browser.get(address))
    with time_machine.travel(timezone.now() + timedelta(seconds=301)):
        assert "confirmer" in browser.get(address)["Location"]
        assert ASKS in main(again(browser, tenant, address))


def test_a_max_age_of_nothing_is_prompt_login(session, browser, tenant):
    address = relative(through(session, asking(session, max_age="0")))
    assert "confirmer" in browser.get(address)["Location"]
    assert ASKS in main(again(browser, tenant, address))


@pytest.mark.parametrize("max_age", ["-1", "", "1.5", "soon", "9" * 12])
def test_a_max_age_is_a_number_of_seconds(session, browser, max_age):
    assert told(ask_plainly(session, browser, max_age=max_age))["error"] == "invalid_request"


def test_auth_time_says_when_the_person_showed_who_they_are(session, browser, tenant):
    begun = int(timezone.now().timestamp())
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
        # They sign in elsewhere as well, which says nothing of this browser.
        tenant.last_login = timezone.now()
        tenant.save(update_fields=["last_login"])
        token = connected(session, browser)
        first = claims(token)
        assert begun - 60 <= first["auth_time"] <= begun + 60
    with time_machine.travel(timezone.now() + timedelta(minutes=9)):
        renewed = session.refresh_token(TOKEN, refresh_token=token["refresh_token"])
        assert claims(renewed)["auth_time"] == first["auth_time"], "a refresh is no sign-in (12.2)"


@pytest.mark.parametrize("model", [AuthorizationCode, RefreshToken])
def test_nobody_else_writes_when_they_did(session, browser, model):
    connected(session, browser)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {model._meta.db_table} SET auth_time = auth_time + interval '1 minute'")
    with pytest.raises(Forged):
        model.objects.get()


def test_the_response_mode_is_query(session, browser):
    assert ASKS in main(ask(session, browser, response_mode="query"))
    for mode in ("fragment", "form_post", "web_message", ""):
        assert told(ask_plainly(session, browser, response_mode=mode))["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://loin.example/demande"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
    ],
)
def test_a_request_by_value_or_by_reference_is_refused(session, browser, more, code):
    assert told(ask_plainly(session, browser, **more))["error"] == code


def test_a_hint_that_names_another_person_asks_nobody(session, browser, tenant, stranger):
    hint = connected(session, browser)["id_token"]
    with time_machine.travel(timezone.now() + timedelta(days=90)):
        assert ASKS in main(ask(session, signed_in(tenant), id_token_hint=hint)), "an old one still names its person"
    other = signed_in(stranger)
    assert told(ask(session, other, id_token_hint=hint))["error"] == "login_required"
    page = ask(session, other)
    assert ASKS in main(page), "without a hint, whoever is signed in"


@pytest.mark.parametrize("hint", ["", "x", "e30.e30.", "a.b.c", "é.é.é", "[" * 9_000])
def test_a_hint_is_an_id_token(session, browser, hint):
    assert told(ask_plainly(session, browser, id_token_hint=hint))["error"] == "invalid_request"


def test_a_hint_of_another_service_names_nobody_here(session, browser, program_of, granted_ordinary):
    hint = connected(program_of(granted_ordinary), browser, items=ORDINARY)["id_token"]
    assert told(ask(session, browser, id_token_hint=hint))["error"] == "login_required"


def test_hints_change_nothing(session, browser, tenant):
    hints = {"display": "popup", "ui_locales": "de en", "login_hint": "autre@courriel.example", "acr_values": "loa3"}
    page = ask(session, browser, **hints)
    assert ASKS in main(page) and "autre@courriel.example" not in page.content.decode()


@pytest.mark.parametrize("name", ["prompt", "max_age", "nonce", "purpose", "response_mode"])
def test_a_parameter_comes_once(session, browser, name):
    address = asking(session, **({} if name == "nonce" else {name: "1"}))
    assert told(browser.get(relative(f"{address}&{name}=1")))["error"] == "invalid_request"
