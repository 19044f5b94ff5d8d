"""A version of what agents write, from its draft to its end: written by one agent, published by another.

Local aids, urgent situations and procedures are such versions. Each verb that residents may see in its effects,
publishing and closing, is an entry of the city's register.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar, cast
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
from services.aids.models import FROZEN, LocalAid, State, Version

V = TypeVar("V", bound=Version)
CODE_LENGTH: Final = 50
NAMES: Final = UUID("6f6a2c0e-5c5f-4d0b-9b51-2f6d0a6a1b15")


class NotNow(Exception):
    """The version is in another state: somebody acted before."""


class Faulty(Exception):
    """The version has faults, each in a sentence."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(*faults)
        self.faults = list(faults)


def subject_of(kind: str, code: str) -> UUID:
    """Return the id of an aid or a situation in the register, the same for all its versions."""
    return uuid5(NAMES, code if kind == LocalAid.KIND else f"{kind}|{code}")


def next_number(model: type[V], code: str) -> int:
    """Return the number of the next version, under a lock. Call it in the transaction that writes the version."""
    locks.hold(model.KIND, subject_of(model.KIND, code))
    held: int = _rows(model).filter(code=code).aggregate(found=Max("version"))["found"] or 0
    return held + 1


def new_code(model: type[V], label: str, also: Collection[str] = ()) -> str:
    """Return a code that no version has, nor `also`, made of a name, under a lock.

    Call it in the transaction that writes the version. Lock order: this one, then that of `next_number`.
    """
    wanted = slugify(label)[:CODE_LENGTH] or model.KIND
    locks.hold(f"{model.KIND}_code", subject_of(model.KIND, wanted))
    taken = {*_rows(model).filter(code__startswith=wanted).values_list("code", flat=True), *also}
    codes = (wanted if n == 1 else f"{wanted}-{n}" for n in range(1, len(taken) + 2))
    return next(code for code in codes if code not in taken)


def try_out(*, row: V, by: User) -> V:
    """Mark a draft as ready for the second person.

    Raises:
        PermissionDenied, NotNow: as `own_draft`.
        Faulty: it may not be published as it is.
    """
    with own_draft(row, by) as held:
        if faults := held.faults:
            raise Faulty(faults)
        held.state = State.TESTED
        held.save(update_fields=["state", "updated_at"])
    return held


def publish(*, row: V, by: User, seen: str | None = None) -> V:
    """Publish a tested version, as the second of two persons. It takes the place of the version in force.

    Args:
        seen: when it was last written (`updated_at`), as the page said that `by` read; None for a caller without a
            page.

    Raises:
        NotTwo: `by` may not decide with the author.
        NotNow: it is not a tested version, or its author wrote it again since it was read.
        Faulty: as `try_out`, which is done again.
    """
    with alone(row) as held:
        if held.state != State.TESTED or held.written_by is None:
            raise NotNow
        if seen is not None and seen != held.updated_at.isoformat():
            raise NotNow
        DECIDING.require(held.written_by, by)
        if faults := held.faults:
            raise Faulty(faults)
        for former in _rows(type(row)).select_for_update(of=("self",)).filter(code=held.code).published():
            _close(former)
        held.state, held.published_by, held.published_at = State.PUBLISHED, by, timezone.now()
        held.save(update_fields=["state", "published_by", "published_at", "updated_at"])
        _note(held, "published")
    return held


def close(*, row: V, by: User) -> V:
    """Close the version in force: residents no longer see it.

    Raises:
        PermissionDenied: `by` is no agent.
        NotNow: the version is not in force.
    """
    require_agent(by)
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
    held.save(update_fields=["state", "closed_at", "updated_at"])


def _note(held: Version, event: str) -> None:
    content = {"code": held.code, "version": held.version, "label": held.label}
    subject = subject_of(held.KIND, held.code)
    register.write(kind=held.KIND, subject_id=subject, event=f"{held.KIND}_{event}", content=content)


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
        if held.state in FROZEN:
            raise NotNow
        if held.written_by_id != by.pk:
            raise PermissionDenied
        yield held
