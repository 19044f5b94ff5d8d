"""Notes that a service or an agent keeps sealed for a resident in a row of its own."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django_scopes import scope

from core import journal
from core.keys import sealed
from core.keys.sealed import Box
from vault.records.enums import RefusalCode
from vault.records.gate.decrypting import journalled
from vault.records.gate.granted_reads import Refusal, journal_read, mark_used, note_reading, under_grant
from vault.records.models import Grant

Notes = Mapping[str, dict[str, Any]]


def own_note(
    *, resident_id: UUID, purpose: str, place: str, content: bytes, event: str = "note_opened", **details: object
) -> dict[str, Any]:
    """Return a note that a service keeps sealed for the resident (`actions.seal_note`), such as a letter or their
    choices.
    """
    with journalled(resident_id, event, purpose, [], **details):
        note: dict[str, Any] = sealed.unseal_json(content, resident_id=resident_id, place=f"note|{place}")
    return note


def sent_note(
    *, resident_id: UUID, reader: UUID, purpose: str, place: str, content: bytes, event: str, **entry: Any
) -> dict[str, Any]:
    """Return a note that a resident sent to a person of the city, or that an agent wrote about them, for `reader`.

    The calling verb has checked that `reader` may read it.

    Args:
        entry: other arguments of `journal.write`.
    """
    entry = {"ground": journal.Ground.OWN, "means": journal.Means.ADMIN} | entry
    with transaction.atomic(durable=True), scope(resident=resident_id):
        journal.write(resident_id=resident_id, actor_id=reader, event=event, purpose=purpose, **entry)
        note: dict[str, Any] = sealed.unseal_json(content, resident_id=resident_id, place=f"note|{place}")
    return note


def own_notes(*, resident_id: UUID, purpose: str, notes: Mapping[str, bytes], event: str, **details: object) -> Notes:
    """Return several notes of one row, by place, with one journal entry."""
    with journalled(resident_id, event, purpose, [], **details) as box:
        return _opened(notes, box)


def granted_notes(
    *,
    grant: Grant,
    notes: Mapping[str, bytes],
    event: str,
    refused: Callable[[], RefusalCode | None] = lambda: None,
    **details: str,
) -> Notes:
    """Return notes that a service keeps sealed for the resident, by place, to the recipient of a grant.

    Write one journal entry.

    Args:
        refused: returns why this person may not read for the recipient. It runs after the locks, in a statement of
            its own.

    Raises:
        Refused, NotAnchored
    """

    def reading(refusal: Refusal | None, box: Box) -> Notes | Refusal:
        refusal = refusal or mark_used(grant, box)
        if refusal is None and (code := refused()):
            refusal = Refusal(code)
        entry = journal_read(grant, (), event, box, refusal, **details)
        if refusal:
            return refusal
        note_reading(grant, entry)
        return _opened(notes, box)

    return under_grant(grant, reading)


def _opened(notes: Mapping[str, bytes], box: Box) -> Notes:
    return {place: box.unseal_json(content, place=f"note|{place}") for place, content in notes.items()}
