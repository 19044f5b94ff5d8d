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
    """What a service keeps sealed for the resident in a row of its own (`actions.seal_note`): a letter, their choices."""
    with journalled(resident_id, event, purpose, [], **details):
        note: dict[str, Any] = sealed.unseal_json(content, resident_id=resident_id, place=f"note|{place}")
    return note


def sent_note(
    *, resident_id: UUID, reader: UUID, purpose: str, place: str, content: bytes, event: str, **line: Any
) -> dict[str, Any]:
    """What a resident sent to somebody of the city, or an agent wrote of them, for that person to read. Whether they may, the verb that
    calls this has checked. `line`: what the journal says besides (`journal.write`)."""
    told = {"ground": journal.Ground.OWN, "means": journal.Means.ADMIN} | line
    with transaction.atomic(durable=True), scope(resident=resident_id):
        journal.write(resident_id=resident_id, actor_id=reader, event=event, purpose=purpose, **told)
        note: dict[str, Any] = sealed.unseal_json(content, resident_id=resident_id, place=f"note|{place}")
    return note
