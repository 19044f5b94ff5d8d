"""E-mails about requests and labels, to the publisher's members and to the agents who may decide. Each leaves once.

The scheduler asks what is due and writes a `Notice` beside each e-mail. What happened more than a week ago is told to
nobody: the portal was stopped, and its pages say it.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from smtplib import SMTPRecipientsRefused
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import Publisher, PublisherMember, User
from certification.labels import alarms, holders, perms
from certification.labels.enums import Change, Told
from certification.labels.models import CheckRun, Label, LabelChange, LabelRequest, Message, Notice
from certification.labels.states import DECIDED, State
from core.database import locks
from core.messages import mails
from core.messages.mails import NotSent

logger = logging.getLogger(__name__)

AgentsFor = Callable[[Publisher], list[str]]
#: What is older is not told any more.
RECENT = timedelta(days=7)
#: Days before a label's end, and days after a draft was begun.
BEFORE_THE_END = (7, 30, 60)
DRAFT_AFTER = (30, 14)
LETTERS = {
    Change.LIFT: "lifted",
    Change.SUSPEND: "suspended",
    Change.WITHDRAW: "withdrawn",
    Change.URGENT: "suspended",
}
#: Days before the law takes the city's silence for a yes.
BEFORE_SILENCE = timedelta(days=15)


@dataclass(frozen=True)
class Due:
    """One e-mail to send."""

    what: Told
    subject_id: UUID
    letter: str
    to: Sequence[str]
    link: str
    mark: str = ""
    said: dict[str, object] = field(default_factory=dict)


def send_due() -> int:
    """Send what nobody was told yet. Return how many e-mails left.

    An error of the mail server is raised: no notice is written, and the next tick tries again. So it does with a
    message whose addresses the server refuses, after the others. No transaction is open while a message leaves.
    """
    agents_for = _agents()
    makers = (_of_requests, _of_messages, _of_labels, _of_changes, _of_checks)
    return sum(_send(due) for make in makers for due in make(agents_for))


def _send(due: Due) -> bool:
    already = Notice.objects.filter(what=due.what, subject_id=due.subject_id, mark=due.mark)
    if not due.to or already.exists():
        return False
    with locks.alone(f"notice {due.what} {due.mark}", due.subject_id) as is_free:
        if not is_free or already.exists():
            return False
        try:
            mails.send(f"labels/email/{due.letter}", to=due.to, said=due.said | {"link_to": due.link})
        except NotSent as error:
            if not isinstance(error.__cause__, SMTPRecipientsRefused):
                raise
            # One publisher's address that does not exist must not keep what is due to the others.
            logger.warning("an e-mail about labels was refused", extra={"code": due.what.value})
            return False
        Notice.objects.create(what=due.what, subject_id=due.subject_id, mark=due.mark)
    return True


def _of_requests(agents_for: AgentsFor) -> Iterator[Due]:
    now = timezone.now()
    requests = LabelRequest.objects.select_related("service__publisher", "instructor")
    for one in requests.open():
        said = _said(one)
        ours, theirs = _url("labels:examine", one.pk), _url("labels:request", one.pk)
        if one.state == State.DRAFT:
            age = (now - one.created_at).days
            for days in DRAFT_AFTER:
                if days <= age < days + RECENT.days:
                    yield Due(Told.DRAFT, one.pk, "draft", _members(one), theirs, str(days), said)
        elif one.state == State.SUBMITTED:
            yield Due(Told.NEW, one.pk, "to_examine", agents_for(one.service.publisher), ours, "", said)
        elif one.state == State.COMPLEMENTS and one.waiting_since:
            mark = _moment(one.waiting_since)
            yield Due(Told.COMPLEMENTS, one.pk, "complements", _members(one), theirs, mark, said)
        elif one.state == State.EXAMINED and one.waited and one.instructor:
            mark = str(int(one.waited.total_seconds()))
            yield Due(Told.ANSWERED, one.pk, "answered", [one.instructor.email], ours, mark, said)
        elif one.state == State.PROPOSED:
            mark = str(one.instructor_id)
            to = [email for email in agents_for(one.service.publisher) if email != _email(one.instructor)]
            yield Due(Told.TO_DECIDE, one.pk, "to_decide", to, ours, mark, said)
        if one.state != State.DRAFT:
            for holder in holders.asked(one):
                words = said | {"publisher": one.service.publisher.name, "data": ", ".join(holder.data)}
                mark, to = holder.contact.holder.code, [holder.contact.email]
                yield Due(Told.HOLDER, one.pk, "holder", to, _url("labels:registry"), mark, words)
        if one.legal_deadline and one.legal_deadline - BEFORE_SILENCE <= now:
            yield Due(Told.SILENCE, one.pk, "silence", agents_for(one.service.publisher), ours, "", said)
    for one in requests.filter(state__in=DECIDED, decided_at__gt=now - RECENT):
        accepted = one.state == State.ACCEPTED
        home = _url("labels:own_label", one.label.pk) if accepted else _url("labels:request", one.pk)
        yield Due(Told.DECIDED, one.pk, "decided", _members(one), home, "", _said(one) | {"accepted": accepted})


def _of_messages(agents_for: AgentsFor) -> Iterator[Due]:
    recent = Message.objects.filter(asks_complements=False, at__gt=timezone.now() - RECENT)
    for one in recent.select_related("request__service__publisher", "request__instructor"):
        request = one.request
        if one.from_city:
            to, link = _members(request), _url("labels:request", request.pk)
        elif request.instructor:
            to, link = [request.instructor.email], _url("labels:examine", request.pk)
        else:
            continue
        yield Due(Told.MESSAGE, one.pk, "message", to, link, "", _said(request))


def _of_labels(agents_for: AgentsFor) -> Iterator[Due]:
    now = timezone.now()
    for one in Label.objects.listed().select_related("service__publisher", "request"):
        said, home = _said(one.request) | {"label": one.number}, _url("labels:own_label", one.pk)
        days = next((days for days in BEFORE_THE_END if one.valid_until - timedelta(days=days) <= now), None)
        if days and one.valid_from <= one.valid_until - timedelta(days=days) and not _followed(one):
            words = said | {"days": days}
            yield Due(Told.ENDING, one.pk, "ending", _members(one.request), home, str(days), words)


def _of_changes(agents_for: AgentsFor) -> Iterator[Due]:
    """Tell the publisher what was decided, and the other agents what waits for them."""
    changes = LabelChange.objects.select_related("label__service__publisher", "label__request", "proposed_by")
    for one in changes.filter(decided_at=None):
        if one.answer_until:
            said = _said(one.label.request) | {"label": one.label.number}
            link = _url("labels:own_label", one.label_id)
            yield Due(Told.HEARING, one.pk, "hearing", _members(one.label.request), link, "", said)
        if not one.is_heard:
            continue
        to = [email for email in agents_for(one.label.service.publisher) if email != one.proposed_by.email]
        said = _said(one.label.request) | {"label": one.label.number}
        yield Due(Told.CHANGE, one.pk, "to_decide", to, _url("labels:decide_change", one.pk), "", said)
    for one in changes.filter(agreed=True, decided_at__gt=timezone.now() - RECENT):
        said = _said(one.label.request) | {"label": one.label.number}
        link = _url("labels:own_label", one.label_id)
        yield Due(Told.CHANGED, one.pk, LETTERS[Change(one.what)], _members(one.label.request), link, "", said)


def _of_checks(agents_for: AgentsFor) -> Iterator[Due]:
    """Tell the agents what the last daily checks of a label began to find. Cost: two queries for each label."""
    for run in CheckRun.objects.last_daily(Label.objects.listed()).filter(finished_at__gt=timezone.now() - RECENT):
        if codes := alarms.alarming(run):
            said = _said(run.request) | {"codes": ", ".join(codes)}
            to, link = agents_for(run.request.service.publisher), _url("labels:follow", run.request.label.pk)
            yield Due(Told.FAILING, run.pk, "failing", to, link, "", said)


def _followed(label: Label) -> bool:
    """Return True if the service has a request under way, or a label that lasts longer."""
    sent = LabelRequest.objects.open().exclude(state=State.DRAFT).filter(service=label.service_id)
    later = Label.objects.in_force().filter(service=label.service_id, valid_until__gt=label.valid_until)
    return sent.exists() or later.exists()


def _members(request: LabelRequest) -> list[str]:
    places = PublisherMember.objects.current().filter(publisher=request.service.publisher).select_related("person")
    return [email for one in places if (email := _email(one.person))]


def _agents() -> AgentsFor:
    """Return a function that gives the addresses of who may examine and decide on a publisher's requests."""
    found = cache(perms.deciders)

    @cache
    def agents_for(publisher_id: UUID) -> list[str]:
        behind = perms.find_behind(publisher_id)[publisher_id]
        return [_email(one) for one in found() if one.pk not in behind]

    return lambda publisher: agents_for(publisher.pk)


def _email(person: User | None) -> str:
    return (person.email or person.contact_email) if person else ""


def _said(request: LabelRequest) -> dict[str, object]:
    return {"service": request.service.name, "number": request.number}


def _url(name: str, *parts: object) -> str:
    return settings.SITE_URL.rstrip("/") + reverse(name, args=parts)


def _moment(at: datetime) -> str:
    return at.isoformat()
