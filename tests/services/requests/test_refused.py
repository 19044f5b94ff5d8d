"""What is refused: sent twice, a closed office, a member who left, a grant stopped, one's own decision."""

from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.actions import places
from core import journal
from services.requests import across, lines
from services.requests.actions import answering, sending
from services.requests.actions import office as actions
from services.requests.enums import Fault, Proposal, State
from services.requests.models import Correction, SentRequest
from tests.accounts.factories import signed_in
from tests.at_once import at_once
from tests.services.dossiers.made import add_paper
from tests.services.requests.made import PAPER, QUOTIENT, finished, fresh, member, opened_office, proposed, sent
from vault.records import gate
from vault.records.actions import delete_paper, grants
from vault.records.actions.grants import Changed

pytestmark = pytest.mark.django_db(transaction=True)


def last_event(resident) -> str:
    return journal.entries(resident_id=resident.pk, limit=1)[0].event


def test_the_same_form_twice_gives_one_request_and_another_tab_none(resident, office):
    dossier, token = finished(resident), uuid4()
    first = sent(resident, office, dossier, token=token)
    assert sent(resident, office, dossier, token=token).pk == first.pk
    with pytest.raises(sending.AlreadySent):
        sent(resident, office, dossier)
    with scope(resident=resident.pk):
        assert SentRequest.objects.count() == 1 == SentRequest.objects.get().events.count()


def test_two_tabs_at_once_send_once(resident, office):
    dossier = finished(resident)

    def send() -> None:
        with suppress(sending.AlreadySent):
            sent(resident, office, dossier)

    at_once(send)
    with scope(resident=resident.pk):
        assert SentRequest.objects.count() == 1


def test_nothing_is_sent_that_the_page_did_not_show(resident, office):
    dossier = finished(resident)
    with pytest.raises(Changed):
        sent(resident, office, dossier, seen="0" * 64)
    with pytest.raises(ValueError, match="not offered"):
        sent(resident, office, dossier, months=24)
    with pytest.raises(lines.NoLines):
        lines.of_pdf(b"%PDF-1.7 other", data_hash="0" * 64)
    for wrong in ({"expires_at": timezone.now()}, {"part_of": "Claire"}):
        with pytest.raises(sending.NotReady):
            sent(resident, office, finished(resident, **wrong))


def test_a_closed_office_receives_nothing_and_reads_nothing_more(resident, office, claire):
    row = sent(resident, office)
    office.is_active = False
    with places.changing_office(office):
        office.save()
    with pytest.raises(sending.OfficeClosed):
        sent(resident, office)
    with pytest.raises(gate.Refused):
        actions.open_request(request=row, place=claire)
    assert last_event(resident) == "read_refused"


def test_a_member_who_left_reads_and_does_nothing(resident, office, claire):
    row = sent(resident, office)
    places.leave_office(place=claire)
    with pytest.raises(gate.Refused):
        actions.open_request(request=row, place=claire)
    with pytest.raises(gate.Refused):
        actions.open_dossier(request=row, place=claire)
    with pytest.raises(PermissionDenied):
        actions.take(request=row, place=claire)
    stranger = member(opened_office("Service Sports"), "Idriss Vasseur")
    with pytest.raises(gate.Refused):
        actions.open_request(request=row, place=stranger)
    assert fresh(row).state == State.RECEIVED


def test_each_file_is_opened_in_the_agents_name_and_stops_when_they_leave(resident, office, claire):
    row = sent(resident, office)
    with actions.open_dossier(request=row, place=claire) as file:
        assert file.read(4) == b"%PDF"
        entry = journal.entries(resident_id=resident.pk, limit=1)[0]
        assert entry.event == "granted_request_downloaded"
        assert entry.details["agent"] == claire.label and entry.details["number"] == row.number
        places.leave_office(place=claire)
        with pytest.raises(gate.Refused):
            file.read(4)
    assert last_event(resident) == "read_refused"


def test_no_office_reads_after_a_stop_while_readers_run(resident, office, claire):
    row = sent(resident, office)
    stopped_at: list[datetime] = []
    read_after: list[datetime] = []
    taken: list[int] = []

    def work() -> None:
        for _ in range(4):
            begun = timezone.now()
            try:
                actions.open_request(request=row, place=claire)
            except (gate.Refused, actions.Gone):
                continue
            if stopped_at and begun > stopped_at[0]:
                read_after.append(begun)

    def stop_or_work() -> None:
        if not stopped_at and not taken:
            taken.append(1)
            grants.stop(grant=row.grant, by=resident.pk)
            stopped_at.append(timezone.now())
        work()

    at_once(stop_or_work, times=4)
    assert stopped_at and not read_after
    with pytest.raises(gate.Refused):
        actions.open_request(request=row, place=claire)
    assert fresh(row).state == State.WITHDRAWN and fresh(row).content is None


def test_no_member_reads_after_they_left_while_readers_run(resident, office, claire):
    row = sent(resident, office)
    left_at: list[datetime] = []
    read_after: list[datetime] = []
    taken: list[int] = []

    def work() -> None:
        if not taken:
            taken.append(1)
            places.leave_office(place=claire)
            left_at.append(timezone.now())
        for _ in range(4):
            begun = timezone.now()
            try:
                actions.open_request(request=row, place=claire)
            except gate.Refused:
                continue
            if left_at and begun > left_at[0]:
                read_after.append(begun)

    at_once(work, times=3)
    assert left_at and not read_after


def test_whoever_proposed_does_not_decide_nor_may_the_database_say_so(resident, office, hugo):
    both = member(office, "Idriss Vasseur", may_decide=True)
    row = proposed(sent(resident, office), both)
    with pytest.raises(actions.SamePerson):
        actions.decide(request=row, place=both)
    with scope(resident=resident.pk), pytest.raises(IntegrityError), transaction.atomic():
        held = SentRequest.objects.get(pk=row.pk)
        held.state, held.decided_by, held.decided_at = State.GRANTED, both.person, timezone.now()
        held.save()
    actions.send_back(request=row, place=hugo)
    assert fresh(row).proposal == ""
    with pytest.raises(actions.NotNow):
        actions.decide(request=row, place=hugo)


def test_a_refusal_has_a_reason_and_a_grant_says_what(resident, office, claire):
    row = sent(resident, office)
    actions.take(request=row, place=claire)
    today = timezone.localdate()
    for wrong in (
        {"proposal": Proposal.REFUSE, "reason": "  "},
        {"proposal": Proposal.GRANT, "reason": "Oui", "given": ""},
        {
            "proposal": Proposal.GRANT,
            "reason": "",
            "given": "Oui",
            "starts_on": today,
            "ends_on": today - timedelta(days=1),
        },
    ):
        with pytest.raises(ValueError, match=r"refusal|ends"):
            actions.propose(request=fresh(row), place=claire, **wrong)
    assert fresh(row).proposal == ""


def test_only_the_agent_who_took_it_asks_and_once_a_line(resident, office, claire):
    row, other = sent(resident, office), member(office, "Idriss Vasseur")
    ask = partial(actions.ask_correction, fault=Fault.INCORRECT, message="Ce n’est pas le bon.")
    actions.take(request=row, place=claire)
    with pytest.raises(actions.NotNow):
        ask(request=fresh(row), place=other, line=QUOTIENT)
    with pytest.raises(actions.UnknownLine):
        ask(request=fresh(row), place=claire, line="l9")
    ask(request=fresh(row), place=claire, line=QUOTIENT)
    with pytest.raises(actions.NotNow):
        ask(request=fresh(row), place=claire, line=QUOTIENT)
    with pytest.raises(actions.NotNow):
        actions.propose(request=fresh(row), place=claire, proposal=Proposal.GRANT, reason="", given="Oui")


def test_a_correction_with_a_paper_that_left_or_of_a_line_mended_already_changes_nothing(resident, office, claire):
    row = sent(resident, office)
    actions.take(request=row, place=claire)
    asked = actions.ask_correction(
        request=fresh(row), place=claire, line=PAPER, fault=Fault.OUTDATED, message="Plus récent."
    )
    paper = add_paper(resident, "justificatif_domicile")
    delete_paper(paper=paper, by=resident.pk)
    with pytest.raises(answering.PaperGone):
        answering.correct(correction=asked, by=resident.pk, paper_id=paper.pk)
    with pytest.raises(answering.Nothing):
        answering.correct(correction=asked, by=resident.pk, text="  ")
    assert fresh(row).state == State.CORRECTION
    answering.correct(correction=asked, by=resident.pk, text="Quittance d’octobre")
    with pytest.raises(actions.NotNow):
        answering.correct(correction=asked, by=resident.pk, text="Encore")
    assert fresh(row).content_version == 2


def test_a_correction_of_a_request_that_left_meanwhile_changes_nothing_and_says_so(resident, office, claire):
    row = sent(resident, office)
    actions.take(request=row, place=claire)
    asked = actions.ask_correction(
        request=fresh(row), place=claire, line=PAPER, fault=Fault.OUTDATED, message="Plus récent."
    )
    browser, url = signed_in(resident), reverse("requests:correct", args=[row.pk, asked.pk])
    assert browser.get(url).status_code == 200
    answering.withdraw(request=fresh(row), by=resident.pk)
    with pytest.raises(actions.NotNow):
        answering.correct(correction=asked, by=resident.pk, text="Quittance d’octobre")
    said = browser.post(url, {"text": "Quittance d’octobre"}, follow=True).content.decode()
    assert "Cette ligne n’attend plus de correction" in said and fresh(row).content is None
    assert browser.get(reverse("requests:correct", args=[row.pk, uuid4()])).status_code == 302
    assert browser.get(reverse("requests:correct", args=[sent(resident, office).pk, asked.pk])).status_code == 404


def test_a_file_that_is_read_stops_when_its_resident_stops_the_request(resident, office, claire):
    row = sent(resident, office)
    with actions.open_dossier(request=row, place=claire) as file:
        assert file.read(4) == b"%PDF"
        grants.stop(grant=row.grant, by=resident.pk)
        with pytest.raises(gate.Refused):
            file.read(4)
    assert last_event(resident) == "read_refused"


def test_an_office_that_closes_under_a_page_refuses_each_act_of_its_agents(resident, office, claire):
    row = sent(resident, office)
    agent = signed_in(claire.person)
    assert agent.get(reverse("requests:office", args=[row.pk])).status_code == 200
    office.is_active = False
    with places.changing_office(office):
        office.save()
    for name in ("requests:take", "requests:propose", "requests:decide"):
        assert agent.post(reverse(name, args=[row.pk]), {"answer": "yes"}).status_code == 403
    assert agent.get(reverse("requests:inbox")).status_code == 403
    assert fresh(row).state == State.RECEIVED


@pytest.mark.parametrize(
    ("sent_at", "due", "last_day"),
    [
        # The clocks go back on 25 October 2026, and forward on 28 March 2027.
        ("2026-08-25T23:59:00+02:00", date(2026, 10, 25), "2026-10-25T23:59:00+01:00"),
        ("2027-01-28T00:01:00+01:00", date(2027, 3, 28), "2027-03-28T23:59:00+02:00"),
    ],
)
def test_a_deadline_on_a_change_of_clock_lasts_until_the_end_of_its_day(resident, office, sent_at, due, last_day):
    end = datetime.fromisoformat(last_day)
    with time_machine.travel(datetime.fromisoformat(sent_at), tick=False):
        row = sent(resident, office)
    assert row.due_on == due
    with time_machine.travel(end, tick=False):
        assert across.past_due() == [] and not fresh(row).is_refused()
    with time_machine.travel(end + timedelta(minutes=2), tick=False):
        assert across.past_due() == [(row.pk, resident.pk)]
        with scope(resident=resident.pk):
            assert fresh(row).is_refused()


def test_a_copy_whose_day_is_a_change_of_clock_goes_at_its_midnight(resident, office):
    with time_machine.travel(datetime.fromisoformat("2026-12-28T10:00:00+01:00"), tick=False):
        row = sent(resident, office, months=3)
    assert row.keep_until == date(2027, 3, 28)
    assert row.grant.ends_at == datetime.fromisoformat("2027-03-28T00:00:00+01:00")


def test_silence_is_told_once_and_a_late_correction_lets_the_clock_run(resident, office, claire, mailoutbox):
    row = sent(resident, office)
    actions.take(request=row, place=claire)
    asked = actions.ask_correction(
        request=fresh(row), place=claire, line=PAPER, fault=Fault.OUTDATED, message="Plus récent."
    )
    long_ago = timezone.localdate() - timedelta(days=100)
    with scope(resident=resident.pk):
        held = Correction.objects.get(pk=asked.pk)
        held.answer_by = long_ago + timedelta(days=30)
        held.save()
        late = SentRequest.objects.get(pk=row.pk)
        late.sent_at, late.stopped_since = timezone.now() - timedelta(days=110), long_ago
        late.save()
    mailoutbox.clear()
    answering.follow()
    answering.follow()
    found = fresh(row)
    assert found.stopped_since is None and found.stopped_days == 30 and found.state == State.REVIEW
    assert found.silence_told_at and len(mailoutbox) == 1 and "cantine" not in mailoutbox[0].body
    with scope(resident=resident.pk):
        kinds = list(found.events.values_list("happened", flat=True))
    assert kinds.count("lapsed") == kinds.count("silence") == 1
    actions.ask_correction(request=found, place=claire, line=QUOTIENT, fault=Fault.OUTDATED, message="De novembre.")
    assert signed_in(resident).get(reverse("requests:appeal", args=[row.pk])).status_code == 200


def test_the_copy_goes_on_the_day_that_the_resident_chose(resident, office):
    row = sent(resident, office, months=3)
    with scope(resident=resident.pk):
        grant = row.grant
        grant.starts_at, grant.ends_at = timezone.now() - timedelta(days=90), timezone.now() - timedelta(minutes=1)
        grant.save()
    grants.close_expired_grants()
    gone = fresh(row)
    assert gone.content is None and gone.state == State.UNANSWERED
    events = [one.event for one in journal.entries(resident_id=resident.pk, limit=3)]
    assert {"request_copy_gone", "grant_over"} <= set(events)
