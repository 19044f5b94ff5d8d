"""The only entry point for reading a vault's values and papers.

Each read opens its own transaction, writes a journal entry, then decrypts. If the entry cannot be written, nothing is
decrypted.

`read_own`, `own_*`, `open_*` and `copy` serve the resident. `read*` serve a recipient under a grant: they take the
grant's shared lock, and check the grant in the next statement. After `grants.stop` returns, no new read succeeds:
`stop` takes the same lock exclusively (`locked_exclusively`, `lock_exclusively`). A kind of recipient may add a check
and a lock of its own, which stop all its readings at once (`RecipientKind.refusal`, `lock_key`).

Lock order: household, grants, values, journal. Exception: `read*` locks the journal, then tries the shared locks
without waiting, so `stop` waits for at most one read. `read_together` locks several journals, and waits for none.
"""

from vault.records.gate.decrypting import UnknownField, require_known
from vault.records.gate.files import WatchedFile, open_file, open_kept, open_side, read_document, read_file
from vault.records.gate.granted_reads import (
    NotAnchored,
    Refusal,
    Refused,
    active,
    read,
    read_all,
    read_brought,
    read_newer,
    read_to_compute,
    read_with_notes,
    why_inactive,
    why_not_now,
)
from vault.records.gate.locks import lock_exclusively, lock_shared, locked_exclusively
from vault.records.gate.notes import granted_notes, own_note, own_notes, sent_note
from vault.records.gate.own_reads import (
    copy,
    own_history,
    own_of_type,
    own_page,
    own_paper,
    own_papers,
    own_received,
    own_record,
    own_uploads,
    read_own,
    read_own_with_note,
)
from vault.records.gate.together import Notes, Read, open_together, read_together

__all__ = [
    "NotAnchored",
    "Notes",
    "Read",
    "Refusal",
    "Refused",
    "UnknownField",
    "WatchedFile",
    "active",
    "copy",
    "granted_notes",
    "lock_exclusively",
    "lock_shared",
    "locked_exclusively",
    "open_file",
    "open_kept",
    "open_side",
    "open_together",
    "own_history",
    "own_note",
    "own_notes",
    "own_of_type",
    "own_page",
    "own_paper",
    "own_papers",
    "own_received",
    "own_record",
    "own_uploads",
    "read",
    "read_all",
    "read_brought",
    "read_document",
    "read_file",
    "read_newer",
    "read_own",
    "read_own_with_note",
    "read_to_compute",
    "read_together",
    "read_with_notes",
    "require_known",
    "sent_note",
    "why_inactive",
    "why_not_now",
]
