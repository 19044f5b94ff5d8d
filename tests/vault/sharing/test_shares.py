"""Grants only get narrower: paused, shortened, stopped, used once. Each change is immediate and has a receipt."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.utils import timezone
from django_scopes import scope

from core import journal
from tests.vault.couples import TRIED, agreed, couple, granted
from tests.vault.made import NOTICE, add_signed_notice
from vault.records import actions, gate
from vault.records.actions import grants
from vault.records.enums import GrantState, Happened
from vault.records.grants import agreements, receipts
from vault.records.models import Grant, GrantEvent, GrantReading

pytestmark = pytest.mark.django_db(transaction=True)
INCOME = "fiscal.avis_ir#/revenu_fiscal_reference"
PARTS = "fiscal.avis_ir#/nombre_parts"


@pytest.fixture(autouse=True)
def tried(monkeypatch):
    monkeypatch.setitem(agreements._agreements, TRIED.code, TRIED)


def read(grant) -> bool:
    try:
        gate.read(grant=grant, fields=[INCOME])
    except gate.Refused:
        return False
    return True


def journalled(resident) -> list[str]:
    return [entry.event for entry in journal.entries(resident_id=resident.pk, limit=50)]


def happened(grant) -> list[str]:
    with scope(resident=grant.resident_id):
        events = list(GrantEvent.objects.filter(grant=grant))
    assert all(bool(event.receipt) == (event.happened not in {"ending", "unused"}) for event in events)
    return [event.happened for event in events]


# Pausing


def test_a_pause_is_effective_at_once_and_can_be_resumed(resident):
    grant = granted(resident, INCOME)
    grants.pause(grant=grant, by=resident.pk)
    assert grant.state == GrantState.PAUSED and not read(grant)
    grants.resume(grant=grant, by=resident.pk)
    assert grant.stands and read(grant)
    assert journalled(resident)[:4] == ["granted_read", "grant_resumed", "read_refused", "grant_paused"]
    assert happened(grant) == ["paused", "resumed"]


def test_pausing_and_resuming_are_idempotent(resident):
    grant = granted(resident, INCOME)
    for verb in (grants.resume, grants.pause, grants.pause):
        verb(grant=grant, by=resident.pk)
    first = grant.paused_at
    grants.pause(grant=grant, by=resident.pk)
    assert grant.paused_at == first
    for _ in range(2):
        grants.resume(grant=grant, by=resident.pk)
    assert happened(grant) == ["paused", "resumed"]


def test_a_pause_does_not_move_the_end(resident):
    grant = granted(resident, INCOME)
    grants.pause(grant=grant, by=resident.pk)
    with time_machine.travel(grant.ends_at, tick=False):
        assert grant.state == GrantState.OVER
        grants.resume(grant=grant, by=resident.pk)
        assert not read(grant)
    assert happened(grant) == ["paused"]


def test_a_grant_stopped_during_a_pause_cannot_be_resumed(resident):
    grant = granted(resident, INCOME)
    grants.pause(grant=grant, by=resident.pk)
    grants.stop(grant=grant, by=resident.pk)
    grants.resume(grant=grant, by=resident.pk)
    assert grant.state == GrantState.STOPPED and not read(grant)


# Shortening


def test_a_shorter_end_is_exact_to_the_second(resident):
    grant = granted(resident, INCOME)
    end = timezone.now() + timedelta(days=7)
    grants.shorten(grant=grant, by=resident.pk, ends_at=end)
    with time_machine.travel(end - timedelta(seconds=1), tick=False):
        assert read(grant)
    with time_machine.travel(end, tick=False):
        assert grant.state == GrantState.OVER and not read(grant)
    with scope(resident=resident.pk):
        assert GrantEvent.objects.get(grant=grant).ends_at == end
        receipt = receipts.verify(GrantEvent.objects.get(grant=grant).receipt)
    assert receipt["event"]["valid_until"] == end.isoformat()


@pytest.mark.parametrize("days", [-1, 0, 31, 400])
def test_a_past_or_later_end_is_refused(resident, days):
    with time_machine.travel(timezone.now(), tick=False):
        grant = granted(resident, INCOME)
        with pytest.raises(ValueError, match="not earlier"):
            grants.shorten(grant=grant, by=resident.pk, ends_at=timezone.now() + timedelta(days=days))
    assert happened(grant) == []


def test_shortening_to_the_same_end_or_after_a_stop_is_ignored(resident):
    grant = granted(resident, INCOME)
    grants.shorten(grant=grant, by=resident.pk, ends_at=grant.ends_at)
    grants.stop(grant=grant, by=resident.pk)
    grants.shorten(grant=grant, by=resident.pk, ends_at=timezone.now() + timedelta(days=1))
    assert happened(grant) == ["stopped"]


# Permissions and states


@pytest.mark.parametrize("verb", ["pause", "resume", "stop", "shorten"])
def test_only_the_resident_changes_their_grant(resident, stranger, verb):
    grant = granted(resident, INCOME)
    more = {"ends_at": timezone.now() + timedelta(days=1)} if verb == "shorten" else {}
    with pytest.raises(PermissionDenied):
        getattr(grants, verb)(grant=grant, by=stranger.pk, **more)
    assert read(grant) and happened(grant) == []


@pytest.mark.parametrize(
    ("row", "moment", "state"),
    [
        (set(), timedelta(microseconds=-1), GrantState.TO_COME),
        (set(), timedelta(0), GrantState.ACTIVE),
        (set(), timedelta(days=30, microseconds=-1), GrantState.ACTIVE),
        (set(), timedelta(days=30), GrantState.OVER),
        ({"paused_at"}, timedelta(days=1), GrantState.PAUSED),
        ({"paused_at"}, timedelta(days=-1), GrantState.PAUSED),
        ({"paused_at"}, timedelta(days=30), GrantState.OVER),
        ({"stopped_at"}, timedelta(days=1), GrantState.STOPPED),
        ({"stopped_at", "paused_at"}, timedelta(days=40), GrantState.STOPPED),
        ({"once"}, timedelta(days=1), GrantState.ACTIVE),
        ({"once", "last_used_at"}, timedelta(days=1), GrantState.OVER),
    ],
)
def test_state_queries_and_gate_agree_at_each_instant(resident, row, moment, state):
    add_signed_notice(resident)
    start = timezone.now() + timedelta(days=2)
    row = {name: True if name == "once" else start for name in row}
    grant = granted(resident, INCOME, starts_at=start, ends_at=start + timedelta(days=30), **row)
    with time_machine.travel(start + moment, tick=False), scope(resident=resident.pk):
        assert grant.state == state
        standing = Grant.objects.standing().filter(pk=grant.pk).exists()
        active = Grant.objects.active().filter(pk=grant.pk).exists()
    assert standing == grant_stands(state) and active == (state == GrantState.ACTIVE)
    with time_machine.travel(start + moment, tick=False):
        assert read(grant) == active


def grant_stands(state: GrantState) -> bool:
    return state in {GrantState.TO_COME, GrantState.ACTIVE, GrantState.PAUSED}


# How often


def test_a_grant_for_once_is_read_once(resident):
    add_signed_notice(resident)
    grant = granted(resident, INCOME, once=True)
    with pytest.raises(gate.Refused):
        gate.read(grant=grant, fields=[INCOME, PARTS])
    assert read(grant), "a refused reading does not count"
    assert not read(grant)
    grants.close_expired_grants()
    assert happened(grant) == ["over"]


def test_readings_respect_the_agreed_interval(resident):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        grant = granted(resident, INCOME, at_most_every=timedelta(days=1))
        assert read(grant) and not read(grant)
    with time_machine.travel(start + timedelta(hours=23, minutes=59), tick=False):
        assert not read(grant)
    with time_machine.travel(start + timedelta(days=1), tick=False):
        assert read(grant)


# Readings


def test_each_reading_is_stored_with_its_entry_and_a_refusal_is_not(resident):
    add_signed_notice(resident)
    grant = granted(resident, INCOME)
    read(grant)
    with pytest.raises(gate.Refused):
        gate.read(grant=grant, fields=[INCOME, PARTS])
    entry = journal.entries(resident_id=resident.pk, limit=2)[1]
    with scope(resident=resident.pk):
        [reading] = GrantReading.objects.all()
    assert (reading.line, reading.at, reading.fields) == (entry.number, entry.at, [INCOME])
    grant = _fresh(grant)
    assert grant.last_used_at is not None


def _fresh(grant) -> Grant:
    with scope(resident=grant.resident_id):
        return Grant.objects.get(pk=grant.pk)


def test_received_values_are_those_of_each_reading(resident):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        record = add_signed_notice(resident)
        grant = granted(resident, INCOME)
    with time_machine.travel(start + timedelta(hours=1), tick=False):
        read(grant)
    with time_machine.travel(start + timedelta(hours=2), tick=False):
        newer = actions.correct_record(
            record=record, by=resident.pk, payload={**NOTICE, "revenu_fiscal_reference": 9000}
        )
    with time_machine.travel(start + timedelta(hours=3), tick=False):
        read(grant)
    with time_machine.travel(start + timedelta(hours=4), tick=False):
        actions.withdraw_record(record=newer, by=resident.pk)
    with time_machine.travel(start + timedelta(hours=5), tick=False):
        read(grant)
        with scope(resident=resident.pk):
            readings = list(GrantReading.objects.filter(grant=grant))
        opened = gate.own_received(resident_id=resident.pk, purpose="Essayer", grant=grant, readings=readings)
    assert [values.value(INCOME) for values in opened] == [None, 9000, 12312]
    assert journalled(resident)[0] == "received_read"


def test_readings_of_one_residents_grant_read_no_other_vault(resident, stranger):
    add_signed_notice(resident)
    theirs = granted(stranger, INCOME)
    read(theirs)
    with scope(resident=stranger.pk):
        readings = list(GrantReading.objects.all())
    [values] = gate.own_received(resident_id=stranger.pk, purpose="x", grant=theirs, readings=readings)
    assert len(values) == 0


# The end


def test_the_end_of_a_grant_is_noted_and_journalled_once(resident, stranger):
    couple(resident, stranger)
    grant = agreed(resident, stranger, "tried")
    grants.close_expired_grants()
    assert happened(grant) == ["given"]
    with time_machine.travel(grant.ends_at + timedelta(hours=1)):
        for _ in range(2):
            grants.close_expired_grants()
        assert happened(grant) == ["given", "over"]
        assert journalled(resident)[0] == "grant_over"
    with scope(resident=resident.pk):
        assert GrantEvent.objects.get(happened="over").at == grant.ends_at


def test_a_new_grant_stops_the_former_one_unless_it_expired(resident, stranger):
    couple(resident, stranger)
    first = agreed(resident, stranger, "tried")
    second = agreed(resident, stranger, "tried")
    assert happened(first) == ["given", "replaced"]
    with time_machine.travel(second.ends_at + timedelta(hours=1)):
        agreed(resident, stranger, "tried")
        second = _fresh(second)
        assert (second.state, second.stopped_at) == (GrantState.OVER, second.ends_at)
        grants.close_expired_grants()
    assert happened(second) == ["given", "over"]


def test_an_event_that_happens_once_cannot_be_noted_twice(resident):
    grant = granted(resident, INCOME)
    grants.stop(grant=grant, by=resident.pk)
    with pytest.raises(IntegrityError), scope(resident=resident.pk):
        grants.note(grant, Happened.STOPPED, timezone.now())


def test_the_snapshot_of_the_agreement_is_sealed(resident, stranger):
    add_signed_notice(resident)
    couple(resident, stranger)
    grant = agreed(resident, stranger, "tried", shown={"income": "12 312 €", "parts": "2,5"})
    assert b"12 312" not in bytes(grant.snapshot)
    note = gate.own_note(resident_id=resident.pk, purpose="x", place=grant.place, content=bytes(grant.snapshot))
    assert note["title"] == "Essayer" and note["words"] == ["Pour voir."]
    assert [(item["label"], item["shown"], item["chosen"]) for item in note["items"]] == [
        ("Votre revenu", "12 312 €", True),
        ("Vos parts", "2,5", False),
    ]
