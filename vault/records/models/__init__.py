"""The models of a vault. Each has its own file; import them from here."""

from vault.records.models.brought import Brought
from vault.records.models.draft import Draft
from vault.records.models.export import Export
from vault.records.models.grant import (
    Grant,
    GrantDocument,
    GrantEvent,
    GrantField,
    GrantPaper,
    GrantReading,
    GrantWrite,
)
from vault.records.models.holder import Holder
from vault.records.models.paper import Paper, PaperFile, PaperQuerySet
from vault.records.models.paper_kind import PaperKind
from vault.records.models.record import RESIDENT, Record, RecordQuerySet

__all__ = [
    "Brought",
    "Draft",
    "Export",
    "Grant",
    "GrantDocument",
    "GrantEvent",
    "GrantField",
    "GrantPaper",
    "GrantReading",
    "GrantWrite",
    "Holder",
    "Paper",
    "PaperFile",
    "PaperKind",
    "PaperQuerySet",
    "RESIDENT",
    "Record",
    "RecordQuerySet",
]
