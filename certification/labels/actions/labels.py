"""Labels after they are granted: accepted and given up by the publisher, suspended by one agent in an urgent case,
lifted, suspended or withdrawn by two, who hear the publisher before they stop anything.

Each verb takes the service's lock alone, exclusively: after it returns, no reading of the service succeeds that the
label does not allow. It writes the label's row and one entry of the register, and in no vault: what a withdrawal ends
there follows by the scheduler (`withdrawing`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.two_persons import ACTS
from certification.labels import perms
from certification.labels.enums import HEARD, Change, LabelState, RequestKind
from certification.labels.models import Label, LabelChange
from certification.labels.states import NotNow
from core.database import locks
from core.journal import register

#: Days that the publisher has to answer before a suspension or a withdrawal.
HEARD_WITHIN = timedelta(days=15)


class NotHeard(NotNow):
    """The publisher has not answered yet, and still may."""


def accept_agreement(*, label: Label, by: User) -> Label:
    """Accept the agreement of a label, for the publisher: from now on it allows readings. Idempotent.

    The city accepted the same text when two agents granted the label: its hash is in the register. A label that came
    from a request for a change replaces those before it; their purposes that did not change go on.

    Raises:
        PermissionDenied: `by` does not answer for the publisher.
        NotNow: the label has ended.
    """
    perms.require_owner(by, label.service.publisher)
    with _alone(label) as held:
        if held.accepted_at is not None:
            return held
        if not held.stands:
            raise NotNow(held.state)
        held.accepted_at, held.accepted_by = timezone.now(), by
        held.save(update_fields=["accepted_at", "accepted_by"])
        if held.request.kind == RequestKind.CHANGE:
            _replace_former(held)
        _note(held, "label_accepted", "", sha256=held.sha256)
    return held


def _replace_former(label: Label) -> None:
    for former in Label.objects.listed().filter(service=label.service_id).exclude(pk=label.pk):
        former.replaced_at = label.accepted_at
        former.save(update_fields=["replaced_at"])


def suspend(*, label: Label, by: User, reasons: str) -> Label:
    """Suspend a label at once, in an urgent case. One agent is enough: it only stops readings.

    The other labels of the service that stand are suspended with it (`_suspend`). The row says who decided and why,
    for the letter. Outside such cases two agents suspend, after the publisher was heard (`propose_change`).

    Raises:
        PermissionDenied: `by` is no agent, or worked for the publisher.
        NotTwo: `by` may not be one of two.
        ValueError: no reasons.
        NotNow: the label is not active.
    """
    _require_agent(label, by)
    if not reasons.strip():
        raise ValueError("say why")
    with _alone(label) as held:
        if held.state != LabelState.ACTIVE:
            raise NotNow(held.state)
        _suspend(held, reasons)
        now = timezone.now()
        LabelChange.objects.create(
            label=held,
            what=Change.URGENT,
            reasons=reasons.strip(),
            proposed_by=by,
            proposed_at=now,
            decided_at=now,
            agreed=True,
        )
    return held


def propose_change(*, label: Label, by: User, what: Change, reasons: str) -> LabelChange:
    """Propose to lift a suspension, to suspend or to withdraw the label. Another agent decides.

    The publisher reads the reasons of a suspension or a withdrawal, and has 15 days to answer.

    Raises:
        PermissionDenied, NotTwo, ValueError: as `suspend`.
        NotNow: nothing to lift, or the label has ended, or another proposal waits, or one agent may do it.
    """
    _require_agent(label, by)
    if not reasons.strip():
        raise ValueError("say why")
    with transaction.atomic():
        held = Label.objects.select_for_update(of=("self",)).get(pk=label.pk)
        _require_possible(held, what)
        if held.changes.filter(decided_at=None).exists():
            raise NotNow
        until = timezone.now() + HEARD_WITHIN if what in HEARD else None
        return LabelChange.objects.create(
            label=held, what=what, reasons=reasons.strip(), proposed_by=by, answer_until=until
        )


def answer_change(*, change: LabelChange, by: User, text: str) -> LabelChange:
    """Answer, for the publisher, before two agents suspend or withdraw its label. An answer does not change later.

    Raises:
        PermissionDenied: `by` does not work for the publisher.
        ValueError: no text.
        NotNow: it is answered or decided, or nothing is to be heard.
    """
    perms.require_member(by, change.label.service.publisher)
    if not text.strip():
        raise ValueError("say something")
    with transaction.atomic():
        held = LabelChange.objects.select_for_update(of=("self",)).get(pk=change.pk)
        if held.what not in HEARD or held.answered_at or held.decided_at:
            raise NotNow
        held.answer, held.answered_at = text.strip(), timezone.now()
        held.save(update_fields=["answer", "answered_at"])
    return held


def decide_change(*, change: LabelChange, by: User, agree: bool) -> LabelChange:
    """Decide on a proposal, as the second agent.

    Raises:
        PermissionDenied
        NotTwo: the two may not decide together.
        NotHeard: the publisher may still answer; refusing is possible meanwhile.
        NotNow: it is decided, the publisher answered since it was read, or the label has changed since.
    """
    _require_agent(change.label, by)
    with _alone(change.label) as label:
        held = LabelChange.objects.select_for_update(of=("self",)).select_related("proposed_by").get(pk=change.pk)
        if held.decided_at is not None or held.mark != change.mark:
            raise NotNow
        if agree and not held.is_heard:
            raise NotHeard
        ACTS["change_label"].require(held.proposed_by, by)
        held.decided_by, held.decided_at, held.agreed = by, timezone.now(), agree
        held.save(update_fields=["decided_by", "decided_at", "agreed"])
        if agree:
            _require_possible(label, Change(held.what))
            _apply(label, held)
    return held


def renounce(*, label: Label, by: User) -> Label:
    """Give a label up, for the publisher. Its service reads nothing under it any more; a renewal beside it stands.

    Raises:
        PermissionDenied: `by` does not answer for the publisher.
        NotNow: the label has ended.
    """
    perms.require_owner(by, label.service.publisher)
    with _alone(label) as held:
        if not held.stands:
            raise NotNow(held.state)
        held.renounced_at = timezone.now()
        held.save(update_fields=["renounced_at"])
        _note(held, "label_renounced", "")
    return held


def _apply(label: Label, change: LabelChange) -> None:
    if change.what == Change.LIFT:
        label.suspended_at = None
        label.save(update_fields=["suspended_at"])
        _note(label, "label_lifted", change.reasons)
    elif change.what == Change.SUSPEND:
        _suspend(label, change.reasons)
    else:
        for one in _standing(label):
            one.withdrawn_at = timezone.now()
            one.save(update_fields=["withdrawn_at"])
            _note(one, "label_withdrawn", change.reasons)


def _suspend(label: Label, reasons: str) -> None:
    for one in _standing(label):
        if one.suspended_at is None:
            one.suspended_at = timezone.now()
            one.save(update_fields=["suspended_at"])
            _note(one, "label_suspended", reasons)


def _standing(label: Label) -> list[Label]:
    """Return a label and the others of its service that stand. Call it under the service's lock.

    What the city withdraws or suspends, it does to all: a renewal stands beside the label before it, and the publisher
    alone accepts a label that waits, so that its service would read on under either.
    """
    others = Label.objects.filter(service=label.service_id).exclude(pk=label.pk).select_related("service__publisher")
    return [label, *(other for other in others if other.stands)]


def _require_agent(label: Label, by: User) -> None:
    perms.require_agent(by, label.service.publisher)
    ACTS["change_label"].require_first(by)


def _require_possible(label: Label, what: Change) -> None:
    needed = {Change.LIFT: [LabelState.SUSPENDED], Change.SUSPEND: [LabelState.ACTIVE], Change.URGENT: []}.get(what)
    if label.state not in needed if needed is not None else not label.stands:
        raise NotNow(label.state)


def _note(label: Label, event: str, reasons: str, **more: str) -> None:
    """Write the register's entry. It names no person."""
    content = {
        "label": label.number,
        "service": label.service.name,
        "publisher": label.service.publisher.name,
        "reasons": reasons.strip(),
        **more,
    }
    register.write(kind="label", subject_id=label.service_id, event=event, content=content)


@contextmanager
def _alone(label: Label) -> Iterator[Label]:
    """Hold the service's lock in a transaction of its own, and read the label again in the next statement."""
    with transaction.atomic(durable=True):
        locks.hold("label", label.service_id)
        yield Label.objects.select_related("service__publisher", "request").get(pk=label.pk)
