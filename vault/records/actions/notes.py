"""What a service writes for a resident in a row of its own, sealed under their key. `gate.own_note` opens it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core.keys import sealed


def seal_note(*, resident_id: UUID, place: str, note: Mapping[str, Any]) -> bytes:
    """`place` is "table|row|version|field". The prefix keeps `own_note` from opening anything else, a record for one."""
    return sealed.seal_json(dict(note), resident_id=resident_id, place=f"note|{place}")


def unseal_note(*, resident_id: UUID, place: str, content: bytes) -> dict[str, Any]:
    """For a verb that writes what the note holds into the vault of its own resident. A page goes through `gate.own_note`."""
    note: dict[str, Any] = sealed.unseal_json(content, resident_id=resident_id, place=f"note|{place}")
    return note
