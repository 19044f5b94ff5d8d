"""A version of a procedure, from its draft to its end: written by one agent, published by another.

Publishing and closing, which residents see, are entries of the city's register.
"""

from collections.abc import Iterator, Mapping
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
from services.aids import catalogue
from services.aids.actions.versions import Faulty, NotNow
from services.procedures import denied, finding, rules, shipping
from services.procedures.enums import State
from services.procedures.models import Procedure
from vault.records.content import paper_kinds

__all__ = ["Faulty", "NotNow", "begin", "begin_new", "change", "close", "drop", "propose", "publish", "renew"]

#: The kind of entries of the register, and of the lock that numbers versions.
KIND: Final = "procedure"
#: The kind of lock under which a new procedure gets its code. Lock order: this one, then that of its versions.
NAMING: Final = "procedure_code"
CODE_LENGTH: Final = 50
NAMES: Final = UUID("0d2b5f7e-6c1d-4c5a-9a55-6f0f2c1f7a49")


def subject_of(code: str) -> UUID:
    """Return the id of a procedure in the register, the same for all its versions."""
    return uuid5(NAMES, code)


def begin(*, by: User, item: Mapping[str, Any]) -> Procedure:
    """Begin the next version of a procedure as a draft. `item` has the format of files; its version is given here.

    Raises:
        PermissionDenied: `by` is no agent, or the code is that of a national procedure.
        Faulty: it cannot be read.
    """
    _require_agent(by)
    if finding.is_national(str(item.get("code"))):
        raise PermissionDenied
    if faults := rules.problems({**item, "version": 1}):
        raise Faulty(faults)
    with transaction.atomic():
        locks.hold(KIND, subject_of(item["code"]))
        held = Procedure.objects.filter(code=item["code"]).aggregate(found=Max("version"))["found"] or 0
        return Procedure.objects.create(written_by=by, **shipping.columns({**item, "version": held + 1}))


def begin_new(*, by: User, item: Mapping[str, Any]) -> Procedure:
    """Begin a procedure under a code of its own, made of its title. Two of one title at once have two codes.

    Raises:
        PermissionDenied, Faulty: as `begin`.
    """
    wanted = slugify(item["title"])[:CODE_LENGTH] or KIND
    with transaction.atomic():
        locks.hold(NAMING, subject_of(wanted))
        taken = set(Procedure.objects.filter(code__startswith=wanted).values_list("code", flat=True))
        taken |= {aid.code for aid in catalogue.all_aids()}
        codes = (wanted if n == 1 else f"{wanted}-{n}" for n in range(1, len(taken) + 2))
        return begin(by=by, item={**item, "code": next(code for code in codes if code not in taken)})


def renew(*, procedure: Procedure, by: User) -> Procedure:
    """Begin a version that starts as a copy of a public one.

    Raises:
        PermissionDenied: `by` is no agent.
        NotNow: the version is not public yet.
    """
    if not procedure.is_frozen:
        raise NotNow
    return begin(by=by, item=procedure.document)


def change(
    *, procedure: Procedure, by: User, seen: int, rules_: Mapping[str, Any] | None = None, **columns: Any
) -> Procedure:
    """Write a part of a draft: the rules that are named, the title and the dates. It is to be proposed again.

    Args:
        seen: how often the draft had been written when its page was shown.

    Raises:
        PermissionDenied: `by` did not begin the draft.
        NotNow: it is published, or was written since by another page.
        Faulty: it cannot be read any more.
    """
    with _own_draft(procedure, by) as held:
        if held.changes != seen:
            raise NotNow
        held.rules = {**held.rules, **(rules_ or {})}
        for name, value in columns.items():
            setattr(held, name, value)
        if faults := rules.problems(held.document):
            raise Faulty(faults)
        held.changes += 1
        held.state = State.DRAFT
        held.save()
    return held


def propose(*, procedure: Procedure, by: User) -> Procedure:
    """Give a draft to a second person, who reads and publishes it.

    Raises:
        PermissionDenied, NotNow: as `change`.
        Faulty: it asks what the law denies, or lacks something, each in a sentence.
    """
    with _own_draft(procedure, by) as held:
        _require_lawful(held)
        held.state = State.PROPOSED
        held.save(update_fields=["state"])
    return held


def publish(*, procedure: Procedure, by: User) -> Procedure:
    """Publish a proposed version, as the second of two persons. It takes the place of the version in force.

    Raises:
        NotTwo: `by` may not decide with the author.
        NotNow: it is not a proposed version.
        Faulty: as `propose`, which is done again: the kinds of paper may have changed.
    """
    with _alone(procedure) as held:
        if held.state != State.PROPOSED or held.written_by is None:
            raise NotNow
        DECIDING.require(held.written_by, by)
        _require_lawful(held)
        locks.hold(KIND, subject_of(held.code))
        for former in Procedure.objects.select_for_update(of=("self",)).filter(code=held.code).published():
            _close(former)
        held.state, held.published_by, held.published_at = State.PUBLISHED, by, timezone.now()
        held.save(update_fields=["state", "published_by", "published_at"])
        _note(held, "published")
    return held


def close(*, procedure: Procedure, by: User) -> Procedure:
    """Close the version in force: nobody can begin a dossier of it any more.

    Raises:
        PermissionDenied: `by` is no agent.
        NotNow: it is not in force.
    """
    _require_agent(by)
    with _alone(procedure) as held:
        if held.state != State.PUBLISHED:
            raise NotNow
        _close(held)
        _note(held, "closed")
    return held


def drop(*, procedure: Procedure, by: User) -> None:
    """Delete a draft, which nobody outside the city's agents has seen. Raises as `change`."""
    with _own_draft(procedure, by) as held:
        held.delete()


def lacks(document: Mapping[str, Any]) -> list[str]:
    """Return what keeps a draft from being proposed: what is to write, then what the law denies."""
    return [*rules.to_write(document), *(one.sentence for one in denied.refusals(document, paper_kinds.by_code()))]


def _require_lawful(held: Procedure) -> None:
    if faults := rules.problems(held.document) or lacks(held.document):
        raise Faulty(faults)


def _close(held: Procedure) -> None:
    held.state, held.closed_at = State.CLOSED, timezone.now()
    held.save(update_fields=["state", "closed_at"])


def _note(held: Procedure, event: str) -> None:
    content = {"code": held.code, "version": held.version, "title": held.title}
    register.write(kind=KIND, subject_id=subject_of(held.code), event=f"procedure_{event}", content=content)


def _require_agent(person: User) -> None:
    if not (person.is_active and person.is_staff):
        raise PermissionDenied


@contextmanager
def _alone(procedure: Procedure) -> Iterator[Procedure]:
    with transaction.atomic():
        rows = Procedure.objects.select_for_update(of=("self",)).select_related("written_by")
        held = rows.filter(pk=procedure.pk).first()
        if held is None:
            raise NotNow
        yield held


@contextmanager
def _own_draft(procedure: Procedure, by: User) -> Iterator[Procedure]:
    _require_agent(by)
    with _alone(procedure) as held:
        if held.is_frozen:
            raise NotNow
        if held.written_by_id != by.pk:
            raise PermissionDenied
        yield held
