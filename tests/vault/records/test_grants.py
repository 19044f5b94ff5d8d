"""A grant allows its fields to one recipient until it ends; reads and refusals are in the resident's journal."""

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
from tests.waiting import until_somebody_waits
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
    return [entry.event for entry in journal.entries(resident_id=resident.pk, limit=50)]


def test_a_granted_field_is_read_and_the_journal_names_recipient_and_purpose(resident):
    add_signed_notice(resident)
    grant = granted(resident, INCOME)

    assert gate.read(grant=grant, fields=[INCOME]).value(INCOME) == 12312
    entry = journal.entries(resident_id=resident.pk, limit=1)[0]
    assert (entry.event, entry.fields, entry.purpose) == ("granted_read", [INCOME], "Essayer un partage")
    assert (entry.actor_id, entry.details["recipient"], entry.details["grant"]) == (grant.pk, "Paul", str(grant.pk))


def test_only_the_requested_fields_are_returned(resident):
    add_signed_notice(resident)
    opened = gate.read(grant=granted(resident, INCOME, PARTS), fields=[PARTS])
    assert [record.payload for record in opened] == [{"nombre_parts": 2.5}]


def test_a_count_has_its_own_event(resident):
    gate.read(grant=granted(resident, INCOME, mode=Mode.COUNT), fields=[INCOME])
    assert events(resident)[0] == "granted_count"


def test_a_field_outside_the_grant_refuses_the_whole_read_with_an_entry(resident):
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
def test_the_start_and_the_end_are_compared_with_the_clock_at_each_read(resident, moment, state, opens):
    add_signed_notice(resident)
    grant = granted(resident, INCOME)
    with time_machine.travel(grant.starts_at + moment, tick=False):
        assert grant.state == state
        if opens:
            assert len(gate.read(grant=grant, fields=[INCOME])) == 1
        else:
            with pytest.raises(gate.Refused):
                gate.read(grant=grant, fields=[INCOME])


def test_a_stopped_grant_allows_no_read_and_stopping_is_idempotent(resident):
    add_signed_notice(resident)
    grant = granted(resident, INCOME)
    grants.stop(grant=grant, by=resident.pk)
    first = grant.stopped_at
    grants.stop(grant=grant, by=resident.pk)

    with pytest.raises(gate.Refused):
        gate.read(grant=grant, fields=[INCOME])
    assert grant.stopped_at == first and grant.state == GrantState.STOPPED
    assert events(resident)[:2] == ["read_refused", "grant_stopped"]


def test_a_row_read_before_the_stop_allows_no_read(resident):
    """A row read before the stop is still active; the gate reads it again."""
    grant = granted(resident, INCOME)
    with scope(resident=resident.pk):
        held = Grant.objects.get(pk=grant.pk)
    grants.stop(grant=grant, by=resident.pk)
    assert held.state == GrantState.ACTIVE
    with pytest.raises(gate.Refused):
        gate.read(grant=held, fields=[INCOME])


def test_a_grant_allows_no_read_of_another_vault(resident, stranger):
    add_signed_notice(stranger)
    grant = granted(resident, INCOME)
    assert len(gate.read(grant=grant, fields=[INCOME])) == 0
    forged = Grant(
        pk=grant.pk,
        resident_id=stranger.pk,
        recipient_kind=grant.recipient_kind,
        recipient_label="Paul",
        purpose="x",
        mode=Mode.LOOK,
    )
    with pytest.raises(gate.Refused):
        gate.read(grant=forged, fields=[INCOME])


def test_a_read_may_be_limited_to_the_records_about_one_person(resident, stranger):
    add(resident, "emploi.revenu", {"mois": "2026-10", "net_avant_impot": "1140.00"})
    add(resident, "emploi.revenu", {"mois": "2026-10", "net_avant_impot": "900.00"}, person=stranger.pk, role="spouse")
    grant = granted(resident, "emploi.revenu#/net_avant_impot")
    opened = gate.read(grant=grant, fields=["emploi.revenu#/net_avant_impot"], person=resident.pk)
    assert [record.payload["net_avant_impot"] for record in opened] == ["1140.00"]


def test_a_read_inside_a_longer_transaction_is_refused(resident):
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
def test_the_database_refuses_an_invalid_grant(resident, wrong):
    with pytest.raises(IntegrityError):
        granted(resident, INCOME, **wrong)


# Giving


def test_required_items_are_always_granted_and_others_only_if_chosen(resident, stranger):
    couple(resident, stranger)
    grant = agreed(resident, stranger, "tried")
    with scope(resident=resident.pk):
        assert dict(grant.fields.values_list("field", "required")) == {INCOME: True}
        assert dict(agreed(resident, stranger, "tried", "parts").fields.values_list("field", "required")) == {
            INCOME: True,
            PARTS: False,
        }


def test_a_new_grant_replaces_the_former_one(resident, stranger):
    couple(resident, stranger)
    first = agreed(resident, stranger, "tried", "parts")
    second = agreed(resident, stranger, "tried")
    with pytest.raises(gate.Refused):
        gate.read(grant=first, fields=[PARTS])
    with pytest.raises(gate.Refused):
        gate.read(grant=second, fields=[PARTS])
    gate.read(grant=second, fields=[INCOME])


def test_a_grant_ends_on_its_day_and_does_not_renew_itself(resident, stranger):
    couple(resident, stranger)
    with time_machine.travel("2026-01-31T10:00:00Z", tick=False):
        grant = agreed(resident, stranger, "tried", months=1)
        assert timezone.localtime(grant.ends_at).date().isoformat() == "2026-02-28"
    with time_machine.travel("2026-03-01T10:00:00Z"), pytest.raises(gate.Refused):
        gate.read(grant=grant, fields=[INCOME])


@pytest.mark.parametrize("moment", ["2027-10-31T00:45:00Z", "2027-10-29T22:30:00Z", "2028-02-29T23:30:00Z"])
def test_twelve_months_from_summer_time_to_winter_time_of_a_leap_year_are_granted(resident, stranger, moment):
    """By the clock of Paris, the first two last an hour more than 366 days, the longest that there may be."""
    couple(resident, stranger)
    with time_machine.travel(moment, tick=False):
        grant = agreed(resident, stranger, "tried", months=12)
        assert timedelta(days=364) < grant.ends_at - grant.starts_at <= timedelta(days=366)


@pytest.mark.parametrize(("months", "mode"), [(2, Mode.LOOK), (24, Mode.LOOK), (0, Mode.LOOK), (1, Mode.KEEP)])
def test_a_length_or_a_mode_that_is_not_offered_is_refused(resident, months, mode):
    recipient, terms = Recipient("resident", resident.pk, "x"), Terms([], mode, months)
    with scope(resident=resident.pk), transaction.atomic(), pytest.raises(ValueError, match="not offered"):
        grants.give(resident_id=resident.pk, by=resident.pk, agreement=TRIED, recipient=recipient, terms=terms)


def test_a_grant_without_any_value_is_refused(resident, stranger):
    couple(resident, stranger)
    with pytest.raises(NothingChosen):
        agreed(resident, stranger, "shared_facts", mode=Mode.KEEP)


def test_the_grant_keeps_the_hash_of_the_text(resident, stranger):
    couple(resident, stranger)
    grant = agreed(resident, stranger, "tried")
    assert (grant.notice_version, grant.notice_hash, grant.language) == ("1", TRIED.notice_hash("fr"), "fr")
    assert (
        TRIED.notice_hash("fr")
        != agreements.get("shared_facts").notice_hash("fr")
        != agreements.get("shared_facts").notice_hash("en")
    )


def read_apart(grant):
    """Read on a connection of its own."""
    try:
        return gate.read(grant=grant, fields=[INCOME]).value(INCOME)
    finally:
        connections.close_all()


def execute(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone() if cursor.description else None


def test_a_reader_who_waits_for_the_journal_does_not_delay_a_stop(resident):
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


def test_a_reader_waits_for_a_stop_without_locking_the_journal(resident):
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


def test_a_reader_reads_after_a_change_without_effect(resident):
    add_signed_notice(resident)
    grant = granted(resident, INCOME)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), scope(resident=resident.pk):
            gate.lock_exclusively([grant])
            reader = pool.submit(read_apart, grant)
            until_somebody_waits()
        assert reader.result(60) == 12312
