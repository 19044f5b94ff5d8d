"""The sandbox: developers play personas there, and it never meets a real resident."""

import io
import json
import uuid
from datetime import date, timedelta
from typing import Any

import pikepdf
import pytest
from authlib.integrations.base_client import OAuthError
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client as Browser
from django.urls import get_resolver, reverse
from django.utils import timezone
from django_scopes import scope
from joserfc import jwt
from joserfc.jwk import KeySet

from accounts.actions.desk import person_of
from accounts.models import PublisherRole, Session, User
from certification.access.actions import clients
from certification.access.enums import Environment
from certification.access.models import AccessToken, AuthorizationCode, Client, RefreshToken
from certification.developers import personas
from certification.developers.actions import personas as actions
from certification.labels import across, recipient
from certification.labels.actions import requests, trials
from core import journal
from core.files.storage import sealed_storage
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.certification.access import program as live
from tests.certification.access.program import BACK, body, called, program, told
from tests.certification.developers.played import FIELDS, answer, ask, basic, connected, play
from tests.certification.made import INCOME, PARTS, SIRETS, given, member, publisher, version_of
from tests.vault.made import add_signed_notice
from tests.vault.shown import main
from vault.records import actions as records
from vault.records.actions import grants
from vault.records.content import paper_kinds
from vault.records.models import Grant, Paper, Record

pytestmark = pytest.mark.django_db(transaction=True)
SANDBOX = f"{settings.SITE_URL}/bac-a-sable"
TOKEN = f"{SANDBOX}/oauth/token"


def persona(slug):
    found = actions.account_of(slug)
    assert found
    return found


def grant_of(person):
    with scope(resident=person.pk):
        return Grant.objects.get(stopped_at=None)


# Papers


def test_a_persona_has_the_papers_that_a_service_asks_for_and_they_are_read(tried, owner, theirs, played):
    paper_kinds.load()
    purpose = tried[0].service.requests.get().purposes.get()
    requests.ask_paper(purpose=purpose, by=owner, kind="rib", required=False, why="Pour voir.", why_en="To see.")
    session = program(*tried)
    page = play(session, theirs, "elodie")
    with scope(resident=persona("elodie").pk):
        [paper] = Paper.objects.kept()
    assert paper.kind == "rib" and str(paper.pk) in page.content.decode()
    back = live.way_back(answer(theirs, page, items=[PARTS], papers=[str(paper.pk)]))
    token = session.fetch_token(TOKEN, authorization_response=back, code_verifier=live.VERIFIER)["access_token"]
    read = called(token, f"/bac-a-sable/api/v1/me/documents/{paper.pk}")
    assert (read.status_code, read["Content-Type"]) == (200, "application/pdf")
    with pikepdf.open(io.BytesIO(b"".join(read.streaming_content))) as pdf:
        assert "SPÉCIMEN".encode("cp1252") in pdf.pages[0].Contents.read_bytes()
    play(session, theirs, "elodie")
    with scope(resident=persona("elodie").pk):
        assert Paper.objects.count() == 1


def test_an_empty_vault_gets_no_paper(played):
    paper_kinds.load()
    empty = next(one for one in personas.everyone() if "situation" not in one.story)
    actions.seed(timezone.localdate(), [empty])
    account = persona(empty.slug)
    with scope(resident=account.pk):
        assert actions.bring_papers(account, ["rib"]) == 0 and not Paper.objects.exists()


def test_two_developers_who_open_a_persona_at_once_find_one_paper(played, monkeypatch):
    paper_kinds.load()
    one = next(one for one in personas.everyone() if "situation" in one.story)
    actions.seed(timezone.localdate(), [one])
    account, create = persona(one.slug), sealed_storage.create

    def create_after_another(**given):
        monkeypatch.setattr(sealed_storage, "create", create)
        actions.bring_papers(account, ["rib"])
        return create(**given)

    monkeypatch.setattr(sealed_storage, "create", create_after_another)
    with scope(resident=account.pk):
        actions.bring_papers(account, ["rib"])
        assert Paper.objects.get().kind == "rib"


def test_no_resident_s_vault_takes_a_specimen(resident):
    given = {"resident_id": resident.pk, "by": resident.pk, "kind": "rib", "name": "a.pdf", "content": b"%PDF"}
    with pytest.raises(PermissionDenied):
        records.keep_specimen(**given)
    with scope(resident=resident.pk):
        assert not Paper.objects.exists()


# Personas


def test_twenty_personas_are_made_once_each_with_a_vault_of_their_own(db):
    opened, added = actions.seed(timezone.localdate())
    assert opened == 20 and added > 100
    assert actions.seed(timezone.localdate()) == (0, 0)
    assert User.objects.filter(is_persona=True).count() == 20
    counts = []
    for one in personas.everyone():
        with scope(resident=one.id):
            counts.append(Record.objects.count())
    assert counts.count(0) == 1 and max(counts) > 10
    assert len({one.about for one in personas.everyone()}) == 20


def test_next_year_a_persona_gets_that_years_records(played):
    opened, added = actions.seed(timezone.localdate() + timedelta(days=366), [personas.everyone()[4]])
    assert opened == 0 and added > 0


@pytest.mark.parametrize("day", ["2027-01-01", "2027-01-31", "2028-02-29", "2027-09-01"])
def test_what_a_persona_has_today_is_under_way_on_any_day(day):
    spans = [
        (given.payload[first], given.payload[last])
        for one in personas.everyone()
        for given in personas.records(one, date.fromisoformat(day))
        for first, last in (("date_debut_droit", "date_fin_droit"), ("debut", "fin"))
        if last in given.payload and given.payload.get("est_beneficiaire", given.type == "mobilite.abonnement")
    ]
    assert len(spans) > 1
    assert [span for span in spans if not span[0] <= day <= span[1]] == []


def test_a_persona_has_the_same_number_in_every_city():
    first = personas.everyone()[0]
    assert str(first.id) == "519d234d-b891-58a1-9a86-27ab89b52832"


@pytest.mark.parametrize(
    "changed",
    [
        {"email": "elodie@villebrume.example"},
        {"contact_email": "elodie@villebrume.example"},
        {"is_staff": True},
        {"is_companion": True},
        {"is_publisher": True},
        {"is_resident": False},
        {"password": "pbkdf2_sha256$1$a$b"},
    ],
)
def test_the_database_refuses_credentials_for_a_persona(played, changed):
    with pytest.raises(DatabaseError):
        User.objects.filter(is_persona=True).update(**changed)


def test_nobody_signs_in_as_a_persona(played, resident):
    with pytest.raises(IntegrityError, match="nobody signs in as a persona"):
        Session.objects.create(key_hash="0" * 64, user=persona("elodie"), data=b"")


def test_a_real_account_never_becomes_a_persona(resident, played):
    for wrong in (resident, persona("tess")):
        with pytest.raises(IntegrityError, match="never turn into"), connection.cursor() as cursor:
            cursor.execute("UPDATE accounts_user SET is_persona = NOT is_persona WHERE id = %s", [wrong.pk])


def test_personas_are_not_counted_as_residents(label, played, resident):
    given(persona("elodie"), version_of(label), INCOME)
    assert across._count() == {}
    given(resident, version_of(label), INCOME)
    assert across._count() == {label.service_id: 1}


def test_no_agent_finds_a_persona_by_a_reference(played):
    assert person_of(persona("elodie").reference) is None


# Playing one


def test_a_developer_plays_a_persona_before_there_is_a_label(session, theirs, played):
    page = play(session, theirs, "elodie")
    shown = main(page)
    assert "vous jouez Élodie Fauvel" in shown and "14 300" in shown
    token = connected(session, theirs, items=[PARTS])
    found = {one["field"]: one for one in body(called(token["access_token"], FIELDS))["fields"]}
    [income] = found[INCOME]["values"]
    assert (income["value"], income["holder"], income["assurance"]) == (14300, "dgfip", "signature_verified")
    assert found[PARTS]["values"][0]["value"] == 2.5
    lines = [one for one in journal.entries(resident_id=persona("elodie").pk, limit=50) if one.event == "granted_read"]
    assert [one.means for one in lines] == [journal.Means.API]


def test_the_sandbox_is_an_issuer_of_its_own(session, theirs, played):
    server = session.get(f"{SANDBOX}/.well-known/openid-configuration", withhold_token=True).json()
    oauth = Browser().get("/.well-known/oauth-authorization-server/bac-a-sable").json()
    assert server["issuer"] == oauth["issuer"] == SANDBOX
    assert all(server[name].startswith(SANDBOX) for name in server if name.endswith("_endpoint"))
    back = told(answer(theirs, play(session, theirs, "gaelle")))
    assert back["iss"] == SANDBOX
    token = connected(session, theirs)
    ours = KeySet.import_key_set(session.get(server["jwks_uri"], withhold_token=True).json())
    claims = jwt.decode(token["id_token"], ours).claims
    assert claims["iss"] == SANDBOX
    real = KeySet.import_key_set(Browser().get(reverse("access:jwks")).json())
    assert {key.thumbprint() for key in real.keys} != {key.thumbprint() for key in ours.keys}


def test_a_hint_that_names_another_persona_asks_nobody(session, theirs, played):
    hint = connected(session, theirs)["id_token"]
    assert "demande à voir des données" in main(play(session, theirs, "elodie", id_token_hint=hint))
    assert told(play(session, theirs, "gaelle", id_token_hint=hint))["error"] == "login_required"


def test_refusing_and_stopping_are_told_as_for_a_resident(session, theirs, played):
    refused = told(answer(theirs, play(session, theirs, "elodie"), answer="refuse"))
    assert (refused["error"], refused["iss"]) == ("access_denied", SANDBOX)
    token = connected(session, theirs)["access_token"]
    someone = persona("elodie")
    grants.stop(grant=grant_of(someone), by=someone.pk)
    assert (called(token, FIELDS).status_code, body(called(token, FIELDS))["code"]) == (401, "stopped")


def test_a_refresh_and_a_revocation_stay_in_the_sandbox(session, theirs, played):
    first = connected(session, theirs)
    renewed = session.refresh_token(TOKEN)
    assert called(first["access_token"], FIELDS).status_code == 401
    assert called(renewed["access_token"], FIELDS).status_code == 200
    assert session.revoke_token(f"{SANDBOX}/oauth/revoke", renewed["access_token"]).status_code == 200
    assert called(renewed["access_token"], FIELDS).status_code == 401


def test_a_purpose_is_named_by_its_id_in_the_request(session, theirs, request_of_one, played):
    [purpose] = request_of_one.purposes.all()
    assert "vous jouez" in main(play(session, theirs, "elodie", purpose=str(purpose.pk)))
    assert play(session, theirs, "elodie", purpose=str(uuid.uuid4())).status_code == 403


def test_a_labels_purpose_may_be_tried_too(label, developer, theirs, played):
    session = program(
        *clients.register(service=label.service, by=developer, environment=Environment.TEST, redirect_uris=[BACK])
    )
    assert called(connected(session, theirs)["access_token"], FIELDS).status_code == 200


def test_a_persona_must_be_chosen(session, theirs, played):
    page = ask(session, theirs)
    assert "Choisissez une personne fictive" in main(page) and "checked" not in page.content.decode()
    for wrong in ({}, {"persona": "nadia"}):
        again = theirs.post(reverse("sandbox:authorize"), live.hidden(page) | wrong)
        assert again.status_code == 400


def test_only_the_programs_publisher_plays_personas_with_it(session, theirs, played, resident, client):
    page = ask(session, theirs)
    other = signed_in(member(publisher("Autre", SIRETS[1]), PublisherRole.DEVELOPER))
    assert ask(session, other).status_code == 400
    assert other.post(reverse("sandbox:authorize"), live.hidden(page) | {"persona": "tess"}).status_code == 400
    for who in (resident, AgentFactory()):
        assert ask(session, signed_in(who)).status_code == 403
    assert ask(session, client).status_code == 302
    assert client.post(reverse("sandbox:authorize"), live.hidden(page)).status_code == 400


# A wrong redirect address


def test_a_wrong_redirect_address_is_named_with_those_that_are_registered(session, theirs, tried, owner):
    for sent in ("https://loyerjuste.example/retour/", "https://[", "javascript:alert(1)"):
        wrong = {"redirect_uri": sent}
        page = live.ask_plainly(session, theirs, "sandbox:authorize", **wrong)
        assert page.status_code == 400
        shown = main(page)
        assert "Adresse de retour inconnue" in shown and sent in shown and BACK in shown
    for stranger in (Browser(), signed_in(member(publisher("Autre", SIRETS[1]))), signed_in(ResidentFactory())):
        answer = live.ask_plainly(session, stranger, "sandbox:authorize", **wrong)
        assert answer.status_code in {400, 403} and f"{BACK}<" not in answer.content.decode()


def test_a_push_names_them_too(session, tried):
    found = live.pushed(session, live.asking(session, "sandbox:authorize", redirect_uri="https://autre.example/"))
    assert found.status_code == 400 and BACK in found.json()["error_description"]


# The sandbox and real residents never meet


@pytest.fixture
def both(label, developer, theirs, played, resident):
    """A live and a test program of one service, each with a token."""
    add_signed_notice(resident)

    def registered(environment):
        return clients.register(service=label.service, by=developer, environment=environment, redirect_uris=[BACK])

    real, trial = program(*registered(Environment.LIVE)), program(*registered(Environment.TEST))
    return real, live.connected(real, signed_in(resident)), trial, connected(trial, theirs)


def api_routes(namespace):
    found = get_resolver().namespace_dict[namespace][1]
    return [name for name in found.reverse_dict if isinstance(name, str)]


def test_no_address_of_one_server_answers_a_token_of_the_other(both):
    _real, real_token, _trial, trial_token = both
    tried = 0
    for namespace, foreign, own in (
        ("access", trial_token["access_token"], real_token["access_token"]),
        ("sandbox", real_token["access_token"], trial_token["access_token"]),
    ):
        for name in api_routes(namespace):
            parts = [uuid.uuid4()] if name == "document" else []
            try:
                address = reverse(f"{namespace}:{name}", args=parts)
            except Exception:  # noqa: BLE001 - a page of publishers, with other parts
                continue
            if "/api/v1/me/" not in address and not address.endswith("/userinfo"):
                continue
            tried += 1
            method = "POST" if name == "values" else "GET"
            refused = Browser().generic(method, address, headers={"Authorization": f"Bearer {foreign}"})
            assert (refused.status_code, body(refused)["code"]) == (401, "invalid_token"), address
            accepted = Browser().generic(method, address, headers={"Authorization": f"Bearer {own}"})
            assert accepted.status_code != 401, address
    assert tried >= 10


def test_no_code_or_secret_of_one_server_is_good_at_the_other(both, theirs, resident):
    real, real_token, trial, trial_token = both
    for session, address, token in (
        (real, TOKEN, real_token),
        (trial, f"{settings.SITE_URL}/oauth/token", trial_token),
    ):
        with pytest.raises(OAuthError, match="invalid_client"):
            session.refresh_token(address, refresh_token=token["refresh_token"])
    assert live.ask_plainly(real, theirs, "sandbox:authorize").status_code == 400
    assert live.ask_plainly(trial, signed_in(resident)).status_code == 400


@pytest.mark.parametrize("model", [AccessToken, RefreshToken, AuthorizationCode])
def test_the_database_refuses_a_token_between_the_two(both, model, resident):
    """Each client with each person and each grant: only the pairs of one side are taken."""
    someone = persona("elodie")
    later = timezone.now() + timedelta(minutes=1)
    columns: dict[Any, dict[str, Any]] = {
        AccessToken: {"token_checksum": "0" * 64, "expires": later},
        RefreshToken: {"token_checksum": "0" * 64},
        AuthorizationCode: {"code": "a code", "expires": later, "redirect_uri": BACK},
    }
    pairs = {"live": (resident, grant_of(resident)), "test": (someone, grant_of(someone))}
    for client in Client.objects.all():
        for side, (person, _grant) in pairs.items():
            for other, (_person, grant) in pairs.items():
                row = model(application=client, user=person, grant_id=grant.pk, **columns[model])
                if side == other == client.environment:
                    row.save()
                    row.delete()
                    continue
                with pytest.raises(IntegrityError, match="a test client names a persona"), transaction.atomic():
                    row.save()


def test_a_client_is_live_or_test_for_good(tried):
    with pytest.raises(IntegrityError, match="for good"), connection.cursor() as cursor:
        cursor.execute("UPDATE access_client SET environment = 'live' WHERE id = %s", [tried[0].pk])


def test_what_a_trial_freezes_opens_no_residents_vault(one, request_of_one, resident, played):
    version = trials.version_of(request_of_one.purposes.get())
    assert recipient.may_ask(one.pk, version.pk, persona("elodie").pk)
    assert not recipient.may_ask(one.pk, version.pk, resident.pk)
    assert not recipient.may_ask(uuid.uuid4(), version.pk, persona("elodie").pk)


def test_the_openapi_document_has_the_real_addresses_alone():
    paths = json.loads(Browser().get(reverse("access:openapi")).content)["paths"]
    assert paths and not [path for path in paths if "bac-a-sable" in path]


def test_a_persona_s_erasure_is_asked_in_the_sandbox_alone(label, developer, theirs, played):
    registered = [
        clients.register(service=label.service, by=developer, environment=environment, redirect_uris=[BACK])
        for environment in (Environment.TEST, Environment.LIVE)
    ]
    token = connected(program(*registered[0]), theirs, items=[PARTS])
    called(token["access_token"], FIELDS)
    elodie = persona("elodie")
    with scope(resident=elodie.pk):
        grants.stop(grant=Grant.objects.get(), by=elodie.pk)
    found = [
        body(Browser().get(f"{path}/api/v1/erasures", headers=basic(client.client_id, secret)))["erasures"]
        for path, (client, secret) in zip(("/bac-a-sable", ""), registered, strict=True)
    ]
    assert [len(one) for one in found] == [1, 0]
    [asked] = found[0]
    client, secret = registered[1]
    other = Browser().get(f"/api/v1/erasures/{asked['id']}", headers=basic(client.client_id, secret))
    assert other.status_code == 404
