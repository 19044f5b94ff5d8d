"""Emergency accesses: two agents, a reason, an hour at most; the resident is notified and can refuse or stop one."""

import re
from contextlib import suppress
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_scopes import scope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import journal
from core.journal import Ground
from core.journal.checkpoints import seal
from core.models import JournalLeaf, ResidentKey
from tests.accounts.factories import AgentFactory, ResidentFactory
from tests.core.test_checkpoints import outside  # noqa: F401 - fixtures
from tests.vault.made import HOME, add
from tests.vault.urgent import REASON, asked, held, offered, opened
from vault.records import gate
from vault.records.actions import grants
from vault.sharing.across import emergencies
from vault.sharing.actions import emergency
from vault.sharing.enums import EmergencyState
from vault.sharing.models import EmergencyAccess

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def town(db):
    offered()


@pytest.fixture
def first(db):
    return AgentFactory(name="Agathe")


@pytest.fixture
def second(db):
    return AgentFactory(name="Bertrand")


def entries(resident):
    return journal.entries(resident_id=resident.pk, limit=50)


def events(resident):
    return [entry.event for entry in entries(resident)]


def again(access):
    with scope(resident=access.resident_id):
        return EmergencyAccess.objects.select_related("grant").get(pk=access.pk)


def test_only_the_agent_who_asked_reads_the_ticked_items(resident, first, second):
    add(resident, "logement.domicile", HOME)
    access = asked(first, resident)
    assert again(access).state == EmergencyState.WAITING
    opened = emergency.decide(access=access, by=second, agree=True)
    _fields, values = emergency.look(access=opened, by=first, item_code="home")
    assert next(iter(values)).payload["loyer"] == "612.00"
    for by, item in ((second, "home"), (AgentFactory(), "home"), (first, "who"), (first, "wages")):
        with pytest.raises(PermissionDenied):
            emergency.look(access=opened, by=by, item_code=item)
    read = entries(resident)[0]
    assert (read.event, read.ground, read.details["recipient"]) == ("granted_read", Ground.EMERGENCY, "Agathe")
    assert "logement.domicile#/loyer" in read.fields
    assert events(resident)[1:4] == [
        "emergency_opened",
        "emergency_agreed",
        "emergency_asked",
    ] and "grant_given" not in events(resident)


def test_a_city_that_does_not_offer_emergency_accesses_has_none(resident, first, second):
    access = opened(first, second, resident)
    other = asked(first, ResidentFactory())
    offered(offered=False)
    for act in (
        lambda: asked(first, resident),
        lambda: emergency.decide(access=other, by=second, agree=True),
        lambda: emergency.read_reason(access=other, by=second),
        lambda: emergency.look(access=access, by=first, item_code="home"),
    ):
        with pytest.raises(emergency.NotOffered):
            act()


@pytest.mark.parametrize("more", [{"reason": "  "}, {"items": []}, {"items": ["everything"]}, {"minutes": 61}])
def test_a_request_needs_a_reason_an_item_and_an_offered_length(resident, first, more):
    asked_for = {"reason": REASON, "items": ["home"], "minutes": 15, **more}
    with pytest.raises(ValueError, match="not offered"):
        emergency.ask(by=first, written=resident.email, **asked_for)


def test_only_another_agent_decides(resident, stranger, first):
    access = asked(first, resident)
    for by in (first, resident, stranger):
        for act in (
            lambda by=by: emergency.decide(access=access, by=by, agree=True),
            lambda by=by: emergency.read_reason(access=access, by=by),
        ):
            with pytest.raises(PermissionDenied):
                act()
    with pytest.raises(PermissionDenied):
        asked(resident, stranger)
    with pytest.raises(PermissionDenied):
        emergency.ask(by=first, written=first.email, reason=REASON, items=["home"], minutes=15)
    assert again(access).state == EmergencyState.WAITING


def test_the_database_refuses_a_decision_by_one_agent_alone(resident, first):
    access = asked(first, resident)
    for by in (first.pk, resident.pk):
        with pytest.raises(IntegrityError), transaction.atomic(), scope(resident=resident.pk):
            EmergencyAccess.objects.filter(pk=access.pk).update(decided_by=by, decided_at=timezone.now())


def test_row_and_answer_are_the_same_for_any_address(resident, first, second):
    found = asked(first, resident)
    nobody = emergency.ask(by=first, written="personne@courriel.example", reason=REASON, items=["home"], minutes=30)
    assert (found.asked_by, found.items, found.state) == (nobody.asked_by, nobody.items, nobody.state)
    with scope(resident=nobody.resident_id):
        assert not ResidentKey.objects.exists() and not JournalLeaf.objects.exists()
    assert emergency.read_reason(access=nobody, by=second) == ""
    with pytest.raises(emergency.NobodyThere):
        emergency.decide(access=nobody, by=second, agree=True)
    assert again(nobody).grant is None and again(nobody).state == EmergencyState.REFUSED
    assert emergency.notify_emergency_accesses() == 1 and emergency.notify_emergency_accesses() == 0


def test_to_ask_costs_the_same_work_for_any_address(resident, first):
    """But for one key, which is made and taken back."""
    asked(first, resident)
    done = []
    for written in (resident.email, "personne@courriel.example"):
        with CaptureQueriesContext(connection) as queries:
            emergency.ask(by=first, written=written, reason=REASON, items=["home"], minutes=30)
        statements = [re.sub(r"\W*\d+", "", query["sql"])[:60] for query in queries]
        done.append([one for one in statements if "SAVEPOINT" not in one and "resident_key" not in one[:40]])
    assert done[0] == done[1] and any("WITH added" in one for one in done[0])


def test_the_reason_is_sealed_and_each_reading_is_journalled(resident, first, second):
    access = asked(first, resident)
    assert b"bailleur" not in bytes(access.content)
    assert emergency.read_reason(access=access, by=second) == REASON
    entry = entries(resident)[0]
    assert (entry.event, entry.details["recipient"], entry.ground) == (
        "emergency_considered",
        "Bertrand",
        Ground.EMERGENCY,
    )
    assert emergency.own_reason(access) == REASON


def test_the_resident_is_notified_of_the_request_and_of_the_opening(resident, first, second):
    access = asked(first, resident)
    emergency.notify_emergency_accesses()
    emergency.notify_emergency_accesses()
    emergency.decide(access=access, by=second, agree=True)
    emergency.notify_emergency_accesses()
    emergency.notify_emergency_accesses()
    subjects = [message.subject for message in mail.outbox]
    assert len(subjects) == 2 and "est demandé" in subjects[0] and "est ouvert" in subjects[1]
    bodies = " ".join(str(message.body) for message in mail.outbox)
    assert all(word not in bodies for word in ("Agathe", "Bertrand", "bailleur", "loyer")) and mail.outbox[0].to == [
        resident.email
    ]


def test_a_failed_message_is_sent_again(resident, first, monkeypatch):
    asked(first, resident)
    monkeypatch.setattr("django.core.mail.EmailMessage.send", lambda self: (_ for _ in ()).throw(OSError))
    with pytest.raises(OSError):
        emergency.notify_emergency_accesses()
    monkeypatch.undo()
    assert emergency.notify_emergency_accesses() == 1


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_an_access_lasts_from_the_decision_for_its_length(resident, first, second, minutes):
    add(resident, "logement.domicile", HOME)
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        access = asked(first, resident, minutes=minutes)
        clock.shift(timedelta(minutes=59))
        access = emergency.decide(access=access, by=second, agree=True)
        clock.shift(timedelta(minutes=minutes, seconds=-1))
        assert emergency.look(access=access, by=first, item_code="home")
        clock.shift(timedelta(seconds=1))
        with pytest.raises(gate.Refused):
            emergency.look(access=access, by=first, item_code="home")
        assert emergencies.find_open(first, access.pk) is None and again(access).state == EmergencyState.ENDED


def test_a_request_expires_after_an_hour(resident, first, second):
    access = asked(first, resident)
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False), pytest.raises(emergency.Over):
        emergency.decide(access=access, by=second, agree=True)


def test_a_stop_by_the_resident_is_effective_at_once_and_for_a_day(resident, first, second):
    access = opened(first, second, resident)
    grants.stop(grant=held(access), by=resident.pk)
    with pytest.raises(gate.Refused):
        emergency.look(access=access, by=first, item_code="home")
    assert "l’accès d’urgence ne la permet pas" in journal_words(resident)[0]
    with pytest.raises(emergency.TooSoon):
        opened(AgentFactory(), AgentFactory(), resident)
    with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1), tick=False):
        assert opened(AgentFactory(), AgentFactory(), resident).grant


def journal_words(resident):
    from vault.journal.sentences import present_entry

    return [present_entry(entry, {}, resident.pk).sentence for entry in entries(resident)]


def test_a_refusal_by_the_resident_closes_the_request(resident, stranger, first, second):
    access = asked(first, resident)
    with pytest.raises(PermissionDenied):
        emergency.decline(access=access, by=stranger.pk)
    for _ in range(2):
        emergency.decline(access=access, by=resident.pk)
    assert events(resident).count("emergency_declined") == 1
    with pytest.raises(emergency.Over):
        emergency.decide(access=access, by=second, agree=True)
    with pytest.raises(emergency.TooSoon):
        opened(first, second, resident)


def test_the_same_two_agents_cannot_open_another_access_that_day(resident, first, second):
    opened(first, second, resident)
    for one, other in ((first, second), (second, first)):
        with pytest.raises(emergency.TooSoon):
            opened(one, other, resident)
    assert opened(first, AgentFactory(), resident).grant


def test_nothing_is_read_without_external_checkpoints(resident, first, second, outside):  # noqa: F811 - a fixture
    add(resident, "logement.domicile", HOME)
    seal()
    with time_machine.travel(timezone.now() + timedelta(hours=5), tick=False):
        access = opened(first, second, resident)
        with pytest.raises(gate.NotAnchored):
            emergency.look(access=access, by=first, item_code="home")


STEPS = st.sampled_from(
    ["first agrees", "second agrees", "second refuses", "resident agrees", "resident declines", "stop", "hour", "look"]
)


@settings(max_examples=30, suppress_health_check=list(HealthCheck), derandomize=True)
@given(steps=st.lists(STEPS, max_size=7))
def test_no_sequence_of_steps_opens_an_access_with_one_agent(steps):
    """Compare with a model: an access opens only if a second agent agrees in time, and is read only while open."""
    one, two, resident = AgentFactory(name="Un"), AgentFactory(name="Deux"), ResidentFactory()
    add(resident, "logement.domicile", HOME)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        access, state = asked(one, resident), "waiting"
        for step in steps:
            if step == "hour":
                clock.shift(timedelta(hours=1))
                state = {"waiting": "lapsed", "open": "ended"}.get(state, state)
            elif step == "look":
                assert _reads(access, one) == (state == "open")
            elif step == "stop" and state == "open":
                grants.stop(grant=held(again(access)), by=resident.pk)
                state = "ended"
            elif step == "resident declines":
                emergency.decline(access=access, by=resident.pk)
                state = "declined" if state == "waiting" else state
            elif step != "stop":
                state = _decides(
                    access, {"first": one, "second": two, "resident": resident}[step.split()[0]], step, state
                )
            row = again(access)
            assert row.state == state
            assert (row.grant is None) or (row.asked_by, row.decided_by) == (one.pk, two.pk)


def _decides(access, by, step, state):
    agree = step.endswith("agrees")
    try:
        emergency.decide(access=access, by=by, agree=agree)
    except (PermissionDenied, emergency.Over):
        return state
    return "open" if agree else "refused"


def _reads(access, by):
    try:
        return len(list(emergency.look(access=again(access), by=by, item_code="home")[1])) == 1
    except (PermissionDenied, gate.Refused):
        return False


def test_a_refusal_stays_though_its_row_is_put_back(first, second, resident):
    """Whoever writes to the database kept the row, with its MAC, from before the resident refused."""
    access = asked(first, resident)
    emergency.decline(access=access, by=resident.pk)
    with suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sharing_emergencyaccess SET declined_at = NULL, mac = %s WHERE id = %s",
            [bytes(access.mac), access.pk],
        )
    with pytest.raises(emergency.Over):
        emergency.decide(access=access, by=second, agree=True)
    assert "emergency_agreed" not in events(resident)
