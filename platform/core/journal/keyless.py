"""Journals whose resident has no key, compared with the ledger of erasures, which is outside the database.

Each closing writes the ledger before it deletes the key. A key that is missing without it was removed by somebody
else, together with everything sealed under it.
"""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.db import connection

from core.journal import accounts, erasures

#: An entry written before the closing is sealed within an hour of it (`sealing.LONGEST_TURN`).
SEALED_WITHIN = timedelta(hours=2)

# The residents with leaves and no key; whether an entry has its content; the time of the checkpoint before the last
# one that sealed them. The chains of accounts are left out: they have no key.
KEYLESS = """
WITH RECURSIVE walked AS (
    (SELECT resident_id FROM core_journalleaf ORDER BY resident_id LIMIT 1)
    UNION ALL
    SELECT (SELECT resident_id FROM core_journalleaf WHERE resident_id > walked.resident_id
        ORDER BY resident_id LIMIT 1) FROM walked WHERE walked.resident_id IS NOT NULL
)
SELECT resident_id, EXISTS (SELECT FROM core_journalentry entry JOIN core_journalleaf leaf ON leaf.id = entry.leaf_id
        WHERE leaf.resident_id = walked.resident_id),
    (SELECT at FROM core_checkpoint WHERE number = (
        SELECT max(checkpoint_id) - 1 FROM core_journalseal seal WHERE seal.resident_id = walked.resident_id))
FROM walked WHERE resident_id IS NOT NULL AND resident_id::text !~ %s
    AND NOT EXISTS (SELECT FROM keystore.resident_key key WHERE key.resident_id = walked.resident_id)
ORDER BY resident_id
"""


def problems() -> Iterator[str]:
    """Yield the residents whose key is missing without an erasure, and whose journal changed after it.

    Cost: one file of the ledger for each resident without a key.
    """
    with connection.cursor() as cursor:
        cursor.execute(KEYLESS, [accounts.CHAINS])
        found = cursor.fetchall()
    for resident_id, has_content, sealed_after in found:
        erasure = erasures.find(UUID(str(resident_id)))
        if erasure is None:
            yield f"resident {resident_id}: their key was removed, and the ledger has no erasure of it"
        elif has_content:
            yield f"resident {resident_id}: an entry has a content, though the vault is erased"
        elif sealed_after and sealed_after > erasure.at + SEALED_WITHIN:
            yield f"resident {resident_id}: an entry was added after the vault was erased"
