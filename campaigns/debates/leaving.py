"""Leaving: who wrote what and the proven identity are erased. Posts stay, without an author; so do ballots, sealed."""

from collections.abc import Iterator
from uuid import UUID

from campaigns.debates.models import Authorship, IdentityCheck, ProvenIdentity
from core import leaving
from core.leaving import Copying, Entry, Rows
from vault.records.copies.copy_files import table

SEALED = "sealed under a pseudonym until the count, so that nobody votes, leaves, and votes again"
PUBLIC = "public, and does not name who wrote it"

ROWS = [
    *(Rows(f"debates.{name}", nobody=SEALED) for name in ("BallotArrival", "Ballot", "PaperSlip")),
    *(Rows(f"debates.{name}", nobody=PUBLIC) for name in ("Post", "Moderation", "Vote")),
    Rows("debates.Authorship", copied="id created_at post_id", erased={"resident_id": "the vault itself"}),
    Rows(
        "debates.IdentityCheck",
        copied="id created_at checked_at",
        erased={
            "resident_id": "the vault itself",
            "pseudonym": "only the portal can read it",
            "checked_by_id": "an agent; the journal names them",
        },
    ),
    Rows(
        "debates.ProvenIdentity",
        copied="id created_at means",
        erased={"resident_id": "the vault itself", "pseudonym": "only the portal can read it"},
    ),
]


def copy(copying: Copying) -> Iterator[Entry]:
    """Yield what the resident wrote in debates, and how they proved who they are."""
    written = Authorship.objects.select_related("post").order_by("created_at")
    rows = [
        leaving.export_row(row) | {"title": row.post.title, "text": row.post.text, "kind": row.post.kind}
        for row in written
    ]
    rows += [leaving.export_row(row) for row in ProvenIdentity.objects.all()]
    rows += [leaving.export_row(row) for row in IdentityCheck.objects.all()]
    yield table("debats.json", iter(rows))


def erase(resident_id: UUID) -> None:
    leaving.delete_rows(resident_id, Authorship, IdentityCheck, ProvenIdentity)


APP = leaving.App("debates", ROWS, level=70, copy=copy, erase=erase)
