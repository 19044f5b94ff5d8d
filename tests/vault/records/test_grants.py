"""A grant opens what was agreed to, for one recipient, until it ends; readings and refusals are in the journal of whom
they are about.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone
from django_scopes import scope

from core import journal
from tests.vault.couples import TRIED, agreed, couple, granted
from tests.vault.made import add, add_signed_notice
from vault.records import gate
from vault.records.actions import grants
from vault.records.actions.grants import NothingChosen, Recipient
from vault.records.enums import GrantState, Mode
from vault.records.grants import agreements
from vault.records.grants.terms import Terms
from vault.records.models import Grant

pytestmark = pytest.mark.django_db(transaction=True)
INCOME = "fiscal.avis_ir#/revenu_fiscal_reference"
PARTS = "fiscal.avis_ir#/nombre_parts"


@pytest.fixture(autouse=True)
def tried(monkeypatch):
    monkeypatch.setitem(agreements._agreements, TRIED.code, TRIED)


def events(resident):
    return [line.event for line in journal.entries(resident_id=resident.pk, limit=50)]


def test_a_granted_field_is_opened_and_its_owner_reads_who_and_why(resident):
    add_signed_notice(resident)
    grant = granted(resident, INCOME)

    assert gate.read(grant=grant, fields=[INCOME]).value(INCOME) == 12312
    line = journal.entries(resident_id=resident.pk, limit=1)[0]
    assert (line.event, line.fields, line.purpose) == ("granted_read", [INCOME], "Essayer un partage")
    assert (line.actor_id, line.details["recipient"], line.details["grant"]) == (grant.pk, "Paul", str(grant.pk))


def test_only_the_fields_asked_for_come_out(resident):
    add_signed_notice(resident)
    opened = gate.read(grant=granted(resident, INCOME, PARTS), fields=[PARTS])
    assert [record.payload for record in opened] == [{"nombre_parts": 2.5}]


def test_a_count_without_showing_is_told_as_such(resident):
    gate.read(grant=granted(resident, INCOME, mode=Mode.COUNT), fields=[INCOME])
    assert events(resident)[0] == "granted_count"


def test_a_field_that_was_not_granted_is_refused_with_those_that_were_and_the_line_is_kept(resident):
    add_signed_notice(resident)
    with pytest.raises(gate.Refused):
        gate.read(grant=granted(resident, INCOME), fields=[INCOME, PARTS])
    assert events(resident)[0] == "read_refused"


@pytest.mark.parametrize(
    ("moment", "state", "opens"),
    [
        (timedelta(minutes=-1), GrantState.TO_COME, False),
        (timedelta(0), GrantState.ACTIVE, True),
        (timedelta(days=29), GrantState.ACTIVE, True),
        (timedelta(days=30), GrantState.OVER, False),
    ],
)
def test_when_it_opens_is_judged_when_it_is_asked(resident, moment, state, opens):
    add_signed_notice(resident)
    grant = granted(resident, INCOME)
    with time_machine.travel(grant.starts_at + moment, tick=False):
        assert grant.state == state
        if opens:
            assert len(gate.read(grant=grant, fields=[INCOME])) == 1
        else:
            with pytest.raises(gate.Refused):
                gate.read(grant=grant, fields=[INCOME])


def test_once_stopped_it_opens_nothing_and_stopping_twice_changes_nothing(resident):
    add_signed_notice(resident)
    grant = granted(resident, INCOME)
    grants.stop(grant=grant, by=resident.pk)
    first = grant.stopped_at
    grants.stop(grant=grant, by=resident.pk)

    with pytest.raises(gate.Refused):
        gate.read(grant=grant, fields=[INCOME])
    assert grant.stopped_at == first and grant.state == GrantState.STOPPED
    assert events(resident)[:2] == ["read_refused", "grant_stopped"]


def test_a_copy_of_the_row_that_somebody_still_holds_opens_nothing(resident):
    """What was read before the stop says that it is active; the gate looks again."""
    grant = granted(resident, INCOME)
    with scope(resident=resident.pk):
        held = Grant.objects.get(pk=grant.pk)
    grants.stop(grant=grant, by=resident.pk)
    assert held.state == GrantState.ACTIVE
    with pytest.raises(gate.Refused):
        gate.read(grant=held, fields=[INCOME])


def test_a_grant_says_nothing_of_another_vault(resident, stranger):
    add_signed_notice(stranger)
    grant = granted(resident, INCOME)
    assert len(gate.read(grant=grant, fields=[INCOME])) == 0
    forged = Grant(pk=grant.pk, resident_id=stranger.pk, recipient_label="Paul", purpose="x", mode=Mode.LOOK)
    with pytest.raises(gate.Refused):
        gate.read(grant=forged, fields=[INCOME])


def test_a_reading_may_keep_to_the_records_about_one_person(resident, stranger):
    add(resident, "emploi.revenu", {"mois": "2026-10", "net_avant_impot": "1140.00"})
    add(resident, "emploi.revenu", {"mois": "2026-10", "net_avant_impot": "900.00"}, person=stranger.pk, role="spouse")
    grant = granted(resident, "emploi.revenu#/net_avant_impot")
    opened = gate.read(grant=grant, fields=["emploi.revenu#/net_avant_impot"], person=resident.pk)
    assert [record.payload["net_avant_impot"] for record in opened] == ["1140.00"]


def test_the_gate_refuses_to_be_wrapped(resident):
    grant = granted(resident, INCOME)
    with transaction.atomic(), pytest.raises(RuntimeError):
        gate.read(grant=grant, fields=[INCOME])


def test_only_the_resident_stops_their_grant(resident, stranger):
    grant = granted(resident, INCOME)
    with pytest.raises(PermissionDenied):
        grants.stop(grant=grant, by=stranger.pk)
    assert grant.state == GrantState.ACTIVE


@pytest.mark.parametrize(
    "wrong",
    [
        {"ends_at": timezone.now() + timedelta(days=367)},
        {"ends_at": timezone.now() - timedelta(days=1)},
        {"mode": "sell"},
        {"keep_days": 30},
    ],
)
def test_the_database_refuses_a_grant_that_cannot_be(resident, wrong):
    with pytest.raises(IntegrityError):
        granted(resident, INCOME, **wrong)


# Giving


def test_what_is_required_comes_with_it_and_the_rest_only_when_chosen(resident, stranger):
    couple(resident, stranger)
    grant = agreed(resident, stranger, "tried")
    with scope(resident=resident.pk):
        assert dict(grant.fields.values_list("field", "required")) == {INCOME: True}
        assert dict(agreed(resident, stranger, "tried", "parts").fields.values_list("field", "required")) == {
            INCOME: True,
            PARTS: False,
        }


def test_agreeing_again_takes_the_place_of_what_was_agreed(resident, stranger):
    couple(resident, stranger)
    first = agreed(resident, stranger, "tried", "parts")
    second = agreed(resident, stranger, "tried")
    with pytest.raises(gate.Refused):
        gate.read(grant=first, fields=[PARTS])
    with pytest.raises(gate.Refused):
        gate.read(grant=second, fields=[PARTS])
    gate.read(grant=second, fields=[INCOME])


def test_it_ends_on_the_day_that_was_said_and_nothing_renews_it(resident, stranger):
    couple(resident, stranger)
    with time_machine.travel("2026-01-31T10:00:00Z", tick=False):
        grant = agreed(resident, stranger, "tried", months=1)
        assert timezone.localtime(grant.ends_at).date().isoformat() == "2026-02-28"
    with time_machine.travel("2026-03-01T10:00:00Z"), pytest.raises(gate.Refused):
        gate.read(grant=grant, fields=[INCOME])


@pytest.mark.parametrize(("months", "mode"), [(2, Mode.LOOK), (24, Mode.LOOK), (0, Mode.LOOK), (1, Mode.KEEP)])
def test_a_length_or_a_use_that_was_not_offered_is_refused(resident, months, mode):
    recipient, terms = Recipient("resident", resident.pk, "x"), Terms([], mode, months)
    with scope(resident=resident.pk), transaction.atomic(), pytest.raises(ValueError, match="not offered"):
        grants.give(resident_id=resident.pk, by=resident.pk, agreement=TRIED, recipient=recipient, terms=terms)


def test_an_agreement_without_any_value_is_no_agreement(resident, stranger):
    couple(resident, stranger)
    with pytest.raises(NothingChosen):
        agreed(resident, stranger, "shared_facts", mode=Mode.KEEP)


def test_the_grant_keeps_which_words_were_read(resident, stranger):
    couple(resident, stranger)
    grant = agreed(resident, stranger, "tried")
    assert (grant.notice_version, grant.notice_hash, grant.language) == ("1", TRIED.notice_hash("fr"), "fr")
    assert (
        TRIED.notice_hash("fr")
        != agreements.get("shared_facts").notice_hash("fr")
        != agreements.get("shared_facts").notice_hash("en")
    )


def read_apart(grant):
    """A reader on a connection of its own."""
    try:
        return gate.read(grant=grant, fields=[INCOME]).value(INCOME)
    finally:
        connections.close_all()


def execute(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone() if cursor.description else None


def until_somebody_waits():
    waiting = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database WHERE datname = current_database() AND NOT granted"
    deadline = time.monotonic() + 60
    while execute(waiting) == (0,):
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.01)
    execute("SET LOCAL lock_timeout = '10s'")


def test_a_reader_who_stands_in_line_at_the_journal_does_not_keep_a_stop_waiting(resident):
    add_signed_notice(resident)
    grant = granted(resident, INCOME)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), scope(resident=resident.pk):
            execute("SELECT pg_advisory_xact_lock(%s)", journal.lock_key(resident.pk))
            reader = pool.submit(read_apart, grant)
            until_somebody_waits()
            gate.lock_exclusively([grant])
            grants.end(grant, timezone.now())
        with pytest.raises(gate.Refused):
            reader.result(60)


def test_a_reader_waits_for_a_stop_without_keeping_the_journal(resident):
    add_signed_notice(resident)
    grant = granted(resident, INCOME)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), scope(resident=resident.pk):
            gate.lock_exclusively([grant])
            reader = pool.submit(read_apart, grant)
            until_somebody_waits()
            grants.end(grant, timezone.now())
            grants.journal_grant_event(grant, resident.pk, "grant_stopped")
        with pytest.raises(gate.Refused):
            reader.result(60)
    assert events(resident)[:2] == ["read_refused", "grant_stopped"]


def test_a_change_that_comes_to_nothing_lets_the_reader_read(resident):
    add_signed_notice(resident)
    grant = granted(resident, INCOME)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), scope(resident=resident.pk):
            gate.lock_exclusively([grant])
            reader = pool.submit(read_apart, grant)
            until_somebody_waits()
        assert reader.result(60) == 12312
