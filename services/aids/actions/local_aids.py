"""A version of a local aid, from its draft to its end: written by one agent, published by another.

Each verb that residents may see in its effects, publishing and closing, is an entry of the city's register.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID, uuid5

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import User
from accounts.two_persons import DECIDING
from core import locks
from core.journal import register
from services.aids import local_rules, shipping
from services.aids.models import FROZEN, LocalAid, State

#: The kind of entries of the register, and of the lock that numbers versions.
KIND: Final = "local_aid"
#: The kind of lock under which a new aid gets its code. Lock order: this one, then that of its versions.
NAMING: Final = "local_aid_code"
CODE_LENGTH: Final = 50
NAMES: Final = UUID("6f6a2c0e-5c5f-4d0b-9b51-2f6d0a6a1b15")


class NotNow(Exception):
    """The version is in another state: somebody acted before."""


class Faulty(Exception):
    """The version has faults, each in a sentence."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(*faults)
        self.faults = list(faults)


def subject_of(code: str) -> UUID:
    """Return the id of an aid in the register, the same for all its versions."""
    return uuid5(NAMES, code)


def begin(*, by: User, item: Mapping[str, Any]) -> LocalAid:
    """Begin the next version of an aid as a draft. `item` has the format of files; its version is given here.

    Raises:
        PermissionDenied: `by` is no agent.
        Faulty: it passes a limit.
    """
    _require_agent(by)
    if too_big := local_rules.oversized(item):
        raise Faulty(too_big)
    with transaction.atomic():
        locks.hold(KIND, subject_of(item["code"]))
        held = LocalAid.objects.filter(code=item["code"]).aggregate(found=Max("version"))["found"] or 0
        aid = LocalAid.objects.create(written_by=by, **shipping.columns({**item, "version": held + 1}))
        shipping.write_cases(aid, item.get("tests", ()))
    return aid


def begin_new(*, by: User, item: Mapping[str, Any]) -> LocalAid:
    """Begin an aid under a code of its own, made of its name. Two of one name at once have two codes.

    Raises:
        PermissionDenied, Faulty: as `begin`.
    """
    wanted = slugify(item["label"])[:CODE_LENGTH] or KIND
    with transaction.atomic():
        locks.hold(NAMING, subject_of(wanted))
        taken = set(LocalAid.objects.filter(code__startswith=wanted).values_list("code", flat=True))
        codes = (wanted if n == 1 else f"{wanted}-{n}" for n in range(1, len(taken) + 2))
        return begin(by=by, item={**item, "code": next(code for code in codes if code not in taken)})


def renew(*, aid: LocalAid, by: User) -> LocalAid:
    """Begin a version that starts as a copy of a public one.

    Raises:
        PermissionDenied: `by` is no agent.
        NotNow: the version is not public yet.
    """
    if not aid.is_frozen:
        raise NotNow
    return begin(by=by, item=aid.document)


def change(
    *,
    aid: LocalAid,
    by: User,
    rules: Mapping[str, Any] | None = None,
    cases: Sequence[Mapping[str, Any]] | None = None,
    **columns: Any,
) -> LocalAid:
    """Write a part of a draft, which is to be tried again: the rules that are named, all cases, the name and dates.

    Raises:
        PermissionDenied: `by` did not begin the draft.
        NotNow: it is published.
        Faulty: it passes a limit.
    """
    with _own_draft(aid, by) as held:
        held.rules = {**held.rules, **(rules or {})}
        for name, value in columns.items():
            setattr(held, name, value)
        tests = list(cases) if cases is not None else []
        if too_big := local_rules.oversized({**held.rules, "tests": tests}):
            raise Faulty(too_big)
        held.state = State.DRAFT
        held.save()
        if cases is not None:
            held.cases.all().delete()
            shipping.write_cases(held, tests)
    return held


def try_out(*, aid: LocalAid, by: User) -> LocalAid:
    """Mark a draft as tested.

    Raises:
        PermissionDenied, NotNow: as `change`.
        Faulty: a case is red, or a condition decides no case.
    """
    with _own_draft(aid, by) as held:
        if faults := local_rules.faults(held.document):
            raise Faulty(faults)
        held.state = State.TESTED
        held.save(update_fields=["state", "updated_at"])
    return held


def publish(*, aid: LocalAid, by: User) -> LocalAid:
    """Publish a tested version, as the second of two persons. It takes the place of the version in force.

    Raises:
        NotTwo: `by` may not decide with the author.
        NotNow: it is not a tested version.
        Faulty: as `try_out`, which is done again.
    """
    with _alone(aid) as held:
        if held.state != State.TESTED or held.written_by is None:
            raise NotNow
        DECIDING.require(held.written_by, by)
        if faults := local_rules.faults(held.document):
            raise Faulty(faults)
        for former in LocalAid.objects.select_for_update().filter(code=held.code).published():
            _close(former)
        held.state, held.published_by, held.published_at = State.PUBLISHED, by, timezone.now()
        held.save(update_fields=["state", "published_by", "published_at", "updated_at"])
        _note(held, "published")
    return held


def close(*, aid: LocalAid, by: User) -> LocalAid:
    """Close the version in force: residents no longer see the aid.

    Raises:
        PermissionDenied: `by` is no agent.
        NotNow: it is not in force.
    """
    _require_agent(by)
    with _alone(aid) as held:
        if held.state != State.PUBLISHED:
            raise NotNow
        _close(held)
        _note(held, "closed")
    return held


def drop(*, aid: LocalAid, by: User) -> None:
    """Delete a draft, which nobody outside the city's agents has seen. Raises as `change`."""
    with _own_draft(aid, by) as held:
        held.delete()


def _close(held: LocalAid) -> None:
    held.state, held.closed_at = State.CLOSED, timezone.now()
    held.save(update_fields=["state", "closed_at", "updated_at"])


def _note(held: LocalAid, event: str) -> None:
    content = {"code": held.code, "version": held.version, "label": held.label}
    register.write(kind=KIND, subject_id=subject_of(held.code), event=f"local_aid_{event}", content=content)


def _require_agent(person: User) -> None:
    if not (person.is_active and person.is_staff):
        raise PermissionDenied


@contextmanager
def _alone(aid: LocalAid) -> Iterator[LocalAid]:
    with transaction.atomic():
        yield LocalAid.objects.select_for_update(of=("self",)).select_related("written_by").get(pk=aid.pk)


@contextmanager
def _own_draft(aid: LocalAid, by: User) -> Iterator[LocalAid]:
    _require_agent(by)
    with _alone(aid) as held:
        if held.state in FROZEN:
            raise NotNow
        if held.written_by_id != by.pk:
            raise PermissionDenied
        yield held
