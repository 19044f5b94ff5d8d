"""One verb per act on a vault: each checks the right, locks, writes, and journals. Views, tasks and services call these."""

from vault.actions.bulk import Told, Written, withdraw_data, write_many
from vault.actions.data import ask_to_keep, keep_data, name_columns
from vault.actions.drafts import DraftOpened, answer, drop_draft, finish_draft, open_draft, start_draft
from vault.actions.expiry import tell_expiring
from vault.actions.files import drop_file, keep_file
from vault.actions.identity import keep_identity
from vault.actions.notes import seal_note
from vault.actions.papers import (
    AlreadyOne,
    Answers,
    NotReady,
    check_paper,
    confirm_paper,
    contradicts,
    delete_paper,
    receive_paper,
    replace_paper,
    set_dates,
    set_kind,
    would_supersede,
)
from vault.actions.records import Invalid, Superseded, add_record, correct_record, forget_derived, withdraw_record
from vault.actions.requests import (
    AlreadySent,
    NotSent,
    change_request,
    delete_request,
    known_parts,
    note_step,
    open_request,
    start_request,
    tell_late,
)
from vault.actions.sides import add_side, check_sides, drop_side, move_side

__all__ = [
    "AlreadyOne",
    "AlreadySent",
    "Answers",
    "DraftOpened",
    "Invalid",
    "NotReady",
    "NotSent",
    "Superseded",
    "Told",
    "Written",
    "add_record",
    "add_side",
    "answer",
    "change_request",
    "ask_to_keep",
    "check_paper",
    "check_sides",
    "confirm_paper",
    "contradicts",
    "correct_record",
    "delete_paper",
    "delete_request",
    "drop_draft",
    "drop_file",
    "drop_side",
    "finish_draft",
    "forget_derived",
    "keep_data",
    "keep_file",
    "keep_identity",
    "known_parts",
    "move_side",
    "note_step",
    "name_columns",
    "open_draft",
    "open_request",
    "receive_paper",
    "replace_paper",
    "seal_note",
    "set_dates",
    "set_kind",
    "start_draft",
    "start_request",
    "tell_expiring",
    "tell_late",
    "withdraw_data",
    "withdraw_record",
    "would_supersede",
    "write_many",
]
