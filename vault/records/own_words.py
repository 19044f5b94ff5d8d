"""Words that a resident wrote beside their data, in a row of a service, such as whom a dossier is for.

They are sealed under the resident's key. Like the names of grants (vault/records/grants/recipient_names.py), they are
not values of the vault: listing one's own rows writes no journal entry.
"""

from collections.abc import Mapping
from uuid import UUID

from core.keys import sealed

#: Stops `opened` from decrypting anything else, such as a record.
PREFIX = "words|"


def seal(words: str, *, resident_id: UUID, place: str) -> bytes:
    """Seal words for `place`, "table|row|version|field"."""
    return sealed.seal_json({"words": words}, resident_id=resident_id, place=PREFIX + place)


def opened(rows: Mapping[str, bytes], *, resident_id: UUID) -> dict[str, str]:
    """Return the decrypted words, by place. Cost: one query for all rows, none without rows."""
    if not rows:
        return {}
    box = sealed.box(resident_id=resident_id)
    return {place: box.unseal_json(content, place=PREFIX + place)["words"] for place, content in rows.items()}
