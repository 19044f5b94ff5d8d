"""Notes that a service writes for a resident in a row of its own, sealed under their key.

`gate.own_note` decrypts them.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core.keys import sealed


def seal_note(*, resident_id: UUID, place: str, note: Mapping[str, Any]) -> bytes:
    """Seal a note for `place`, "table|row|version|field". The prefix stops `own_note` from decrypting a record."""
    return sealed.seal_json(dict(note), resident_id=resident_id, place=f"note|{place}")


def unseal_note(*, resident_id: UUID, place: str, content: bytes) -> dict[str, Any]:
    """Decrypt a note, for a verb that writes its content into the vault of its resident.

    A page uses `gate.own_note`.
    """
    note: dict[str, Any] = sealed.unseal_json(content, resident_id=resident_id, place=f"note|{place}")
    return note
