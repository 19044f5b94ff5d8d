"""A version of what agents write, from its draft to its end: written by one agent, published by another.

Local aids, urgent situations, procedures and official forms are such versions. Each verb that residents may see in its
effects, publishing and closing, is an entry of the city's register.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import User
from accounts.two_persons import ACTS
from core.database import locks
from core.journal import register
from services.versions.models import RulesVersion, State, Version

V = TypeVar("V", bound=Version)
R = TypeVar("R", bound=RulesVersion)
CODE_LENGTH: Final = 50


class NotNow(Exception):
    """The version is in another state: somebody acted before."""


class Faulty(Exception):
    """The version has faults, each in a sentence."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(*faults)
        self.faults = list(faults)

    def __str__(self) -> str:
        return " ".join(self.faults[:3])


def next_number(model: type[V], code: str) -> int:
    """Return the number of the next version, under a lock. Call it in the transaction that writes the version."""
    locks.hold(model.KIND, model.subject_of(code))
    held: int = _rows(model).filter(code=code).aggregate(found=Max("version"))["found"] or 0
    return held + 1


def new_code(model: type[V], label: str, also: Collection[str] = ()) -> str:
    """Return a code that no version has, nor `also`, made of a name, under a lock.

    Call it in the transaction that writes the version. Lock order: this one, then that of `next_number`.
    """
    wanted = slugify(label)[:CODE_LENGTH] or model.KIND
    locks.hold(f"{model.KIND}_code", model.subject_of(wanted))
    taken = {*_rows(model).filter(code__startswith=wanted).values_list("code", flat=True), *also}
    codes = (wanted if n == 1 else f"{wanted}-{n}" for n in range(1, len(taken) + 2))
    return next(code for code in codes if code not in taken)


def renew(*, row: R, by: User, begin: Callable[..., R]) -> R:
    """Begin a version that starts as a copy of a public one, by the verb of its kind.

    Raises:
        PermissionDenied: `by` is no agent.
        NotNow: the version is not public yet.
    """
    if not row.is_frozen:
        raise NotNow
    return begin(by=by, item=row.document)


def try_out(*, row: R, by: User) -> R:
    """Mark a draft as ready for the second person.

    Raises:
        PermissionDenied, NotNow: as `own_draft`.
        Faulty: it may not be published as it is.
    """
    with own_draft(row, by) as held:
        if faults := held.faults:
            raise Faulty(faults)
        held.state = State.TESTED
        held.save()
    return held


def publish(*, row: V, by: User) -> V:
    """Publish a version that is ready, as the second of two persons. It takes the place of the version in force.

    Args:
        row: the version as the second person read it.

    Raises:
        NotTwo: `by` may not decide with the author.
        NotNow: it is not ready, or its author changed it since it was read.
        Faulty: it may not be published as it is, which is looked at again.
    """
    with alone(row) as held:
        if held.state != held.READY or held.written_by is None or held.mark != row.mark:
            raise NotNow
        ACTS["publish_version"].require(held.written_by, by)
        if faults := held.faults:
            raise Faulty(faults)
        for former in _rows(type(row)).select_for_update(of=("self",)).filter(code=held.code).published():
            _close(former)
        held.state, held.published_by, held.published_at = State.PUBLISHED, by, timezone.now()
        held.save()
        _note(held, "published")
    return held


def close(*, row: V) -> V:
    """Close the version in force: residents no longer see it. Two persons decide it (`closings`).

    Raises:
        NotNow: the version is not in force.
    """
    with alone(row) as held:
        if held.state != State.PUBLISHED:
            raise NotNow
        _close(held)
        _note(held, "closed")
    return held


def drop(*, row: V, by: User) -> None:
    """Delete a draft, which nobody outside the city's agents has seen. Raises as `own_draft`."""
    with own_draft(row, by) as held:
        held.delete()


def _close(held: Version) -> None:
    held.state, held.closed_at = State.CLOSED, timezone.now()
    held.save()


def _note(held: Version, event: str) -> None:
    subject = held.subject_of(held.code)
    register.write(kind=held.KIND, subject_id=subject, event=f"{held.KIND}_{event}", content=held.registered)


def require_agent(person: User) -> None:
    if not (person.is_active and person.is_staff):
        raise PermissionDenied


@contextmanager
def alone(row: V) -> Iterator[V]:
    """Yield the row, locked.

    Raises:
        NotNow: it was deleted.
    """
    with transaction.atomic():
        rows = _rows(type(row)).select_for_update(of=("self",)).select_related("written_by")
        found = rows.filter(pk=row.pk).first()
        if found is None:
            raise NotNow
        yield cast(V, found)


def _rows(model: type[V]) -> Any:  # noqa: ANN401 - an abstract model has no manager of its own
    return cast(Any, model).objects


@contextmanager
def own_draft(row: V, by: User) -> Iterator[V]:
    """Yield a draft of the agent's own, locked.

    Raises:
        PermissionDenied: `by` did not begin it.
        NotNow: it is published.
    """
    require_agent(by)
    with alone(row) as held:
        if held.is_frozen:
            raise NotNow
        if held.written_by_id != by.pk:
            raise PermissionDenied
        yield held


@contextmanager
def changing(row: R, by: User, rules: Mapping[str, Any] | None, columns: Mapping[str, Any]) -> Iterator[R]:
    """Yield a draft of the agent's own, locked, with these rules and columns, then save it: it is to be tried again.

    Raises:
        PermissionDenied, NotNow: as `own_draft`.
    """
    with own_draft(row, by) as held:
        held.rules = {**held.rules, **(rules or {})}
        for name, value in columns.items():
            setattr(held, name, value)
        held.state = State.DRAFT
        yield held
        held.save()
