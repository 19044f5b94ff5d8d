"""The recipient of a dossier, in the resident's words: sealed under their key, or in a part under the partner's."""

from collections.abc import Sequence
from uuid import UUID

from core.leaving import Copying
from services.dossiers.models import Dossier, Part
from vault.records import own_words


def of(row: Dossier | Part) -> str:
    return of_all([row])[row.pk]


def of_all(rows: Sequence[Dossier | Part]) -> dict[UUID, str]:
    """Return the recipient of each row; all must belong to one resident. Cost: one query."""
    if not rows:
        return {}
    found = own_words.opened(
        {row.recipient_place: bytes(row.recipient) for row in rows}, resident_id=rows[0].resident_id
    )
    return {row.pk: found[row.recipient_place] for row in rows}


def copied(row: Dossier | Part, copying: Copying) -> str:
    words: str = copying.unseal(row.recipient, own_words.PREFIX + row.recipient_place)["words"]
    return words


def seal(row: Dossier | Part, recipient: str) -> bytes:
    return own_words.seal(recipient, resident_id=row.resident_id, place=row.recipient_place)
