"""A program is tried against a server that lies once in each trial: a careful one passes, a careless one is seen."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import OAuthError
from authlib.oidc.core import CodeIDToken
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from certification.access.actions import clients
from certification.access.enums import Environment
from certification.developers.actions import trials
from certification.developers.models import Scenario, Trial
from certification.labels.checks.subject import Subject
from core.models.rows import Forged
from tests import node
from tests.accounts.factories import signed_in
from tests.certification.access.program import BACK, VERIFIER, program
from tests.certification.developers.played import basic
from tests.certification.made import SIRETS, member, publisher
from vault.records.enums import Outcome

pytestmark = pytest.mark.django_db
OPENID_CLIENT = Path(__file__).parents[1] / "access" / "openid"


@pytest.fixture
def begun(tried, developer):
    trials.begin(client=tried[0], by=developer)
    return {one.scenario: one for one in Trial.objects.filter(client=tried[0])}


def get(session, address, **more):
    return session.get(address, withhold_token=True, allow_redirects=False, **more)


def sent_back(session, trial, **asked):
    """Return the metadata of the trial's server, the address to which it sends the browser, and the state."""
    metadata = get(session, f"{trials.issuer_of(trial)}/.well-known/openid-configuration").json()
    address, state = session.create_authorization_url(
        metadata["authorization_endpoint"], **{"code_verifier": VERIFIER, "nonce": "n-0S6", **asked}
    )
    return metadata, get(session, address).headers["Location"], state


def careful(tried, trial):
    """Connect with Authlib, as its documentation says, and the comparison of `iss` that RFC 9207 asks for."""
    session = program(tried[0], tried[1], "openid")
    metadata, back, state = sent_back(session, trial)
    try:
        if parse_qs(urlsplit(back).query)["iss"] != [metadata["issuer"]]:
            return
        token = session.fetch_token(
            metadata["token_endpoint"], authorization_response=back, state=state, code_verifier=VERIFIER
        )
        if "openid" not in token["scope"].split():
            return
        keys = KeySet.import_key_set(get(session, metadata["jwks_uri"]).json())
        found = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
        options = {"iss": {"values": [metadata["issuer"]]}, "aud": {"values": [tried[0].client_id]}}
        sent = {"nonce": "n-0S6", "client_id": tried[0].client_id}
        CodeIDToken(found.claims, found.header, options, sent).validate()
    except (AuthlibBaseError, JoseError):
        return
    session.get(metadata["userinfo_endpoint"])


def careless(tried, trial):
    """Take whatever code comes back, insist until there is a token, and use it twice whatever came with it."""
    session = program(tried[0], tried[1], "openid")
    metadata, back, _state = sent_back(session, trial)
    code = parse_qs(urlsplit(back).query)["code"][0]
    given = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    headers, token = basic(tried[0].client_id, tried[1]), ""
    while not token:
        answer = session.post(metadata["token_endpoint"], data=given, headers=headers, withhold_token=True)
        token = answer.json().get("access_token", "")
    for later in (0, 5):
        with time_machine.travel(timezone.now() + timedelta(seconds=later), tick=False):
            get(session, f"{metadata['issuer']}/api/v1/me/fields", headers={"Authorization": f"Bearer {token}"})


def outcomes(tried, *, later=timedelta(0)):
    now = timezone.now() + later
    return {one.scenario: one.outcome(now) for one in Trial.objects.filter(client=tried[0])}


def withstands(request, later=timedelta(minutes=1)):
    with time_machine.travel(timezone.now() + later):
        return trials.withstands(Subject(request))


def test_authlib_passes_every_trial(tried, begun, request_of_one):
    for trial in begun.values():
        careful(tried, trial)
    assert outcomes(tried)[Scenario.STATE] == Outcome.INCONCLUSIVE
    assert set(outcomes(tried, later=timedelta(minutes=1)).values()) == {Outcome.PASSED}
    assert withstands(request_of_one).code == "trials_passed"


@pytest.mark.parametrize("scenario", [one for one in Scenario if one != Scenario.SOUND])
def test_a_careless_program_fails(tried, begun, request_of_one, scenario):
    careless(tried, begun[scenario])
    assert outcomes(tried)[scenario] == Outcome.FAILED
    found = withstands(request_of_one)
    assert (found.code, found.details["trials"]) == ("trials_failed", [scenario])


def test_calls_that_were_under_way_at_the_first_refusal_do_not_count(tried, begun):
    session = program(tried[0], tried[1], "openid")
    metadata, back, _state = sent_back(session, begun[Scenario.REVOKED])
    code = parse_qs(urlsplit(back).query)["code"][0]
    session.fetch_token(metadata["token_endpoint"], code=code, code_verifier=VERIFIER)
    with time_machine.travel(timezone.now(), tick=False):
        assert [session.get(metadata["userinfo_endpoint"]).status_code for _again in range(2)] == [401, 401]
    assert outcomes(tried)[Scenario.REVOKED] == Outcome.INCONCLUSIVE
    assert outcomes(tried, later=timedelta(minutes=1))[Scenario.REVOKED] == Outcome.PASSED


def test_a_program_that_does_nothing_proves_nothing(tried, begun, request_of_one):
    sent_back(program(tried[0], tried[1], "openid"), begun[Scenario.NONCE])
    later = outcomes(tried, later=timedelta(days=1))
    assert set(later.values()) == {Outcome.INCONCLUSIVE}
    assert withstands(request_of_one).outcome == Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("asked", "lacks"),
    [
        ({"nonce": ""}, ["nonce"]),
        ({"code_verifier": None}, ["pkce"]),
        ({"state": " "}, []),
        ({"approval_prompt": "auto"}, ["prompt"]),
    ],
)
def test_what_a_request_lacks_is_seen(tried, begun, asked, lacks):
    sent_back(program(tried[0], tried[1], "openid"), begun[Scenario.SOUND], **asked)
    assert Trial.objects.get(pk=begun[Scenario.SOUND].pk).lacking == lacks


def test_nobody_is_sent_to_an_address_that_is_not_the_program_s(tried, begun, client):
    issuer = f"/bac-a-sable/epreuves/{begun[Scenario.SOUND].pk}"
    asked = {"client_id": tried[0].client_id, "redirect_uri": "https://ailleurs.example/"}
    answer = client.get(f"{issuer}/authorize", asked)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_redirect_uri"})
    assert client.get(f"{issuer}/authorize", {"client_id": "another", "redirect_uri": BACK}).status_code == 400
    assert Trial.objects.get(pk=begun[Scenario.SOUND].pk).outcome(timezone.now()) == Outcome.FAILED


def test_a_code_needs_the_secret_the_verifier_and_its_own_trial(tried, begun):
    sound = begun[Scenario.SOUND]
    session = program(tried[0], "wrong", "openid")
    metadata, back, _state = sent_back(session, sound)
    code = parse_qs(urlsplit(back).query)["code"][0]
    with pytest.raises(OAuthError, match="invalid_client"):
        session.fetch_token(metadata["token_endpoint"], code=code, code_verifier=VERIFIER)
    right = program(tried[0], tried[1], "openid")
    other = metadata["token_endpoint"].replace(str(sound.pk), str(begun[Scenario.STATE].pk))
    with pytest.raises(OAuthError, match="invalid_grant"):
        right.fetch_token(other, code=code, code_verifier=VERIFIER)
    assert outcomes(tried)[Scenario.STATE] == Outcome.INCONCLUSIVE
    with pytest.raises(OAuthError, match="invalid_grant"):
        right.fetch_token(metadata["token_endpoint"], code=code, code_verifier=VERIFIER[::-1])
    assert Trial.objects.get(pk=sound.pk).lacking == ["verifier"]


def test_a_token_of_a_trial_opens_nothing(tried, begun, played):
    session = program(tried[0], tried[1], "openid")
    metadata, back, _state = sent_back(session, begun[Scenario.SOUND])
    code = parse_qs(urlsplit(back).query)["code"][0]
    session.fetch_token(metadata["token_endpoint"], code=code, code_verifier=VERIFIER)
    sandbox = metadata["issuer"].partition("/epreuves/")[0]
    assert session.get(f"{sandbox}/api/v1/me/fields").status_code == 401
    assert session.get(f"{sandbox}/oauth/userinfo").status_code == 401


def test_trials_begin_again_from_nothing(tried, begun, developer):
    careless(tried, begun[Scenario.NONCE])
    trials.begin(client=tried[0], by=developer)
    assert set(outcomes(tried).values()) == {Outcome.INCONCLUSIVE} and len(outcomes(tried)) == len(Scenario)


def test_an_outcome_that_somebody_else_wrote_is_refused(tried, begun, request_of_one):
    super(type(Trial.objects.all()), Trial.objects.all()).update(used_at=timezone.now())
    with pytest.raises(Forged):
        trials.withstands(Subject(request_of_one))


def test_only_the_publisher_s_members_try_a_test_program(tried, developer, theirs, request_of_one):
    stranger = member(publisher("Un autre", SIRETS[1]))
    with pytest.raises(PermissionDenied):
        trials.begin(client=tried[0], by=stranger)
    live, _secret = clients.register(
        service=request_of_one.service, by=developer, environment=Environment.LIVE, redirect_uris=[BACK]
    )
    with pytest.raises(PermissionDenied):
        trials.begin(client=live, by=developer)
    address = reverse("developers:trials", args=[tried[0].client_id])
    assert signed_in(stranger).post(address).status_code == 404
    assert theirs.get(reverse("developers:trials", args=[live.client_id])).status_code == 404
    assert not Trial.objects.exists()


def test_the_page_says_what_each_trial_found(tried, theirs):
    address = reverse("developers:trials", args=[tried[0].client_id])
    assert "Aucune épreuve encore" in theirs.get(address).content.decode()
    assert theirs.post(address).status_code == 302
    trial = Trial.objects.get(scenario=Scenario.NONCE)
    careless(tried, trial)
    page = theirs.get(address).content.decode()
    assert trials.issuer_of(trial) in page and "Échouée" in page
    assert "Votre programme a accepté le jeton, et s’en est servi." in page.replace("\xa0", " ")


def test_a_secret_of_more_than_a_year_fails(tried, request_of_one):
    assert clients.secrets_are_recent(Subject(request_of_one)).code == "secrets_recent"
    later = Subject(request_of_one, now=timezone.now() + timedelta(days=366))
    assert clients.secrets_are_recent(later).code == "secret_old"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@node.needed(OPENID_CLIENT, "openid-client")
def test_openid_client_passes_every_trial(live_server, settings, tried, begun):
    settings.SITE_URL = live_server.url
    issuers = [f"{live_server.url}/bac-a-sable/epreuves/{one.pk}" for one in begun.values()]
    command = ["node", "trials.mjs", tried[0].client_id, tried[1], BACK, *issuers]
    found = subprocess.run(command, cwd=OPENID_CLIENT, capture_output=True, text=True, check=True, timeout=60)
    assert len(json.loads(found.stdout)) == len(Scenario)
    assert set(outcomes(tried, later=timedelta(minutes=1)).values()) == {Outcome.PASSED}


@pytest.mark.parametrize("grant_type", ["password", "refresh_token", "client_credentials", ""])
def test_a_trial_exchanges_codes_and_nothing_else(tried, begun, client, grant_type):
    address = reverse("sandbox:trial_token", args=[begun[Scenario.SOUND].pk])
    answer = client.post(address, {"grant_type": grant_type, "client_id": tried[0].client_id, "client_secret": "x"})
    assert (answer.status_code, answer.json()) == (400, {"error": "unsupported_grant_type"})
