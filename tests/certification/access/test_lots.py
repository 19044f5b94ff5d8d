"""Lots of holders: accepted by the resident, sent by Authlib, sealed, written, refused line by line."""

import json
from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db import connection as database
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope, scopes_disabled
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from accounts.models import CityDecision
from certification.access.actions import clients
from certification.access.models import AccessToken, Client
from core import journal
from core.journal import register
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.certification.access.program import Portal, called
from tests.vault.records.test_canary import whole_database
from vault.holders import tasks
from vault.holders.actions import connections, lots, senders
from vault.holders.actions.connections import content_of
from vault.holders.enums import LineOutcome, Rhythm
from vault.holders.models import Connection, Lot, LotLine, Sender
from vault.records.actions.records import withdraw_record
from vault.records.content import holder_catalogue
from vault.records.enums import Assurance, Method
from vault.records.models import Holder, Record

CARD, TRIP = "loisirs.adhesion", "mobilite.usage"
LOTS, PAIR = "/api/v1/holders/lots", "/api/v1/holders/connections"
NDJSON = "application/x-ndjson"
CANARY = "Encre des Marais"


def card(sub, organisme=CANARY, **more):
    payload = {"organisme": organisme, "saison": "2026-2027"} | more
    return {"sub": sub, "type": CARD, "payload": payload}


def body_of(*lines):
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@pytest.fixture
def key():
    return JWK.generate(kty="EC", crv="P-256")


@pytest.fixture
def sender(one, key):
    holder_catalogue.load()
    return senders.allow(
        holder="mediatheque",
        service_id=one.pk,
        types_sent=[CARD],
        rhythm=Rhythm.DAILY,
        public_key=key.export_public(),
    )


@pytest.fixture
def library(sender, one, developer):
    """The library's program, with its token."""
    client, secret = clients.register_sender(service=one, by=developer)
    session = OAuth2Session(client.client_id, secret, scope="lots")
    session.mount(settings.SITE_URL, Portal())
    session.fetch_token(f"{settings.SITE_URL}{reverse('access:token')}", grant_type="client_credentials")
    return session


@pytest.fixture
def token(library):
    return library.token["access_token"]


def accepted(resident, *datasets):
    return connections.connect(
        resident_id=resident.pk,
        by=resident.pk,
        holder="mediatheque",
        datasets=datasets or [CARD],
        unattended=True,
    )


def code_of(connection):
    with scope(resident=connection.resident_id):
        return content_of(connection)["kept"]["code"]


def pair(token, code):
    return Browser().post(
        PAIR, {"code": code}, content_type="application/json", headers={"Authorization": f"Bearer {token}"}
    )


def send(token, body, key="lot-1", **headers):
    with_key = {"Idempotency-Key": key} if key is not None else {}
    return Browser().post(
        LOTS, body, content_type=NDJSON, headers={"Authorization": f"Bearer {token}"} | with_key | headers
    )


def written(token, *lines, key="lot-1", **headers):
    """Send a lot, let the worker write it, and return its report."""
    sent = send(token, body_of(*lines), key, **headers)
    assert sent.status_code == 202, sent.content
    tasks.write_lot(sent.json()["id"])
    return called(token, f"{LOTS}/{sent.json()['id']}").json()


def refusals(report):
    return [(one["line"], one["code"]) for one in report["refused"]]


@pytest.fixture
def connection(resident, library):
    return accepted(resident)


@pytest.fixture
def sub(connection, token):
    return pair(token, code_of(connection)).json()["sub"]


def records(resident):
    with scope(resident=resident.pk):
        return list(Record.objects.current().filter(type=CARD))


def held(connection):
    with scope(resident=connection.resident_id):
        return Connection.objects.get(pk=connection.pk)


def test_a_card_that_a_library_sends_is_in_the_vault_with_its_origin(resident, token, sub):
    report = written(token, card(sub))
    [record] = records(resident)
    assert (report["state"], report["written"], report["refused"]) == ("done", 1, [])
    assert (record.holder, record.method, record.assurance) == ("mediatheque", Method.API_PUSH, Assurance.HOLDER)
    [line] = [one for one in journal.entries(resident_id=resident.pk, limit=9) if one.event == "records_received"]
    assert (line.means, line.details["holder"]) == (journal.Means.API, "mediatheque")


def test_a_line_is_sealed_before_it_is_stored_and_erased_once_written(token, sub):
    sent = send(token, body_of(card(sub)))
    with scopes_disabled():
        line = LotLine.objects.get()
        assert line.outcome == "" and CANARY not in whole_database()
        lots.write(lot_id=sent.json()["id"])
        line.refresh_from_db()
        assert (line.outcome, bytes(line.content)) == (LineOutcome.WRITTEN, b"")
    assert CANARY not in whole_database()


def test_the_report_has_a_number_and_a_code_for_each_refused_line_and_never_a_value(token, sub):
    lines = [
        json.dumps(card(sub)),
        "{half a li",
        json.dumps(card("nobody")),
        json.dumps({"sub": sub, "type": CARD, "payload": {"organisme": CANARY}}),
        json.dumps({"sub": sub, "type": TRIP, "payload": {}}),
        json.dumps({"sub": sub, "type": "no.such", "payload": {}}),
        json.dumps(card(sub) | {"resident": "me"}),
        json.dumps(card(sub, "x" * lots.MAX_LINE)),
        json.dumps(card(sub) | {"issued_at": "yesterday"}),
        json.dumps(card(sub, "Une autre"))[:-9],
    ]
    sent = send(token, "\n".join(lines).encode())
    lots.write(lot_id=sent.json()["id"])
    answer = called(token, f"{LOTS}/{sent.json()['id']}")
    assert refusals(answer.json()) == [
        (2, "not_json"),
        (3, "unknown_sub"),
        (4, "wrong_schema"),
        (5, "not_covered"),
        (6, "unknown_type"),
        (7, "malformed"),
        (8, "too_long"),
        (9, "malformed"),
        (10, "not_json"),
    ]
    assert answer.json()["written"] == 1
    assert CANARY.encode() not in answer.content + sent.content


@pytest.mark.parametrize(
    "parts",
    [
        {"period": {"start": "2026-09-01T00:00:00Z", "end": "2026-08-31T00:00:00Z"}},
        {"period": {"start": "0001-01-01T00:00:00+14:00"}},
        {"issued_at": "9999-12-31T23:59:59-14:00"},
        {"payload": {"organisme": "\ud800", "saison": "2026-2027"}},
        {"payload": {"organisme": "a\0b", "saison": "2026-2027"}},
        {"payload": {"organisme": "a", "saison": "2026-2027", "\udfff": 1}},
    ],
)
def test_a_line_that_cannot_be_kept_is_named_and_the_others_are_written(token, sub, parts, resident):
    report = written(token, card(sub), card(sub) | parts, card(sub, "Une autre"))
    assert refusals(report) == [(2, "malformed")]
    assert (report["state"], report["written"]) == ("done", 2) and len(records(resident)) == 2


def test_one_line_among_fifty_that_cannot_be_written_is_named_and_the_others_are(token, sub, monkeypatch):
    envelope = lots._envelope

    def failing(lot, held, sent):
        if sent["payload"]["organisme"] == "La 7":
            raise OverflowError
        return envelope(lot, held, sent)

    monkeypatch.setattr(lots, "_envelope", failing)
    report = written(token, *[card(sub, f"La {number}") for number in range(1, 51)])
    assert refusals(report) == [(7, "not_written")]
    assert (report["state"], report["written"]) == ("done", 49)


def test_the_tick_writes_the_other_lots_when_one_is_forged(token, sub, sender):
    first, second = send(token, body_of(card(sub)), "a"), send(token, body_of(card(sub, "Une autre")), "b")
    with database.cursor() as cursor:
        cursor.execute("UPDATE holders_lot SET key = 'c' WHERE id = %s", [first.json()["id"]])
    tasks.write_lots()
    assert called(token, f"{LOTS}/{second.json()['id']}").json()["written"] == 1


def test_a_lot_of_too_many_lines_is_refused_before_any_line_is_sealed(token, sub, monkeypatch):
    monkeypatch.setattr(lots, "_Lines", None)
    assert send(token, b"{}\n" * (lots.MAX_LINES + 1)).json()["code"] == "too_large"


def test_the_same_key_keeps_a_lot_once_and_refuses_another_body(token, sub, resident):
    body = body_of(card(sub))
    first, again, other = send(token, body), send(token, body), send(token, body_of(card(sub, "Une autre")))
    assert (first.status_code, again.status_code, again.json()["id"]) == (202, 202, first.json()["id"])
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert send(token, body, None).json()["code"] == "idempotency_key"
    lots.write(lot_id=first.json()["id"])
    lots.write(lot_id=first.json()["id"])
    assert len(records(resident)) == 1


def test_a_body_that_was_cut_leaves_nothing_and_may_be_sent_again(token, sub, sender):
    body = body_of(card(sub))
    with pytest.raises(lots.Incomplete):
        lots.receive(
            sender=sender, key="lot-1", read=BytesIO(body[:-5]).read, length=len(body), person_of=lambda sub: None
        )
    assert send(token, b"\n").json()["code"] == "incomplete"
    assert not Lot.objects.exists()
    assert send(token, body).status_code == 202


def test_a_lot_has_sixteen_mebibytes_and_some_lines_at_most(token, sub, monkeypatch):
    assert send(token, body_of(card(sub)), **{"Content-Length": str(lots.MAX_BYTES + 1)}).status_code == 413
    monkeypatch.setattr(lots, "MAX_LINES", 2)
    assert send(token, b"{}\n{}\n{}\n").json()["code"] == "too_large"
    monkeypatch.setattr(lots, "MAX_BYTES", 4)
    assert send(token, b"{}\n{}\n").status_code == 413
    assert not Lot.objects.exists()


def test_after_a_stop_lines_are_refused_also_those_that_waited(token, sub, connection, resident):
    waiting = send(token, body_of(card(sub))).json()["id"]
    connections.stop(connection=held(connection), by=resident.pk)
    lots.write(lot_id=waiting)
    assert refusals(called(token, f"{LOTS}/{waiting}").json()) == [(1, "stopped")]
    assert refusals(written(token, card(sub), key="later")) == [(1, "stopped")]
    assert records(resident) == []
    with scopes_disabled():
        assert not LotLine.objects.exclude(content=b"").exists()


def test_a_paused_and_an_ended_connection_refuse_and_what_was_not_ticked_too(token, sub, connection, resident):
    connections.pause(connection=held(connection), by=resident.pk)
    assert refusals(written(token, card(sub))) == [(1, "paused")]
    row = connections.resume(connection=held(connection), by=resident.pk)
    with scope(resident=resident.pk):
        row.expires_on = timezone.localdate() - timedelta(days=1)
        row.save()
    assert refusals(written(token, card(sub), key="2")) == [(1, "over")]


def test_a_connection_that_somebody_else_wrote_lets_nothing_in(token, sub, connection, resident):
    waiting = send(token, body_of(card(sub))).json()["id"]
    connections.stop(connection=held(connection), by=resident.pk)
    with scope(resident=resident.pk), scopes_disabled(), database.cursor() as cursor:
        cursor.execute("UPDATE holders_connection SET state = 'active' WHERE id = %s", [connection.pk])
    lots.write(lot_id=waiting)
    assert records(resident) == []


def test_a_value_that_the_resident_withdrew_does_not_come_back_with_the_next_lot(token, sub, resident):
    written(token, card(sub))
    [record] = records(resident)
    with scope(resident=resident.pk):
        withdraw_record(record=record, by=resident.pk)
    written(token, card(sub), key="2")
    assert records(resident) == []


def test_another_holder_finds_nobody_by_this_name(token, sub, resident, owner, house, developer):
    from tests.certification.made import service

    pool = service(owner, house, "Piscine")
    senders.allow(
        holder="sports_ville",
        service_id=pool.pk,
        types_sent=[CARD],
        rhythm=Rhythm.DAILY,
    )
    client, secret = clients.register_sender(service=pool, by=developer)
    session = OAuth2Session(client.client_id, secret, scope="lots")
    session.mount(settings.SITE_URL, Portal())
    theirs = session.fetch_token(f"{settings.SITE_URL}{reverse('access:token')}", grant_type="client_credentials")
    report = written(theirs["access_token"], card(sub))
    assert refusals(report) == [(1, "unknown_sub")]
    assert called(token, f"{LOTS}/{report['id']}").status_code == 404
    assert pair(theirs["access_token"], code_of(accepted(ResidentFactory()))).status_code == 404


def test_a_code_is_used_once_and_for_a_week(token, connection, resident):
    code = code_of(connection)
    found = pair(token, code.lower().replace("-", " ")).json()
    assert (found["types"], found["rhythm"], found["until"]) == ([CARD], "daily", connection.expires_on.isoformat())
    assert pair(token, code).json()["code"] == "unknown_code"
    assert code not in str(content_of_now(connection))
    code = code_of(accepted(resident))
    with time_machine.travel(timezone.now() + connections.CODE_LASTS + timedelta(minutes=1)):
        assert connections.pair(sender=Sender.objects.get(), code=code) is None


def content_of_now(connection):
    return content_of(held(connection))


def test_a_new_agreement_replaces_the_former_one_only_once_its_code_is_given(token, sub, connection, resident):
    newer = accepted(resident)
    assert held(connection).state == "active"
    assert pair(token, code_of(newer)).json()["sub"] == sub
    assert (held(connection).state, held(newer).state) == ("stopped", "active")
    assert written(token, card(sub))["written"] == 1


def signature(body, key, **header):
    said = {"alg": "ES256", "b64": False, "crit": ["b64"]} | header
    jws = JWS(body)
    jws.add_signature(key, None, json.dumps(said))
    jws.detach_payload()
    return jws.serialize(compact=True)


def test_a_signed_lot_is_checked_while_it_is_read_and_its_values_say_so(token, sub, key, resident):
    body = body_of(card(sub))
    good = signature(body, key)
    assert send(token, body + b" \n", **{"X-JWS-Signature": good}).json()["code"] == "bad_signature"
    other = signature(body, JWK.generate(kty="EC", crv="P-256"))
    assert send(token, body, **{"X-JWS-Signature": other}).json()["code"] == "bad_signature"
    assert send(token, body, **{"X-JWS-Signature": "no.signature"}).json()["code"] == "bad_signature"
    assert not Lot.objects.exists()
    assert written(token, card(sub), **{"X-JWS-Signature": good})["signed"] is True
    [record] = records(resident)
    with scope(resident=resident.pk):
        from vault.records.actions.records import content_of as opened

        assert opened(record)["proof"]["signature"] == {"kind": "jws", "result": "valid"}


def test_only_a_token_of_a_sending_program_opens_these_addresses(token, sub, session, browser, label):
    from tests.certification.access.program import connected

    theirs = connected(session, browser)["access_token"]
    for wrong, status in ((theirs, 403), ("nothing", 401)):
        assert send(wrong, body_of(card(sub))).status_code == status
        assert pair(wrong, "0000").status_code == status
        assert called(wrong, f"{LOTS}/{label.pk}").status_code == status
    assert called(token, "/api/v1/me/fields").status_code == 401
    assert called(token, "/oauth/userinfo").status_code == 401


def test_a_holder_that_the_city_stopped_sends_nothing_more(token, sub, sender, library, resident):
    waiting = send(token, body_of(card(sub))).json()["id"]
    senders.end(sender=sender, by=AgentFactory(manages_agents=True))
    assert send(token, body_of(card(sub)), "2").json()["code"] == "may_not_send"
    lots.write(lot_id=waiting)
    assert records(resident) == []
    with pytest.raises(Exception, match="invalid_scope"):
        library.fetch_token(f"{settings.SITE_URL}{reverse('access:token')}", grant_type="client_credentials")


def test_only_who_manages_agents_lets_a_holder_send(one, sender):
    for by in (AgentFactory(), ResidentFactory()):
        with pytest.raises(PermissionDenied):
            senders.end(sender=sender, by=by)
    with pytest.raises(ValidationError):
        senders.allow(
            holder="mediatheque",
            service_id=one.pk,
            types_sent=[CARD],
            rhythm=Rhythm.DAILY,
        )


def test_two_persons_let_a_holder_send_and_one_ends_it_in_the_admin(one):
    holder_catalogue.load()
    browser = signed_in(AgentFactory(manages_agents=True))
    given = {
        "holder": Holder.objects.get(code="mediatheque").pk,
        "service": str(one.pk),
        "types": [CARD],
        "rhythm": "daily",
        "public_key": "no key",
    }
    page = browser.post(reverse("admin:holders_sender_add"), given)
    assert page.status_code == 200 and not Sender.objects.exists()
    assert (
        browser.post(reverse("admin:holders_sender_add"), given | {"public_key": "", "stays": "on"}).status_code == 302
    )
    [asked] = CityDecision.objects.all()
    signed_in(AgentFactory(manages_agents=True)).post(reverse("city_decision", args=[asked.pk]), {"answer": "agree"})
    sender = Sender.objects.get()
    assert sender.stays
    assert (sender.service_id, sender.types, sender.ended_at) == (one.pk, [CARD], None)
    ended = {"action": "end", "_selected_action": [str(sender.pk)]}
    browser.post(reverse("admin:holders_sender_changelist"), ended)
    assert senders.of_service(one.pk) is None
    assert [entry.event for entry in register.of("sender", one.pk)] == ["sender_allowed", "sender_ended"]


def test_the_publisher_registers_the_program_on_its_page(one, sender, owner):
    page = reverse("access:new_program", args=[one.pk])
    browser = signed_in(owner)
    assert "Pour envoyer des lots" in browser.get(page).content.decode()
    assert "gar_live_" in browser.post(page, {"environment": "lots"}).content.decode()
    assert Client.objects.get().sends
    assert browser.post(page, {"environment": "live"}).status_code != 302
    assert Client.objects.count() == 1


def test_a_program_that_sends_asks_residents_for_nothing(one, sender, developer, registered, owner):
    client, secret = clients.register_sender(service=one, by=developer)
    session = OAuth2Session(client.client_id, secret, scope="vault")
    session.mount(settings.SITE_URL, Portal())
    with pytest.raises(Exception, match="invalid_scope"):
        session.fetch_token(f"{settings.SITE_URL}{reverse('access:token')}", grant_type="client_credentials")
    with pytest.raises(IntegrityError), transaction.atomic():
        Client.objects.filter(pk=client.pk).update(redirect_uris="https://loyerjuste.example/")
    reader = OAuth2Session(registered[0].client_id, registered[1], scope="lots")
    reader.mount(settings.SITE_URL, Portal())
    with pytest.raises(Exception, match="unauthorized_client"):
        reader.fetch_token(f"{settings.SITE_URL}{reverse('access:token')}", grant_type="client_credentials")
    assert not AccessToken.objects.filter(application=client).exists()


def test_the_resident_accepts_on_a_page_where_nothing_is_ticked(sender, resident):
    browser, page = signed_in(resident), reverse("holders:connect", args=["mediatheque"])
    shown = browser.get(page).content.decode()
    assert "Chaque jour au plus" in shown and "checked" not in shown
    assert browser.post(page, {}).status_code == 400
    answer = browser.post(page, {"datasets": [CARD]}, follow=True)
    with scope(resident=resident.pk):
        connection = Connection.objects.get()
    assert code_of(connection) in answer.content.decode()
    assert (connection.state, connection.datasets) == ("asked", [CARD])


def test_old_lots_are_deleted_with_their_lines(token, sub):
    written(token, card(sub))
    Lot.objects.update(created_at=timezone.now() - lots.KEPT)
    lots.purge()
    with scopes_disabled():
        assert not Lot.objects.exists() and not LotLine.objects.exists()


def test_a_worker_that_dies_between_two_residents_leaves_the_others_to_the_next(token, sub, resident, monkeypatch):
    other = ResidentFactory()
    their_sub = pair(token, code_of(accepted(other))).json()["sub"]
    lot = send(token, body_of(card(sub), card(their_sub))).json()["id"]
    write_one = lots._write_one
    seen: list[object] = []

    def dying(*given):
        if seen:
            raise KeyboardInterrupt
        seen.append(given)
        write_one(*given)

    monkeypatch.setattr(lots, "_write_one", dying)
    with pytest.raises(KeyboardInterrupt):
        lots.write(lot_id=lot)
    assert called(token, f"{LOTS}/{lot}").json()["written"] == 1
    monkeypatch.setattr(lots, "_write_one", write_one)
    assert [str(one) for one in lots.unfinished()] == [lot]
    lots.write(lot_id=lot)
    assert called(token, f"{LOTS}/{lot}").json()["written"] == 2
    assert len(records(resident)) == len(records(other)) == 1
