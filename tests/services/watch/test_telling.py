"""What was found is told once, without naming it; one question comes thirty days later."""

from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import time_machine
from django.core import mail
from django.utils import timezone
from django_scopes import scope

from accounts import reminding
from accounts.models import User
from core.journal import checkpoints
from core.messages import mails
from core.messages.mails import NotSent
from core.telemetry import counters
from services.aids import shipping
from services.watch import tasks
from services.watch.actions import answering, findings, telling
from services.watch.enums import Answer, State
from services.watch.models import Finding
from tests.services.watch import made
from vault.records.actions import grants

pytestmark = pytest.mark.django_db
#: What a finding's row has in plaintext that may differ, whatever was found.
OWN = {"id", "mac", "content", "created_at", "found_at", "told_at", "asked_at"}


@pytest.fixture(autouse=True)
def anchored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "anchored", lambda: True)


def states(user: User) -> list[str]:
    return [one.state for one in made.findings(user)]


def test_findings_of_one_check_are_one_message_without_aid_or_amount(resident: User) -> None:
    made.a_finding(resident)
    made.a_finding(resident, "prime_activite", label="", amount="156.00", unit="mois")
    telling.tell()
    telling.tell()
    assert [message.to for message in mail.outbox] == [[resident.email]]
    said = f"{mail.outbox[0].subject} {mail.outbox[0].body}".casefold()
    assert not any(word in said for word in ("cantine", "prime d", "156", "650", "€", "quotient"))
    assert states(resident) == [State.TOLD, State.TOLD]


@pytest.mark.parametrize("template", [telling.TELL.template, telling.ASK.template])
def test_a_message_does_not_say_that_it_is_about_rights(resident: User, template: str) -> None:
    """Others see it: on a telephone, at an employer's. It reads as any news of the portal."""
    reminding.remind(user_id=resident.pk, template=template)
    (message,) = mail.outbox
    lines = [str(message.subject), *str(message.body).splitlines()]
    said = " ".join(line for line in lines if not line.startswith("Garant,")).casefold()  # what all messages sign
    named = [word for word in ("veille", "watch", "droit", "right", "aide", "benefit") if word in said]
    assert named == [], said


def test_the_question_comes_once_thirty_days_later(resident: User, november: time_machine.Traveller) -> None:
    made.a_finding(resident)
    made.a_finding(resident, "rsa", kind="gone")
    telling.tell()
    made.later(november, days=29)
    telling.tell()
    assert len(mail.outbox) == 1
    made.later(november, days=1)
    telling.tell()
    telling.tell()
    made.later(november, days=40)
    telling.tell()
    assert [message.subject.split(" – ")[0].split(" / ")[0] for message in mail.outbox][1:] and len(mail.outbox) == 2
    assert sorted(states(resident)) == [State.ASKED, State.TOLD], "nothing is asked about a right that is gone"


def test_an_answer_given_before_is_not_asked_for(resident: User, november: time_machine.Traveller) -> None:
    one = made.a_finding(resident)
    telling.tell()
    answering.answer(finding=one, by=resident.pk, said=Answer.NOT_YET)
    made.later(november, days=31)
    telling.tell()
    assert len(mail.outbox) == 1
    assert made.note_of(made.findings(resident)[0])["answer"] == Answer.NOT_YET


def test_a_message_that_the_server_refuses_is_tried_again(resident: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made.a_finding(resident)

    def refuses(**_more: object) -> bool:
        raise NotSent

    with monkeypatch.context() as patched:
        patched.setattr(reminding, "remind", refuses)
        telling.tell()
    assert states(resident) == [State.FOUND]
    telling.tell()
    assert states(resident) == [State.TOLD] and len(mail.outbox) == 1


def plaintext(finding: Finding) -> dict[str, object]:
    return {field.attname: getattr(finding, field.attname) for field in Finding._meta.fields if field.name not in OWN}


def test_a_discreet_aid_sends_no_message_and_its_row_is_as_any(resident: User, november, monkeypatch) -> None:
    monkeypatch.setattr(findings, "is_discreet", lambda code: code == "aide_violences")
    made.a_finding(resident, "aide_violences")
    assert states(resident) == [State.FOUND]
    telling.tell()
    assert mail.outbox == [] and states(resident) == [State.TOLD]
    made.a_finding(resident)
    telling.tell()
    assert len(mail.outbox) == 1
    quiet, loud = made.findings(resident)
    assert plaintext(quiet) == plaintext(loud)
    answering.answer(finding=loud, by=resident.pk, said=Answer.YES)
    made.later(november, days=31)
    telling.tell()
    assert len(mail.outbox) == 1, "nor is it asked about by a message"
    assert states(resident)[0] == State.ASKED, "the page asks"


def test_a_paused_watch_says_nothing(resident: User) -> None:
    watch = made.a_finding(resident).watch
    assert watch.grant is not None
    grants.pause(grant=watch.grant, by=resident.pk)
    telling.tell()
    assert mail.outbox == [] and states(resident) == [State.FOUND]
    grants.resume(grant=watch.grant, by=resident.pk)
    telling.tell()
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("problem", [None, mails.NotSent])
def test_no_metric_counts_its_messages(resident: User, monkeypatch: pytest.MonkeyPatch, problem: type | None) -> None:
    """Those that do not leave are counted to the unit: while the mail server is down, one a minute for each watch."""
    made.a_finding(resident)
    if problem:
        monkeypatch.setattr(mails._post, "hand_over", Mock(side_effect=problem))
    before = of_mails()
    telling.tell()
    assert of_mails() == before


def of_mails() -> dict[str, float]:
    return {name: count for name, count in counters.counts().items() if name.startswith("garant_mail")}


def test_an_aid_that_other_situations_name_too_is_not_discreet() -> None:
    assert not findings.is_discreet("rsa")


def test_an_aid_is_discreet_by_the_procedure_that_applies_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = SimpleNamespace(said=SimpleNamespace(discreet=True, dossiers=("paje", "ville_cantine")))
    monkeypatch.setattr(shipping, "urgent_situations", lambda: [quiet])
    assert findings.is_discreet("paje_base") and findings.is_discreet("cantine-qf")
    assert not findings.is_discreet("rsa")


def test_who_wants_no_message_still_sees_it(resident: User) -> None:
    User.objects.filter(pk=resident.pk).update(reminders_by_email=False)
    made.a_finding(resident)
    telling.tell()
    assert mail.outbox == [] and states(resident) == [State.TOLD]


def test_an_answer_after_the_watch_was_stopped_finds_no_question(resident: User) -> None:
    found = made.a_finding(resident)
    assert found.watch.grant is not None
    grants.stop(grant=found.watch.grant, by=resident.pk)
    with pytest.raises(answering.NoQuestion):
        answering.answer(finding=found, by=resident.pk, said=Answer.YES)


def test_a_question_about_a_right_that_is_gone_is_not_answered(resident: User) -> None:
    gone = made.a_finding(resident, "rsa", kind="gone")
    with pytest.raises(answering.NoQuestion):
        answering.answer(finding=gone, by=resident.pk, said=Answer.YES)


def test_a_message_that_may_have_left_is_not_sent_again(resident: User, november: time_machine.Traveller) -> None:
    made.a_finding(resident)
    with scope(resident=resident.pk):
        one = Finding.objects.get()
        one.state, one.told_at = State.TELLING, timezone.now()
        one.save()
    telling.tell()
    assert states(resident) == [State.TELLING], "its worker may be at work"
    november.move_to(timezone.now() + timedelta(minutes=11))
    telling.tell()
    assert states(resident) == [State.TOLD] and mail.outbox == []


def test_what_was_found_a_year_ago_is_deleted_although_the_watch_goes_on(resident: User, november) -> None:
    made.a_finding(resident)
    made.later(november, days=364)
    made.turned_on(resident)
    old, new = made.a_finding(resident), made.a_finding(resident, "rsa")
    assert tasks.purge() == 0 and len(made.findings(resident)) == 3
    made.later(november, days=3)
    assert tasks.purge() == 1 and {one.pk for one in made.findings(resident)} == {old.pk, new.pk}
