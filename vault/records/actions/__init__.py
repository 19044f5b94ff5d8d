"""Verbs on a vault. Each checks the right, locks, writes and journals; views, tasks and services call these."""

from vault.records.actions.bulk import Reception, Written, withdraw_data, write_many
from vault.records.actions.confirming import AlreadyOne, Answers, confirm_paper, contradicts, would_supersede
from vault.records.actions.data import ask_to_keep, keep_data, name_columns
from vault.records.actions.drafts import (
    DraftOpened,
    Replaces,
    answer,
    drop_draft,
    finish_draft,
    open_draft,
    start_draft,
)
from vault.records.actions.expiry import notify_expiring_papers
from vault.records.actions.files import drop_file, keep_file
from vault.records.actions.identity import keep_identity
from vault.records.actions.notes import seal_note, write_note, write_notes
from vault.records.actions.paper_checks import check_paper
from vault.records.actions.paper_files import add_side, check_sides, drop_side, move_side
from vault.records.actions.papers import (
    NotReady,
    delete_paper,
    keep_proof,
    keep_specimen,
    receive_paper,
    replace_paper,
    set_dates,
    set_kind,
)
from vault.records.actions.records import (
    Invalid,
    Source,
    Subject,
    Superseded,
    add_record,
    correct_record,
    forget_derived,
    withdraw_record,
)

__all__ = [
    "AlreadyOne",
    "Answers",
    "DraftOpened",
    "Invalid",
    "NotReady",
    "Reception",
    "Source",
    "Subject",
    "Replaces",
    "Superseded",
    "Written",
    "add_record",
    "add_side",
    "answer",
    "ask_to_keep",
    "check_paper",
    "check_sides",
    "confirm_paper",
    "contradicts",
    "correct_record",
    "delete_paper",
    "drop_draft",
    "drop_file",
    "drop_side",
    "finish_draft",
    "forget_derived",
    "keep_data",
    "keep_file",
    "keep_identity",
    "keep_proof",
    "move_side",
    "name_columns",
    "keep_specimen",
    "notify_expiring_papers",
    "open_draft",
    "receive_paper",
    "replace_paper",
    "seal_note",
    "set_dates",
    "set_kind",
    "start_draft",
    "withdraw_data",
    "withdraw_record",
    "would_supersede",
    "write_many",
    "write_note",
    "write_notes",
]
