"""Codes and tokens: used once, ended with their grant, stored as hashes, believed only as the portal wrote them."""

from datetime import timedelta

import pytest
import time_machine
from authlib.integrations.base_client import OAuthError
from django.conf import settings
from django.core import checks
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django_scopes import scope

from certification.access import leaving as leaving_of_access
from certification.access.actions import clients, pseudonyms, tokens
from certification.access.enums import Environment
from certification.access.models import AccessToken, AuthorizationCode, Client, IDToken, Pseudonym, RefreshToken, keys
from certification.labels.actions import labels
from certification.labels.enums import Change
from config.settings import base
from core.operations import backups
from tests.accounts.factories import AgentFactory
from tests.certification.access.program import (
    BACK,
    VERIFIER,
    body,
    called,
    connected,
    consented,
    exchange,
    program,
)
from tests.certification.made import SIRETS, labelled, member, publisher, service
from vault.records.actions import grants
from vault.records.models import Grant

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS = "/api/v1/me/fields"
TOKEN = f"{settings.SITE_URL}/oauth/token"


def grant_of(person):
    with scope(resident=person.pk):
        return Grant.objects.get(stopped_at=None)


def refused(act) -> str:
    with pytest.raises(OAuthError) as found:
        act()
    return str(found.value.error)


# Codes


def test_a_replayed_code_ends_the_tokens_of_the_first_exchange(session, browser):
    back = consented(session, browser)
    first = exchange(session, back)
    assert called(first["access_token"], FIELDS).status_code == 200
    assert refused(lambda: exchange(session, back)) == "invalid_grant"
    assert called(first["access_token"], FIELDS).status_code == 401
    assert refused(lambda: session.refresh_token(TOKEN, refresh_token=first["refresh_token"])) == "invalid_grant"


def test_a_code_is_over_after_a_minute(session, browser):
    back = consented(session, browser)
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert refused(lambda: exchange(session, back)) == "invalid_grant"


def test_another_programs_code_is_refused(session, browser, owner, house, developer):
    other = labelled(owner, service(owner, house, "Autre"))
    thief = program(
        *clients.register(service=other.service, by=developer, environment=Environment.LIVE, redirect_uris=[BACK])
    )
    back = consented(session, browser)
    assert refused(lambda: exchange(thief, back)) == "invalid_grant"
    assert exchange(session, back)


@pytest.mark.parametrize(
    "changed", [{"code_verifier": "another-verifier-" + "x" * 43}, {"redirect_uri": f"{BACK}/autre"}]
)
def test_a_code_goes_with_its_verifier_and_its_address(session, browser, changed):
    back = consented(session, browser)
    given = {"authorization_response": back, "code_verifier": VERIFIER} | changed
    assert refused(lambda: session.fetch_token(TOKEN, **given)) in {"invalid_grant", "invalid_request"}


def test_a_wrong_secret_is_refused(client_of_service, session, browser):
    back = consented(session, browser)
    assert refused(lambda: exchange(program(client_of_service, "gar_live_wrong"), back)) == "invalid_client"


def test_a_secret_is_turned_over_without_a_stop(client_of_service, session, browser, developer):
    token = connected(session, browser)
    secret = clients.add_secret(client=client_of_service, by=developer)
    renewed = program(client_of_service, secret).refresh_token(TOKEN, refresh_token=token["refresh_token"])
    again = session.refresh_token(TOKEN, refresh_token=renewed["refresh_token"])
    former, _new = Client.objects.get().secrets
    clients.revoke_secret(client=client_of_service, by=developer, secret_id=former.id)
    assert refused(lambda: session.refresh_token(TOKEN, refresh_token=again["refresh_token"])) == "invalid_client"
    assert program(client_of_service, secret).refresh_token(TOKEN, refresh_token=again["refresh_token"])


def test_two_secrets_at_most_and_one_at_least(client_of_service, developer):
    with pytest.raises(clients.LastSecret):
        clients.revoke_secret(client=client_of_service, by=developer, secret_id=client_of_service.secrets[0].id)
    clients.add_secret(client=client_of_service, by=developer)
    with pytest.raises(clients.TwoSecrets):
        clients.add_secret(client=client_of_service, by=developer)
    _first, second = Client.objects.get().secrets
    for _time in range(2):
        clients.revoke_secret(client=client_of_service, by=developer, secret_id=second.id)
    assert [one.id for one in Client.objects.get().secrets] == [client_of_service.secrets[0].id]


def test_the_day_of_a_secrets_last_use_is_kept(client_of_service, session, browser, developer):
    clients.add_secret(client=client_of_service, by=developer)
    connected(session, browser)
    first, second = Client.objects.get().secrets
    assert (first.used_on, second.used_on) == (timezone.localdate(), None)


def test_only_the_publishers_members_touch_secrets(client_of_service):
    other = member(publisher("Autre", SIRETS[1]))
    for act in (
        lambda: clients.add_secret(client=client_of_service, by=other),
        lambda: clients.revoke_secret(client=client_of_service, by=other, secret_id="x"),
    ):
        with pytest.raises(PermissionDenied):
            act()


# Refresh tokens


def test_a_replayed_refresh_token_ends_its_family(session, browser):
    first = connected(session, browser)
    second = session.refresh_token(TOKEN, refresh_token=first["refresh_token"])
    assert refused(lambda: session.refresh_token(TOKEN, refresh_token=first["refresh_token"])) == "invalid_grant"
    assert called(second["access_token"], FIELDS).status_code == 401
    assert refused(lambda: session.refresh_token(TOKEN, refresh_token=second["refresh_token"])) == "invalid_grant"


def test_an_access_token_is_over_after_ten_minutes_and_a_refresh_token_after_thirty_days(session, browser):
    token = connected(session, browser, months="3")
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert called(token["access_token"], FIELDS).status_code == 401
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert refused(lambda: session.refresh_token(TOKEN, refresh_token=token["refresh_token"])) == "invalid_grant"


def test_a_refresh_token_is_over_with_its_grant(session, browser, tenant):
    token = connected(session, browser)
    with time_machine.travel(grant_of(tenant).ends_at):
        assert refused(lambda: session.refresh_token(TOKEN, refresh_token=token["refresh_token"])) == "invalid_grant"


# The resident stops, the city suspends


def test_after_a_stop_nothing_goes_on(session, browser, tenant):
    token = connected(session, browser)
    grants.stop(grant=grant_of(tenant), by=tenant.pk)
    answer = called(token["access_token"], FIELDS)
    assert (answer.status_code, body(answer)["code"]) == (401, "stopped")
    assert refused(lambda: session.refresh_token(TOKEN, refresh_token=token["refresh_token"])) == "invalid_grant"


def test_a_code_that_was_not_exchanged_before_the_stop_is_refused(session, browser, tenant):
    back = consented(session, browser)
    grants.stop(grant=grant_of(tenant), by=tenant.pk)
    assert refused(lambda: exchange(session, back)) == "invalid_grant"


def test_a_paused_grant_reads_nothing_and_its_tokens_stay(session, browser, tenant):
    token = connected(session, browser)
    grant = grant_of(tenant)
    grants.pause(grant=grant, by=tenant.pk)
    assert body(called(token["access_token"], FIELDS))["code"] == "paused"
    renewed = session.refresh_token(TOKEN, refresh_token=token["refresh_token"])
    grants.resume(grant=grant, by=tenant.pk)
    assert called(renewed["access_token"], FIELDS).status_code == 200


def test_a_suspended_service_reads_nothing_and_goes_on_when_it_is_lifted(session, browser, label):
    token = connected(session, browser)
    first = AgentFactory()
    labels.suspend(label=label, by=first, reasons="Une faille.")
    answer = called(token["access_token"], FIELDS)
    assert (answer.status_code, body(answer)["code"]) == (403, "label")
    unauthorized = refused(lambda: session.refresh_token(TOKEN, refresh_token=token["refresh_token"]))
    assert unauthorized == "unauthorized_client"
    change = labels.propose_change(label=label, by=first, what=Change.LIFT, reasons="Réparée.")
    labels.decide_change(change=change, by=AgentFactory(), agree=True)
    assert session.refresh_token(TOKEN, refresh_token=token["refresh_token"])["access_token"]


def test_a_label_that_ends_stops_its_service_at_the_second(session, browser, label, monkeypatch):
    monkeypatch.setattr("core.journal.checkpoints.anchored", lambda: True)
    token = connected(session, browser, months="12")
    AccessToken.objects.update(expires=label.valid_until + timedelta(hours=1))
    with time_machine.travel(label.valid_until):
        assert body(called(token["access_token"], FIELDS))["code"] in {"label", "over"}


def test_an_account_that_is_closed_opens_nothing(session, browser, tenant):
    token = connected(session, browser)
    leaving_of_access.erase(tenant.pk)
    assert called(token["access_token"], FIELDS).status_code == 401
    assert not any(
        model.objects.filter(user=tenant).exists() for model in (AuthorizationCode, AccessToken, RefreshToken, IDToken)
    )
    assert not Pseudonym.objects.filter(person=tenant).exists()


# What the database has


def test_no_code_token_or_secret_is_in_the_database(registered, session, browser):
    back = consented(session, browser)
    code = back.partition("code=")[2].partition("&")[0]
    token = exchange(session, back)
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_name ~ '^access_'")
        tables = [name for (name,) in cursor.fetchall()]
        kept = ""
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {table} t")
            kept += "\n".join(row for (row,) in cursor.fetchall())
    assert len(tables) == 10 and str(session.client_id) in kept
    for secret in (code, token["access_token"], token["refresh_token"], registered[1], "12312"):
        assert secret not in kept
    assert '"d"' not in kept and "PRIVATE" not in kept


def test_the_hash_of_a_code_is_no_code(session, browser):
    back = consented(session, browser)
    code = back.partition("code=")[2].partition("&")[0]
    stored = AuthorizationCode.objects.get()
    assert refused(lambda: exchange(session, back.replace(code, str(stored.code)))) == "invalid_grant"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access_accesstoken SET scope = 'openid vault more'",
        "UPDATE access_accesstoken SET expires = expires + interval '1 day'",
        "UPDATE access_client SET redirect_uris = 'https://ailleurs.example/'",
    ],
)
def test_a_token_or_program_that_somebody_else_wrote_opens_nothing(session, browser, statement):
    token = connected(session, browser)
    with connection.cursor() as cursor:
        cursor.execute(statement)
    answer = called(token["access_token"], FIELDS)
    assert (answer.status_code, body(answer)["code"]) == (503, "forged")


def test_a_token_reaches_no_grant_but_its_person_s_to_its_own_service(session, browser, stranger, owner, house):
    """The portal never writes such a token: what it names is compared all the same."""
    token = connected(session, browser)["access_token"]
    row = AccessToken.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessToken.objects.filter(pk=row.pk).update(user=stranger)
    other, _secret = clients.register(
        service=labelled(owner, service(owner, house, "Un autre service")).service,
        by=owner,
        environment=Environment.LIVE,
        redirect_uris=[BACK],
    )
    AccessToken.objects.filter(pk=row.pk).update(application=other)
    assert called(token, FIELDS).status_code == 401
    AccessToken.objects.filter(pk=row.pk).update(application=row.application)
    assert called(token, FIELDS).status_code == 200


def test_the_database_refuses_a_program_that_skips_consent_or_has_no_secret(client_of_service):
    for change in (
        {"skip_authorization": True},
        {"client_type": Client.CLIENT_PUBLIC},
        {"authorization_grant_type": Client.GRANT_CLIENT_CREDENTIALS},
        {"environment": "prod"},
        {"redirect_uris": ""},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Client.objects.filter(pk=client_of_service.pk).update(**change)


def test_the_hourly_task_deletes_what_is_over(session, browser):
    connected(session, browser)
    tokens.clear_expired()
    assert (AuthorizationCode.objects.count(), AccessToken.objects.count()) == (1, 1)
    with time_machine.travel(timezone.now() + timedelta(days=32)):
        tokens.clear_expired()
    assert not any(model.objects.exists() for model in (AuthorizationCode, AccessToken, RefreshToken, IDToken))


def test_a_restore_ends_all_tokens(session, browser):
    token = connected(session, browser)
    assert backups._parts["tokens"].if_lost
    tokens.end_all(settings.VAR)
    assert called(token["access_token"], FIELDS).status_code == 401


# Names of residents


def test_two_services_know_a_resident_by_two_names(session, browser, tenant, owner, house, developer, label):
    other = labelled(owner, service(owner, house, "Autre"))
    second = program(
        *clients.register(service=other.service, by=developer, environment=Environment.LIVE, redirect_uris=[BACK])
    )
    subs = [
        body(called(connected(one, browser)["access_token"], "/oauth/userinfo"))["sub"] for one in (session, second)
    ]
    assert subs[0] != subs[1] and all(len(sub) == 43 and str(tenant.pk) not in sub for sub in subs)
    assert pseudonyms.person_of(label.service_id, subs[0]) == tenant.pk
    assert pseudonyms.person_of(label.service_id, subs[1]) is None
    assert pseudonyms.sub_of(label.service_id, tenant.pk) == subs[0] == keys.pairwise(label.service_id, tenant.pk)


def test_userinfo_needs_the_scope_openid_and_a_grant_that_stands(registered, browser, tenant):
    client, secret = registered
    session = program(client, secret, "vault")
    token = connected(session, browser)
    assert "id_token" not in token
    assert body(called(token["access_token"], "/oauth/userinfo"))["code"] == "insufficient_scope"


def test_an_id_token_reads_nothing(session, browser):
    token = connected(session, browser)
    assert called(token["id_token"], FIELDS).status_code == 401


# Programs


def test_who_works_for_the_publisher_registers_a_program(label, owner, developer, resident):
    stranger = member(publisher("Autre", SIRETS[1]))
    for person in (stranger, resident, AgentFactory()):
        with pytest.raises(PermissionDenied):
            clients.register(service=label.service, by=person, environment=Environment.LIVE, redirect_uris=[BACK])
    client, secret = clients.register(
        service=label.service, by=owner, environment=Environment.TEST, redirect_uris=[BACK]
    )
    assert secret.startswith("gar_test_") and client.client_id.startswith("gar_test_")
    with pytest.raises(PermissionDenied):
        clients.delete(client=client, by=developer)
    clients.delete(client=client, by=owner)


@pytest.mark.parametrize(
    "address",
    [
        "http://loyerjuste.example/",
        "https://loyerjuste.example/#x",
        "https://moi@loyerjuste.example/",
        "https://*.example/",
        "javascript:alert(1)",
        "loyerjuste.example",
        "",
    ],
)
def test_residents_are_sent_to_complete_https_addresses_only(label, owner, address):
    with pytest.raises(ValidationError):
        clients.register(service=label.service, by=owner, environment=Environment.LIVE, redirect_uris=[address])


def test_only_the_chosen_addresses_of_the_toolkit_are_mounted():
    for name in ("register", "list", "introspect", "device", "dcr-register", "authorized-token-list"):
        with pytest.raises(NoReverseMatch):
            reverse(f"oauth2_provider:{name}")
    for path in ("/applications/register/", "/oauth/introspect", "/oauth/applications/", "/o/authorize/"):
        assert Browser().get(path).status_code in {302, 404}


def test_both_documents_of_discovery_agree_and_follow_no_host(client_of_service):
    openid = body(Browser().get("/.well-known/openid-configuration", headers={"Host": "localhost"}))
    plain = body(Browser().get("/.well-known/oauth-authorization-server"))
    assert plain.items() <= openid.items()
    assert {openid["issuer"]} == {settings.SITE_URL} == {settings.OAUTH2_PROVIDER["OIDC_ISS_ENDPOINT"]}
    assert openid["code_challenge_methods_supported"] == ["S256"]
    published = body(Browser().get("/oauth/jwks"))["keys"]
    assert all(key.keys() == {"alg", "use", "kid", "kty", "n", "e"} for key in published)
    assert [key["alg"] for key in published] == ["RS256", "PS256"] and len({key["kid"] for key in published}) == 2


def test_the_toolkits_own_checks_find_nothing():
    """One, in the demonstration and the tests: http on this machine. Production's settings have it on too."""
    found = checks.run_checks(include_deployment_checks=True)
    assert [one.id for one in found if str(one.id).startswith("oauth2_provider")] == ["oauth2_provider.W008"]
    in_production = {name: value for name, value in base.OAUTH2_PROVIDER.items() if name.startswith("COMPLIANT")}
    assert len(in_production) == 10 and all(in_production.values())
    assert base.OAUTH2_PROVIDER["ALLOWED_REDIRECT_URI_SCHEMES"] == ["https"]
