"""Notes that a service or an agent keeps sealed for a resident in a row of its own."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django_scopes import scope

from core import journal
from core.keys import sealed
from vault.records.gate.decrypting import journalled


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
