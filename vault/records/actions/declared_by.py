"""Values declared by a recipient of a grant, in its own name. `vault.sharing.actions.writing` checks that it may."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from core.keys import sealed
from core.models.rows import check_current
from vault.records.actions.records import Invalid, Source, Subject, content_of, made, one_at_a_time, problems_of
from vault.records.enums import Assurance, Method
from vault.records.models import Record
from vault.types.record_identity import same_thing

Value = tuple[str, Mapping[str, Any]]


def write_declared(*, resident_id: UUID, name: str, values: Sequence[Value]) -> list[Value]:
    """Write values about the resident, declared by `name`, and return those that are new; the caller journals.

    Call it in the caller's transaction, in the resident's scope. A value supersedes only what the same name wrote
    about the same thing. One that is there, or that the resident withdrew, is left out.

    Raises:
        Invalid: a value does not follow its type.
    """
    source = Source(holder=name, method=Method.API_PUSH, assurance=Assurance.DECLARED)
    problems = [text for type_code, payload in values for text in problems_of(type_code, payload, source)]
    if problems:
        raise Invalid(problems)
    one_at_a_time(resident_id)
    box = sealed.box(resident_id=resident_id)
    return [one for one in values if _write_one(box, resident_id, source, *one)]


def _write_one(box: sealed.Box, resident_id: UUID, source: Source, type_code: str, payload: Mapping[str, Any]) -> bool:
    older = None
    for row, held in _before(box, resident_id, source, type_code):
        is_current = row.withdrawn_at is None and not Record.objects.filter(supersedes=row).exists()
        if held == payload and (is_current or row.withdrawn_at is not None):
            return False
        if is_current and same_thing(type_code, held, payload):
            older = row
    if older is not None:
        check_current(older)
    subject = Subject(type=type_code, person=resident_id)
    made(box, resident_id, subject, payload, source, older=older).save(force_insert=True)
    return True


def _before(
    box: sealed.Box, resident_id: UUID, source: Source, type_code: str
) -> Iterator[tuple[Record, Mapping[str, Any]]]:
    """Yield what the same name wrote of this type, with its payload, also what was withdrawn since."""
    rows = Record.objects.of(type_code, resident_id).filter(holder=source.holder, method=source.method)
    for row in rows.filter(assurance=source.assurance).order_by("created_at"):
        yield row, content_of(row, box)["payload"]
