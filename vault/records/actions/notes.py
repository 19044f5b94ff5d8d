"""Notes that a service writes for a resident in a row of its own, sealed under their key.

`gate.own_note` decrypts them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import transaction

from core.keys import make_key, sealed
from core.models.many_rows import write_together
from core.models.rows import AuthenticatedRow


@contextmanager
def same_work(*, resident_id: UUID, is_there: bool) -> Iterator[None]:
    """Seal and journal in the block, in the caller's transaction, whether or not there is such a vault.

    If there is none, a key is made for the block, and all that it wrote is taken back: who measures how long an answer
    takes does not learn it.
    """
    with transaction.atomic():
        if not is_there:
            make_key(resident_id=resident_id)
        yield
        if not is_there:
            transaction.set_rollback(True)


def seal_note(*, resident_id: UUID, place: str, note: Mapping[str, Any]) -> bytes:
    """Seal a note for `place`, "table|row|version|field". The prefix stops `own_note` from decrypting a record."""
    return sealed.seal_json(dict(note), resident_id=resident_id, place=f"note|{place}")


def write_note(row: AuthenticatedRow, *, place: str, note: Mapping[str, Any], **columns: Any) -> None:
    """Seal a note into `content` of a row that the caller has locked and just loaded, and write it with other columns.

    The resident's key is read once. `place` as in `seal_note`.

    Raises:
        Forged: the row was not as the portal wrote it.
        KeyMissing: the resident's key was erased.
    """
    box = sealed.box(resident_id=row.resident_id)  # type: ignore[attr-defined]  # a resident's
    row.write(key=box.row_key, content=box.seal_json(dict(note), place=f"note|{place}"), **columns)


def write_notes(notes: Sequence[tuple[AuthenticatedRow, str, Mapping[str, Any], sealed.Box]], *columns: str) -> None:
    """Seal a note into `content` of each of these rows of one model, and write it with these columns as they are now.

    The caller has locked, just loaded and checked the rows, then set the columns.

    Args:
        notes: each row, its place as in `seal_note`, its note, and its resident's box.
    """
    for row, place, note, box in notes:
        setattr(row, "content", box.seal_json(dict(note), place=f"note|{place}"))  # noqa: B010 - each model has one
    keys = [box.row_key for _row, _place, _note, box in notes]
    write_together([row for row, *_of in notes], keys, "content", *columns)


def unseal_note(*, resident_id: UUID, place: str, content: bytes) -> dict[str, Any]:
    """Decrypt a note, for a verb that writes its content into the vault of its resident.

    A page uses `gate.own_note`.
    """
    note: dict[str, Any] = sealed.unseal_json(content, resident_id=resident_id, place=f"note|{place}")
    return note
