"""A panel from its announcement to its end: bounds, substitutes, messages, what is deleted."""

from datetime import timedelta
from typing import Any, cast

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_scopes import scope

from accounts.actions import closing
from accounts.models import Organisation
from campaigns.panel import across, standing, subjects, verification
from campaigns.panel.actions import opinions, panels, volunteers
from campaigns.panel.actions.panels import NotNow
from campaigns.panel.enums import REPLIES_WITHIN, Decision, Kind, Stance, State
from campaigns.panel.models import Answer, Entry, Opinion, Panel, Volunteer
from campaigns.panel.tasks import follow
from certification.labels.actions import requests
from core import journal
from core.journal import checkpoints, register
from core.leaving import Copying
from core.messages import mails
from tests.accounts.factories import AgentFactory, CompanionFactory, ResidentFactory
from tests.campaigns import given
from tests.campaigns.debates import voted
from tests.campaigns.panel import seated
from tests.certification.made import charter, filled, labelled, member, publisher, service

pytestmark = pytest.mark.django_db
MONTHS = timedelta(days=150)


def states(one):
    return {row.number: row.state for row in one.volunteers.all()}


def test_a_draw_is_announced_within_bounds_and_one_at_a_time():
    agent, now = AgentFactory(), timezone.now()
    minute = now.replace(second=0, microsecond=0) + timedelta(days=10)
    told: Any = {"by": agent, "seats": 5, "draws_at": minute, "ends_on": timezone.localdate(minute) + MONTHS}
    wrong: Any = (
        {"seats": 4},
        {"seats": 51},
        {"draws_at": now + timedelta(days=6)},
        {"draws_at": minute + timedelta(seconds=1)},
        {"draws_at": now + timedelta(days=181)},
        {"ends_on": timezone.localdate(minute)},
        {"ends_on": timezone.localdate(minute) + timedelta(days=732)},
    )
    for change in wrong:
        with pytest.raises(ValueError):
            panels.announce(**(told | change))
    sits = seated.drawn(seated.panel(ends_on=timezone.localdate() + timedelta(days=42)))
    with pytest.raises(NotNow):
        panels.announce(**told)
    later: Any = told | {"draws_at": minute + timedelta(days=3)}
    made = panels.announce(**later)
    assert made.number == sits.number + 1 and standing.announced() == made and standing.sitting(now) == sits
    with pytest.raises(NotNow):
        panels.announce(**later)
    [entry] = register.of(panels.KIND, made.pk)
    assert entry.event == "panel_announced" and entry.content["draws_at"] == made.draws_at.isoformat()


def test_the_tick_freezes_draws_calls_and_tells_once(resident):
    one = seated.panel()
    seated.entered(one, resident.pk)
    for _time in range(6):
        seated.entered(one)
    follow()
    assert Panel.objects.get().frozen_at and not Panel.objects.get().drawn_at and not mail.outbox
    checkpoints.seal()
    for _time in range(2):
        follow()
    held = Panel.objects.get()
    assert [*states(held).values()] == [State.CALLED] * 5
    events = [entry.event for entry in register.of(panels.KIND, one.pk)]
    assert events == ["panel_frozen", "panel_drawn", "panel_called"]
    with scope(resident=resident.pk):
        number = seated.number_of(held)
    assert len(mail.outbox) == (number in states(held)), "the others have no vault here"
    assert str(resident.pk) not in str([entry.content for entry in register.of(panels.KIND, one.pk)])


def test_a_message_that_cannot_leave_leaves_later(resident, monkeypatch):
    one = seated.panel()
    seated.entered(one, resident.pk)
    held = seated.drawn(one, 2)
    with monkeypatch.context() as patch:
        patch.setattr("core.messages.mails._post.hand_over", lambda mail: (_ for _ in ()).throw(mails.NotSent))
        panels.tell(panel_id=held.pk)
    panels.tell(panel_id=held.pk)
    panels.tell(panel_id=held.pk)
    [sent] = mail.outbox
    assert sent.to == [resident.email] and resident.name not in sent.body
    assert not Volunteer.objects.filter(told_at=None).exists()


def test_substitutes_take_seats_in_order(resident):
    one = seated.panel()
    mine = seated.entered(one, resident.pk)
    held = seated.drawn(one, 8)
    now, order = timezone.now(), held.order
    for number in order[:5]:
        assert states(held)[number] == State.CALLED
    # One does not answer in time; the one who sits leaves at once.
    late = now + REPLIES_WITHIN
    assert panels.fill(panel_id=held.pk, now=late) == 4, "nine volunteered"
    assert [states(held)[number] for number in order] == [State.LAPSED] * 5 + [State.CALLED] * 4
    assert panels.fill(panel_id=held.pk, now=late) == 0
    row = seated.row(held, mine.number)
    me: Any = {"resident_id": resident.pk, "by": resident.pk, "panel": held}
    if row.state == State.LAPSED:
        with pytest.raises(volunteers.NotNow):
            volunteers.accept(**me, name="")
    row.write(state=State.CALLED, called_at=now)
    volunteers.accept(**me, name=" Nadia ")
    with pytest.raises(volunteers.NotNow):
        volunteers.accept(**me, name="Autre")
    assert seated.row(held, mine.number).name == "Nadia"
    assert volunteers.withdraw(**me) and not volunteers.withdraw(**me)
    left = seated.row(held, mine.number)
    assert left.state == State.LEFT and left.name == ""
    with scope(resident=resident.pk):
        assert not Entry.objects.exists()
        events = [entry.event for entry in journal.entries(resident_id=resident.pk, limit=2)]
    assert events == ["panel_left", "panel_accepted"]
    with pytest.raises(Entry.DoesNotExist):
        volunteers.accept(**me, name="")


def test_a_called_one_who_does_not_answer_in_time_no_longer_accepts(resident):
    one = seated.panel()
    mine = seated.entered(one, resident.pk)
    held = seated.drawn(one, 2)
    row = seated.row(held, mine.number)
    row.write(called_at=timezone.now() - REPLIES_WITHIN)
    with pytest.raises(volunteers.NotNow):
        volunteers.accept(resident_id=resident.pk, by=resident.pk, panel=held, name="")


def test_at_the_end_only_the_draw_and_the_words_stay(resident):
    held = seated.seated(resident)
    place, _made = Organisation.objects.get_or_create(name="Un Toit")
    with pytest.raises(NotNow):
        panels.name_association(panel=held, organisation=place, by=held.created_by)
    CompanionFactory(organisation="Un Toit")
    panels.name_association(panel=held, organisation=place, by=held.created_by)
    with pytest.raises(NotNow):
        panels.name_association(panel=held, organisation=place, by=held.created_by)
    asked = seated.referral(held)
    me: Any = {"resident_id": resident.pk, "by": resident.pk}
    made = opinions.opine(**me, referral=asked, stance=Stance.UNFAVOURABLE, reasons="La facture dit l’absence.")
    after = timezone.now() + timedelta(days=182)
    assert not panels.end(panel_id=held.pk, now=timezone.now())
    assert panels.end(panel_id=held.pk, now=after) and not panels.end(panel_id=held.pk, now=after)
    assert across.count(held) == 0 and not held.volunteers.exists() and not held.associations.exists()
    assert Opinion.objects.get() == made and Panel.objects.get().order == held.order
    assert standing.sitting(timezone.now()) is None
    opinions.answer(
        by=held.created_by, referral=asked, opinions=[made.pk], decision=Decision.REFUSED, words="Elle en a besoin."
    )
    with pytest.raises(NotNow):
        panels.name_association(panel=held, organisation=place, by=held.created_by)


def test_a_closed_vault_leaves_its_number_without_anybody(resident):
    held = seated.seated(resident)
    with scope(resident=resident.pk):
        number = seated.number_of(held)
    closing.close(user=resident, by=resident.pk)
    assert seated.row(held, number).state == State.LEFT
    assert across.owner(held, number) is None


def test_a_subject_is_referred_while_a_panel_sits(resident):
    agent, consultation, text = AgentFactory(), given.opened(), charter()
    values = {one.kind: one for one in subjects.of(agent)}
    assert values[Kind.CAMPAIGN].id == consultation.pk and values[Kind.CHARTER].id == text.pk
    told: Any = {
        "by": agent,
        "subject": values[Kind.CAMPAIGN].value,
        "question": "Faut-il ce tableau ?",
        "last_day": timezone.localdate() + timedelta(days=20),
    }
    with pytest.raises(opinions.NotNow):
        opinions.refer(**told)
    held = seated.seated(resident)
    with pytest.raises(opinions.NotNow):
        opinions.refer(**(told | {"last_day": held.ends_on + timedelta(days=1)}), now=timezone.now() + MONTHS)
    for change in ({"question": " "}, {"last_day": timezone.localdate()}, {"last_day": held.ends_on}):
        with pytest.raises(ValueError):
            opinions.refer(**(told | change))
    with pytest.raises(PermissionDenied):
        opinions.refer(**(told | {"subject": "campaign:x"}))
    made = opinions.refer(**told)
    assert made.title == consultation.title["fr"] and subjects.address(made).endswith("/fiche/")
    me: Any = {"resident_id": resident.pk, "by": resident.pk, "referral": made}
    with pytest.raises(ValueError):
        opinions.opine(**me, stance=Stance.FAVOURABLE, reasons=" ")
    said = opinions.opine(**me, stance=Stance.FAVOURABLE, reasons="Oui.")
    assert not standing.is_late(said, said.due_on) and standing.is_late(said, said.due_on + timedelta(days=1))
    with pytest.raises(ValueError):
        opinions.answer(by=agent, referral=made, opinions=[], decision=Decision.FOLLOWED, words="Oui.")
    assert not Answer.objects.exists()


def test_the_command_verifies_a_file(tmp_path, capsys):
    one = seated.frozen(seated.panel())
    checkpoints.seal()
    follow()
    file = tmp_path / "tirage.json"
    file.write_bytes(verification.as_file(Panel.objects.get(pk=one.pk)))
    call_command("verify_draw", file)
    assert "frozen before its seed" in capsys.readouterr().out
    file.write_bytes(file.read_bytes().replace(b'"seats": 5', b'"seats": 7'))
    with pytest.raises(CommandError, match="not the draw"):
        call_command("verify_draw", file)
    with pytest.raises(CommandError, match="No such file"):
        call_command("verify_draw", tmp_path / "none.json")


def test_a_resident_copies_what_they_did(resident):
    from campaigns.panel import leaving

    held = seated.panel()
    mine = seated.entered(held, resident.pk)
    with scope(resident=resident.pk):
        [file] = leaving.copy(cast("Copying", None))
        assert str(mine.number) in b"".join(file.chunks).decode()


def test_volunteers_need_a_proven_identity_and_may_leave_before_the_minute(resident):
    one = seated.panel(draws_at=timezone.now() + timedelta(days=2))
    voted.proven(resident)
    made = volunteers.enter(resident=resident, by=resident.pk, panel=one)
    assert volunteers.withdraw(resident_id=resident.pk, by=resident.pk, panel=one)
    assert not Volunteer.objects.exists(), "a number that was never published leaves nothing"
    assert volunteers.enter(resident=resident, by=resident.pk, panel=one).number != made.number
    other = ResidentFactory()
    assert not volunteers.withdraw(resident_id=other.pk, by=other.pk, panel=one)


def test_a_label_and_a_request_are_referred_by_agents_who_are_not_of_their_publisher(resident):
    author = member(house := publisher())
    label = labelled(author, service(author, house, "Thermolis"))
    asked = filled(author, service(author, house, "Loyer Juste"))
    agent = AgentFactory()
    values = {one.kind: one for one in subjects.of(agent)}
    assert values[Kind.LABEL].id == label.pk and Kind.REQUEST not in values, "a draft is its publisher's own"
    requests.submit(request=asked, by=author)
    values = {one.kind: one for one in subjects.of(agent)}
    assert values[Kind.REQUEST].id == asked.pk
    assert not {Kind.LABEL, Kind.REQUEST} & {one.kind for one in subjects.of(author)}
    held = seated.seated(resident)
    found = {kind: seated.referral(held, kind=kind, subject_id=values[kind].id) for kind in (Kind.LABEL, Kind.REQUEST)}
    assert subjects.address(found[Kind.LABEL]).endswith(f"/{label.number}/")
    assert subjects.address(found[Kind.REQUEST]) == "", "what is examined has no public page"
