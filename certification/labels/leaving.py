"""Leaving: a resident's complaints are copied and erased. Publishers, their requests and their labels stay."""

from collections.abc import Iterator
from uuid import UUID

from certification.labels.actions import evidence
from certification.labels.models import Complaint
from core import leaving
from core.leaving import Copying, Entry, Rows
from vault.records.copies.copy_files import note, table

PUBLIC = "the charter, public"
WORK = "a publisher's request, and what agents found: no resident"
LABEL = "a label, public"
OWNER = "the resident's number: the whole copy is theirs"
NUMBER = "the row's own number: it means nothing once the row is gone"

ROWS = [
    *(Rows(f"labels.{name}", nobody=PUBLIC) for name in ("CharterVersion", "Criterion", "Signature")),
    *(
        Rows(f"labels.{name}", nobody=WORK)
        for name in (
            "Service",
            "LabelRequest",
            "Purpose",
            "PurposeField",
            "PurposePaper",
            "Answer",
            "Review",
            "Message",
            "Notice",
            "HolderContact",
            "Evidence",
            "PublisherKey",
        )
    ),
    *(Rows(f"labels.{name}", nobody=WORK) for name in ("CheckRun", "CheckResult", "SignalAddress", "ContactProof")),
    *(Rows(f"labels.{name}", nobody=LABEL) for name in ("PurposeVersion", "Label", "LabelPurpose", "LabelChange")),
]
ROWS.append(
    Rows(
        "labels.Complaint",
        copied="id created_at service_id about answered_at upheld content",
        erased={
            "resident_id": OWNER,
            "told_at version": NUMBER,
            "answered_by": "the agent's own number; who answers is a function",
        },
    )
)


def copy(copying: Copying) -> Iterator[Entry]:
    yield table(
        "signalements.json", (leaving.export_row(row, content=note(row, copying)) for row in Complaint.objects.all())
    )


def erase(resident_id: UUID) -> None:
    leaving.delete_rows(resident_id, Complaint)


APP = leaving.App("labels", ROWS, level=38, copy=copy, erase=erase, purge=evidence.delete_due)
