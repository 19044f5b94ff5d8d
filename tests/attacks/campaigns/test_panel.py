"""Attacks on a panel: to choose its seed or its list, to volunteer twice, to write rows by hand, to change words."""

import json
import secrets
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django_scopes import scope

from campaigns.panel import across, draw, standing, verification
from campaigns.panel.actions import opinions, panels, volunteers
from campaigns.panel.enums import Decision, Stance, State
from campaigns.panel.models import Entry, Opinion, Panel, Volunteer
from core.journal import checkpoints, register, signed_notes
from core.journal.signed_notes import Statement
from core.models import Checkpoint
from core.rows import Forged
from tests.accounts.factories import AgentFactory, ResidentFactory
from tests.campaigns.debates import voted
from tests.campaigns.panel import seated

pytestmark = pytest.mark.django_db


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


def draws(one):
    return panels.draw_members(panel_id=one.pk, now=timezone.now())


def again(one):
    return Panel.objects.get(pk=one.pk)


def public_act():
    """Write an act of the city, so that the next checkpoint is made."""
    register.write(kind="test", subject_id=uuid4(), event="test", content={})


def sealed() -> Checkpoint:
    found = checkpoints.seal()
    assert found is not None
    return found


def test_nothing_is_drawn_before_the_checkpoint_that_follows():
    one = seated.frozen(seated.panel())
    assert not draws(one), "no checkpoint"
    assert again(one).order == []
    public_act()
    sealed()
    assert draws(one) and sorted(again(one).order) == one.entries


def test_a_checkpoint_signed_before_the_minute_is_not_the_seed():
    one = seated.panel(draws_at=timezone.now() + timedelta(hours=1))
    seated.entered(one)
    assert not panels.freeze(panel_id=one.pk, now=timezone.now()), "the minute did not come"
    assert panels.freeze(panel_id=one.pk, now=one.draws_at)
    sealed()
    assert not draws(one)


def test_a_checkpoint_that_does_not_sign_the_list_is_not_the_seed():
    one = seated.panel()
    seated.entered(one)
    public_act()
    early = sealed()
    seated.frozen(one)
    assert not draws(one), "the city knew this one before it froze the list"
    public_act()
    first = sealed()
    public_act()
    second = sealed()
    assert draws(one)
    assert again(one).note == first.note != second.note
    assert again(one).before == early.note


def signed(number, before="", *, at=None, column=None, entry=None, **changes):
    """Insert a checkpoint by hand, with a genuine note, as if it were copied outside."""
    told: Any = {
        "root": bytes(32),
        "at": at or timezone.now(),
        "previous": signed_notes.digest(before) if before else signed_notes.NOTHING_BEFORE,
        "register": (entry, bytes(32)) if entry else register.head(),
    }
    note = signed_notes.sign(Statement(number, **(told | changes)))
    anchored = timezone.now()
    return Checkpoint.objects.create(number=number, at=column or anchored, note=note, upto=0, anchored_at=anchored)


def test_the_signed_time_counts_and_not_the_column():
    one = seated.frozen(seated.panel())
    first = signed(1, column=timezone.now() - timedelta(days=365))
    signed(2, first.note)
    assert draws(one) and again(one).note == first.note


@pytest.mark.django_db(transaction=True)
def test_a_checkpoint_that_is_missing_or_forged_stops_the_draw(databases):
    """Whoever owns the tables leaves one out: the database refuses it to the portal's role."""
    databases.admin.execute("ALTER TABLE core_checkpoint DISABLE TRIGGER core_checkpoint_follows")
    try:
        _stops_the_draw()
    finally:
        databases.admin.execute("ALTER TABLE core_checkpoint ENABLE TRIGGER core_checkpoint_follows")


def _stops_the_draw():
    one = seated.frozen(seated.panel())
    gone = signed_notes.sign(Statement(1, bytes(32), timezone.now(), signed_notes.NOTHING_BEFORE, None, (1, b"")))
    signed(2, gone)
    assert not draws(one), "the second one does not follow from nothing"
    third = seated.frozen(seated.panel(seats=7))
    between = signed_notes.sign(Statement(3, bytes(32), timezone.now(), signed_notes.digest(gone), None, (1, b"")))
    signed(4, between)
    assert not draws(third), "nor from the last one before the freeze"
    other = seated.frozen(seated.panel(seats=6))
    Checkpoint.objects.create(number=5, at=timezone.now(), note="made up", upto=0, anchored_at=timezone.now())
    signed(6, "made up")
    assert not draws(other)


def test_a_checkpoint_of_which_no_copy_is_outside_is_no_seed_yet(monkeypatch):
    one = seated.frozen(seated.panel())
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "publish", lambda: None)
        first = sealed()
    public_act()
    assert not draws(one)
    sealed()
    assert draws(one) and again(one).note == first.note, "it stays the seed"


def test_a_killed_worker_leaves_the_draw_as_it_will_be(monkeypatch):
    one = seated.frozen(seated.panel())
    public_act()
    first = sealed()
    with monkeypatch.context() as patch:
        patch.setattr(panels, "_note", lambda *_args: 1 / 0)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            draws(one)
    assert again(one).drawn_at is None
    public_act()
    sealed()
    assert draws(one) and not draws(one)
    assert again(one).order == draw.ordered(draw.seed_of(first.note), one.entries)


def test_nobody_enters_or_is_added_after_the_minute():
    late = ResidentFactory()
    voted.proven(late)
    one = seated.panel()
    with pytest.raises(volunteers.NotNow):
        volunteers.enter(resident=late, by=late.pk, panel=one)
    held = seated.drawn(one)
    with pytest.raises(volunteers.NotNow):
        volunteers.enter(resident=late, by=late.pk, panel=held)
    added = seated.entered(held)
    assert added.number not in again(held).order
    changes = {"entries": json.dumps([added.number]), "note": "x", "seats": 6, "draws_at": timezone.now()}
    for column, value in (changes | {"ends_on": timezone.localdate()}).items():
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            sql(f"UPDATE panel_panel SET {column} = %s WHERE id = %s", value, held.pk)
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        sql("DELETE FROM panel_panel")


def test_one_person_has_one_entry_with_two_accounts_and_two_clicks(resident):
    twin = ResidentFactory()
    for who in (resident, twin):
        voted.proven(who)
    one = seated.panel(draws_at=timezone.now() + timedelta(days=1))
    first, second = (volunteers.enter(resident=resident, by=resident.pk, panel=one) for _click in range(2))
    assert first.pk == second.pk
    with pytest.raises(volunteers.EnteredElsewhere):
        volunteers.enter(resident=twin, by=twin.pk, panel=one)
    with pytest.raises(volunteers.NoIdentity):
        volunteers.enter(resident=(new := ResidentFactory()), by=new.pk, panel=one)
    volunteers.withdraw(resident_id=resident.pk, by=resident.pk, panel=one)
    assert volunteers.enter(resident=twin, by=twin.pk, panel=one).number
    assert across.count(one) == 1


def test_an_entry_written_by_hand_is_not_on_the_list(resident):
    one = seated.panel()
    genuine = seated.entered(one)
    row = (uuid4(), resident.pk, timezone.now(), one.pk, 1_234_567, b"x", b"\x01" + bytes(32))
    sql(
        "INSERT INTO panel_entry (id, resident_id, created_at, panel_id, number, person, mac)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        *row,
    )
    sql("UPDATE panel_entry SET resident_id = %s WHERE id = %s", uuid4(), seated.entered(one).pk)
    assert seated.frozen(one, more=0).entries == [genuine.number]
    with scope(resident=resident.pk), pytest.raises(Forged):
        volunteers.own_entry(one)


def test_a_seat_written_by_hand_gives_no_voice(resident):
    one = seated.panel()
    mine = seated.entered(one, resident.pk)
    held = seated.drawn(one, called=False)
    asked = seated.referral(held)
    Volunteer.objects.create(panel=held, number=mine.number, state=State.LAPSED, called_at=timezone.now())
    me: Any = {"resident_id": resident.pk, "by": resident.pk}
    said: Any = {"referral": asked, "stance": Stance.FAVOURABLE, "reasons": "Oui."}
    with pytest.raises(PermissionDenied):
        opinions.opine(**me, **said)
    sql("UPDATE panel_volunteer SET state = 'sits'")
    with pytest.raises(Forged):
        opinions.opine(**me, **said)
    assert not Opinion.objects.exists()


def test_who_withdrew_between_the_freeze_and_the_draw_is_not_called(resident):
    one = seated.panel()
    mine = seated.entered(one, resident.pk)
    held = seated.frozen(one)
    assert volunteers.withdraw(resident_id=resident.pk, by=resident.pk, panel=held)
    public_act()
    sealed()
    assert draws(one)
    assert panels.fill(panel_id=one.pk, now=timezone.now()) == 5
    held, found = again(one), standing.states(held)
    assert mine.number in held.order, "the list that was published is the one that is drawn"
    assert found[mine.number].state == State.LEFT
    others = [number for number in held.order if number != mine.number]
    assert {number for number, row in found.items() if row.state == State.CALLED} == {*others[:5]}
    assert across.owner(held, mine.number) is None


def test_a_published_opinion_and_its_answer_never_change(resident):
    held = seated.seated(resident)
    asked = seated.referral(held)
    me: Any = {"resident_id": resident.pk, "by": resident.pk}
    made = opinions.opine(**me, referral=asked, stance=Stance.RESERVED, reasons="Sans la rue.")
    with pytest.raises(opinions.NotNow):
        opinions.opine(**me, referral=asked, stance=Stance.FAVOURABLE, reasons="Oui.")
    told: Any = {
        "referral": asked,
        "opinions": [made.pk],
        "decision": Decision.FOLLOWED,
        "words": "La rue est retirée.",
    }
    opinions.answer(by=held.created_by, **told)
    with pytest.raises(opinions.NotNow):
        opinions.answer(by=held.created_by, **(told | {"words": "Non."}))
    for statement in (
        "UPDATE panel_opinion SET reasons = ''",
        "DELETE FROM panel_opinion",
        "UPDATE panel_answer SET at = now()",
        "DELETE FROM panel_answer",
        "UPDATE panel_referral SET last_day = now()",
        "DELETE FROM panel_referral",
    ):
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            sql(statement)
    values = [uuid4(), asked.pk, 99, "favourable", "Oui.", timezone.now(), b"\x01" + bytes(32)]
    sql(
        "INSERT INTO panel_opinion (id, referral_id, member, name, stance, reasons, at, mac)"
        " VALUES (%s, %s, %s, '', %s, %s, %s, %s)",
        *values,
    )
    with pytest.raises(Forged):
        list(asked.opinions.all())


def test_the_file_of_a_draw_shows_each_fault():
    one = seated.frozen(seated.panel())
    assert verification.problems(verification.as_file(one)) == ["the file has a frozen list and no draw yet"]
    public_act()
    sealed()
    public_act()
    draws(one)
    public_act()
    later = sealed()
    file = verification.as_file(again(one))
    assert verification.problems(file) == []
    content = json.loads(file)
    first, second = content["order"][:2]
    faults = {
        "the list is not the one of the hash": {"entries": content["entries"][1:]},
        "the register did not freeze this list": {"announced": content["announced"] | {"seats": 6}},
        "the order is not the one of the seed": {"order": [second, first, *content["order"][2:]]},
        "the seed is not the hash of the checkpoint": {"seed": secrets.token_hex(32)},
        "the checkpoint is not the first one": {"checkpoint": later.note, "checkpoint_before": content["checkpoint"]},
        "did not sign the register": {"register": content["register"] | {"before": secrets.token_hex(32)}},
        "a checkpoint was not signed": {"checkpoint": content["checkpoint"].replace("Z", "Y")},
        "not the draw of a panel": {"order": "x"},
    }
    for said, change in faults.items():
        assert said in " ".join(verification.problems(json.dumps(content | change).encode())), said
    # A minute announced later would make an earlier checkpoint no seed: the frozen entry says which one it was.
    moved = content["announced"] | {"draws_at": (timezone.now() + timedelta(days=1)).isoformat()}
    assert len(verification.problems(json.dumps(content | {"announced": moved}).encode())) == 2
    for junk in (b"", b"[]", b"{}", b'{"kind": "panel_draw", "seed": 1}', b"\xff"):
        assert verification.problems(junk)


def test_a_note_of_another_log_or_of_the_same_minute_is_no_seed():
    minute = timezone.now().replace(microsecond=0)
    said: Any = {"number": 1, "root": bytes(32), "previous": signed_notes.NOTHING_BEFORE}
    same = Statement(at=minute, register=(7, bytes(32)), **said)
    assert not draw.may_be_seed(same, draws_at=minute, entry=7), "it does not follow the minute"
    after = minute + timedelta(seconds=1)
    assert draw.may_be_seed(Statement(at=after, register=(7, bytes(32)), **said), draws_at=minute, entry=7)
    assert not draw.may_be_seed(Statement(at=after, register=(6, bytes(32)), **said), draws_at=minute, entry=7)
    assert not draw.may_be_seed(Statement(at=after, **said), draws_at=minute, entry=7)


def test_agents_and_others_cannot_act_for_residents_or_associations(resident, stranger):
    held = seated.seated(resident)
    asked, agent = seated.referral(held), AgentFactory()
    for verb in (volunteers.withdraw, volunteers.accept):
        more: Any = {"name": ""} if verb is volunteers.accept else {}
        with pytest.raises(PermissionDenied):
            verb(resident_id=resident.pk, by=agent.pk, panel=held, **more)
    said: Any = {"referral": asked, "stance": Stance.FAVOURABLE, "reasons": "Oui."}
    with pytest.raises(PermissionDenied):
        opinions.opine(resident_id=resident.pk, by=stranger.pk, **said)
    with pytest.raises(PermissionDenied):
        opinions.opine(resident_id=stranger.pk, by=stranger.pk, **said)
    for who in (resident, agent):
        with pytest.raises(PermissionDenied):
            opinions.opine_for_association(by=who, **said)
    days: Any = {"draws_at": timezone.now() + timedelta(days=9), "ends_on": timezone.localdate() + timedelta(days=99)}
    with pytest.raises(PermissionDenied):
        panels.announce(by=resident, seats=5, **days)
    with pytest.raises(PermissionDenied):
        opinions.answer(by=resident, referral=asked, opinions=[uuid4()], decision=Decision.FOLLOWED, words="Oui.")
    with scope(resident=stranger.pk):
        assert not Entry.objects.exists()
