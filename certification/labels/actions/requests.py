"""Requests for a label: a publisher writes and sends one, an agent examines it, another decides.

Each verb locks the request's row and follows `states.TRANSITIONS`. Whoever examines does not decide, and neither ever
worked for the publisher.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.models import Publisher, User
from accounts.two_persons import ACTS, Lack, NotTwo, require_apart
from certification.labels import agreements, levels, perms, states
from certification.labels.actions import checks, granting
from certification.labels.enums import RequestKind, Verdict
from certification.labels.missing import Missing, missing
from certification.labels.models import (
    Answer,
    CharterVersion,
    Criterion,
    Label,
    LabelRequest,
    Message,
    Purpose,
    PurposeField,
    PurposePaper,
    Review,
    Service,
)
from certification.labels.states import NotNow, Step
from core.symbols import symbols
from vault import types
from vault.records.models import PaperKind

#: Services of one publisher.
MOST_SERVICES = 30
#: Messages that a publisher writes about one request in a day: the agent who examines it reads each.
MOST_MESSAGES = 20


class Incomplete(ValueError):
    """Something that the charter requires is missing; `missing` says what."""

    def __init__(self, found: list[Missing]) -> None:
        super().__init__(", ".join(one.code for one in found))
        self.missing = found


class NoCharter(Exception):
    """The city has published no charter: there is nothing to promise yet."""


class TooMany(Exception):
    """The publisher has as many services, or wrote as many messages in a day, as one may."""


class AlreadyOpen(Exception):
    """The service has a request under way."""


def add_service(*, publisher: Publisher, by: User, name: str, summary: str, url: str, price: str) -> Service:
    """Add a service of a publisher.

    Raises:
        PermissionDenied: `by` does not work for the publisher.
        TooMany
    """
    perms.require_member(by, publisher)
    with transaction.atomic():
        Publisher.objects.select_for_update().get(pk=publisher.pk)
        if Service.objects.filter(publisher=publisher).count() >= MOST_SERVICES:
            raise TooMany
        return Service.objects.create(publisher=publisher, name=name, summary=summary, url=url, price=price)


def start(*, service: Service, by: User, change: bool = False) -> LabelRequest:
    """Start a request, with what the last accepted one said, under the charter in force.

    Args:
        change: the label that stands is to be replaced as soon as the new one is accepted; otherwise it is renewed
            and both stand until the first one ends.

    Raises:
        PermissionDenied
        NoCharter
        AlreadyOpen
    """
    perms.require_member(by, service.publisher)
    charter = CharterVersion.objects.current()
    if charter is None:
        raise NoCharter
    with transaction.atomic():
        Service.objects.select_for_update().get(pk=service.pk)
        if LabelRequest.objects.open().filter(service=service).exists():
            raise AlreadyOpen
        former = Label.objects.filter(service=service).select_related("request").first()
        request = LabelRequest.objects.create(
            number=f"D-{timezone.localdate():%Y}-{symbols(4)}",
            service=service,
            charter=charter,
            kind=_kind(former, change),
        )
        if former is not None:
            _copy(former.request, request)
    return request


def _kind(former: Label | None, change: bool) -> RequestKind:
    if former is None:
        return RequestKind.INITIAL
    return RequestKind.CHANGE if change and former.stands else RequestKind.RENEWAL


def describe(*, request: LabelRequest, by: User, **fields: Any) -> None:
    """Write the hosting, the contacts and the policy's URL.

    Raises:
        PermissionDenied
        NotNow: the city has the request.
    """
    with writing(request, by) as held:
        for name in ("privacy_url", "hosting", "subprocessors", "data_contact", "alert_contact"):
            setattr(held, name, fields[name])
        held.save()


def write_purpose(*, request: LabelRequest, by: User, purpose: Purpose | None = None, **fields: Any) -> Purpose:
    """Add or change a purpose; raises as `describe`, and ValueError if services may not write one of `writes`."""
    if not set(fields.get("writes", ())) <= set(agreements.may_be_written()):
        raise ValueError("writes")
    with writing(request, by) as held:
        row = Purpose.objects.get(pk=purpose.pk, request=held) if purpose else Purpose(pk=uuid4(), request=held)
        for name, value in fields.items():
            setattr(row, name, value)
        row.save(force_insert=purpose is None)
    return row


def delete_purpose(*, purpose: Purpose, by: User) -> None:
    with writing(purpose.request, by):
        Purpose.objects.filter(pk=purpose.pk).delete()


def ask_field(*, purpose: Purpose, by: User, field: str, required: bool, why: str, why_en: str) -> None:
    """Ask for a field, or change how it is asked for.

    Raises:
        ValueError: no type has this field.
        PermissionDenied, NotNow
    """
    if not types.field_exists(field):
        raise ValueError(field)
    with writing(purpose.request, by):
        row = PurposeField.objects.filter(purpose=purpose, field=field).first()
        row = row or PurposeField(pk=uuid4(), purpose=purpose, field=field)
        row.required, row.why, row.why_en = required, why, why_en
        row.save()


def ask_paper(*, purpose: Purpose, by: User, kind: str, required: bool, why: str, why_en: str) -> None:
    """Ask for a kind of paper; raises as `ask_field`."""
    if not PaperKind.objects.filter(code=kind, withdrawn_at=None).first():
        raise ValueError(kind)
    with writing(purpose.request, by):
        row = PurposePaper.objects.filter(purpose=purpose, kind=kind).first()
        row = row or PurposePaper(pk=uuid4(), purpose=purpose, kind=kind)
        row.required, row.why, row.why_en = required, why, why_en
        row.save()


def drop_asked(*, purpose: Purpose, by: User, code: str) -> None:
    """Ask no more for a field or a kind of paper. Idempotent."""
    with writing(purpose.request, by):
        PurposeField.objects.filter(purpose=purpose, field=code).delete()
        PurposePaper.objects.filter(purpose=purpose, kind=code).delete()


def answer(*, request: LabelRequest, by: User, criterion: Criterion, verdict: Verdict, text: str, url: str) -> None:
    """Answer one criterion of the request's charter; raises as `describe`."""
    with writing(request, by) as held:
        if criterion.charter_id != held.charter_id:
            raise PermissionDenied
        row = Answer.objects.filter(request=held, criterion=criterion).first()
        row = row or Answer(pk=uuid4(), request=held, criterion=criterion)
        row.verdict, row.text, row.proof_url = verdict, text, url
        row.save()


def submit(*, request: LabelRequest, by: User) -> LabelRequest:
    """Send the request to the city, or its complements.

    Raises:
        PermissionDenied: `by` does not answer for the publisher.
        Incomplete
        NotNow
    """
    perms.require_owner(by, request.service.publisher)
    with _locked(request) as held:
        step = Step.COMPLETE if held.state == states.State.COMPLEMENTS else Step.SUBMIT
        held.state = states.next_state(held.state, step)
        if lacking := missing(held):
            raise Incomplete(lacking)
        now = timezone.now()
        if held.waiting_since:
            held.waited, held.waiting_since = held.waited + (now - held.waiting_since), None
        held.submitted_at = held.submitted_at or now
        held.save()
        checks.ask_when_sent(request=held, by=by)
    return held


def take(*, request: LabelRequest, by: User) -> LabelRequest:
    """Become the agent who examines the request.

    Raises:
        PermissionDenied: `by` is no agent, or worked for the publisher.
        NotTwo: `by` may not be one of two.
        NotNow: another agent took it.
    """
    perms.require_agent(by, request.service.publisher)
    ACTS["grant_label"].require_first(by)
    with _locked(request) as held:
        held.state, held.instructor = states.next_state(held.state, Step.TAKE), by
        held.save()
    return held


def take_over(*, request: LabelRequest, by: User) -> LabelRequest:
    """Examine a request in place of the agent who did. Who reviewed does not decide, also once reviewed again.

    Raises:
        PermissionDenied, NotTwo: as `take`.
        NotNow: nobody examines it.
    """
    perms.require_agent(by, request.service.publisher)
    ACTS["grant_label"].require_first(by)
    with _locked(request) as held:
        held.state, held.instructor = states.next_state(held.state, Step.TAKE_OVER), by
        held.save()
    return held


def review(*, request: LabelRequest, by: User, criterion: Criterion, verdict: Verdict, text: str) -> None:
    """Write what the instructor finds for one criterion. Anything but “met” says why.

    Raises:
        PermissionDenied: another agent examines it.
        ValueError: the reason is missing.
        NotNow: it is not being examined.
    """
    if verdict in {Verdict.PARTLY, Verdict.NOT_MET} and not text.strip():
        raise ValueError("say why")
    with _locked(request) as held:
        _require_instructor(held, by)
        if held.state != states.State.EXAMINED or criterion.charter_id != held.charter_id:
            raise NotNow
        row = Review.objects.filter(request=held, criterion=criterion).first()
        if row is None:
            row = Review(pk=uuid4(), request=held, criterion=criterion)
        elif row.agent_id != by.pk:
            row.former_agents = sorted({*row.former_agents, str(row.agent_id)})
        row.agent, row.verdict, row.text, row.at = by, verdict, text.strip(), timezone.now()
        row.save()


def ask_complements(*, request: LabelRequest, by: User, text: str) -> None:
    """Ask the publisher for more. The city's own clock stops until they answer.

    Raises:
        PermissionDenied
        ValueError: nothing is asked.
        NotNow
    """
    if not text.strip():
        raise ValueError("say what is missing")
    with _locked(request) as held:
        _require_instructor(held, by)
        held.state, held.waiting_since = states.next_state(held.state, Step.ASK), timezone.now()
        held.save()
        Message.objects.create(request=held, author=by, from_city=True, text=text.strip(), asks_complements=True)


def propose(*, request: LabelRequest, by: User, favourable: bool, opinion: str, months: int | None) -> None:
    """Write the instructor's opinion, once each criterion is reviewed. Another agent decides.

    Raises:
        PermissionDenied
        Incomplete: a criterion is not reviewed.
        ValueError: no opinion; or in favour, without a length or with a blocking criterion that is not met.
        NotNow
    """
    with _locked(request) as held:
        _require_instructor(held, by)
        held.state = states.next_state(held.state, Step.PROPOSE)
        if lacking := _unreviewed(held):
            raise Incomplete(lacking)
        if not opinion.strip() or (favourable and (not months or _blocked(held))):
            raise ValueError("an opinion has words, and a label needs its blocking criteria and a length")
        held.favourable, held.opinion, held.months = favourable, opinion.strip(), months if favourable else None
        held.save()


def accept(*, request: LabelRequest, by: User, reasons: str) -> Label:
    """Grant the label, as the second agent. The register has it; it lives once the publisher accepts its agreement.

    Raises:
        PermissionDenied: `by` is no agent, or worked for the publisher.
        NotTwo: the two may not decide together.
        Incomplete: a criterion is not reviewed, although the opinion was written.
        ValueError: no reasons; or the opinion is against the label, or a blocking criterion is not met.
        NotNow
    """
    with _deciding(request, by, Step.ACCEPT, reasons) as held:
        if not held.favourable or _blocked(held):
            raise ValueError("the opinion is against it: send it back")
        _decide(held, by, reasons)
        return granting.grant_label(held)


def refuse(*, request: LabelRequest, by: User, reasons: str, remedies: str) -> None:
    """Refuse the label, as the second agent, with reasons and remedies that the register publishes.

    Raises:
        ValueError: no reasons, or no remedies: a refusal says how to obtain the label.
        PermissionDenied, NotTwo, Incomplete, NotNow: as `accept`.
    """
    if not remedies.strip():
        raise ValueError("a refusal says how to remedy")
    with _deciding(request, by, Step.REFUSE, reasons) as held:
        held.remedies = remedies.strip()
        _decide(held, by, reasons)
        granting.note_refusal(held)


def send_back(*, request: LabelRequest, by: User, text: str) -> None:
    """Send the request back to the instructor, with the reason, instead of deciding; raises as `accept`."""
    with _deciding(request, by, Step.SEND_BACK, text) as held:
        held.favourable, held.opinion = None, f"{held.opinion}\n\n{text.strip()}"[:2000]
        held.save()


def drop(*, request: LabelRequest, by: User) -> None:
    """Withdraw a request that was not decided, for the publisher.

    Raises:
        PermissionDenied
        NotNow: it is decided.
    """
    perms.require_owner(by, request.service.publisher)
    with _locked(request) as held:
        held.state = states.next_state(held.state, Step.DROP)
        held.save()


def write_message(*, request: LabelRequest, by: User, text: str) -> Message:
    """Add a message to the thread, from the publisher or from an agent who may examine the request.

    Raises:
        PermissionDenied: also to an agent, of a draft.
        TooMany: the publisher wrote enough for today.
    """
    if by.is_staff:
        perms.require_agent(by, request.service.publisher)
        if not LabelRequest.objects.for_agents().filter(pk=request.pk).exists():
            raise PermissionDenied
    else:
        perms.require_member(by, request.service.publisher)
    with _locked(request) as held:
        if not by.is_staff and _written_today(held) >= MOST_MESSAGES:
            raise TooMany
        return Message.objects.create(request=held, author=by, from_city=by.is_staff, text=text.strip())


def _written_today(held: LabelRequest) -> int:
    """Return how many messages the publisher wrote in the last 24 hours."""
    return held.messages.filter(from_city=False, at__gt=timezone.now() - timedelta(days=1)).count()


@contextmanager
def _locked(request: LabelRequest) -> Iterator[LabelRequest]:
    with transaction.atomic():
        yield LabelRequest.objects.select_for_update(of=("self",)).select_related("service").get(pk=request.pk)


@contextmanager
def writing(request: LabelRequest, by: User) -> Iterator[LabelRequest]:
    """Lock a request that its publisher may change.

    Raises:
        PermissionDenied: `by` does not work for the publisher.
        NotNow: the city has the request.
    """
    perms.require_member(by, request.service.publisher)
    with _locked(request) as held:
        if held.state not in states.WRITABLE:
            raise NotNow(held.state)
        yield held


def _require_instructor(held: LabelRequest, by: User) -> None:
    perms.require_agent(by, held.service.publisher)
    perms.require_instructor(by, held)


@contextmanager
def _deciding(request: LabelRequest, by: User, step: Step, reasons: str) -> Iterator[LabelRequest]:
    """Lock the request for a step of the second agent, who decides what they read."""
    perms.require_agent(by, request.service.publisher)
    ACTS["grant_label"].require_second(by)
    if not reasons.strip():
        raise ValueError("a decision has reasons")
    with _locked(request) as held:
        held.state = states.next_state(held.state, step)
        if held.instructor is None or held.mark != request.mark:
            raise NotNow
        ACTS["grant_label"].require(held.instructor, by)
        if lacking := _unreviewed(held):  # a review that somebody hides would name who wrote it
            raise Incomplete(lacking)
        reviewers = User.objects.filter(pk__in=held.reviewers())
        if by in reviewers:
            raise NotTwo(Lack.SAME, by)
        for reviewer in reviewers:
            require_apart(reviewer, by)
        yield held


def _decide(held: LabelRequest, by: User, reasons: str) -> None:
    held.decided_by, held.decided_at, held.reasons = by, timezone.now(), reasons.strip()
    held.save()


def _unreviewed(held: LabelRequest) -> list[Missing]:
    seen = {review.criterion_id for review in held.reviews.all()}  # loaded, hence checked
    return [Missing(one.code, str(one.words)) for one in levels.criteria(held) if one.pk not in seen]


def _blocked(held: LabelRequest) -> bool:
    reviews = held.reviews.select_related("criterion")  # a filter would miss one that somebody changed
    return any(review.verdict == Verdict.NOT_MET and review.criterion.blocking for review in reviews)


def _copy(former: LabelRequest, to: LabelRequest) -> None:
    """Copy what the publisher said, and the answers to criteria of the same code."""
    for name in ("privacy_url", "hosting", "subprocessors", "data_contact", "alert_contact"):
        setattr(to, name, getattr(former, name))
    to.save()
    for purpose in former.purposes.all():
        copied = _copied(purpose, request=to)
        for asked in (*purpose.fields.all(), *purpose.papers.all()):
            _copied(asked, purpose=copied)
    criteria = {one.code: one for one in to.charter.criteria.all()}
    for said in former.answers.select_related("criterion"):
        if said.criterion.code in criteria:
            _copied(said, request=to, criterion=criteria[said.criterion.code])


def _copied(row: Any, **changed: Any) -> Any:  # noqa: ANN401 - a row of any of the request's models
    values: Mapping[str, Any] = {
        field.name: getattr(row, field.name)
        for field in type(row)._meta.concrete_fields  # noqa: SLF001 - Django documents it
        if field.name not in {"id", "mac"}
    }
    return type(row).objects.create(**{**values, **changed})
