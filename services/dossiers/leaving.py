"""Copy and erase a leaving resident's dossiers. Seals stay, revoked, for the verification page."""

import json
from collections.abc import Iterator
from uuid import UUID

from django.utils import timezone
from django_scopes import scope

from core import leaving
from core.leaving import Copying, Entry, Rows
from services.dossiers import across as parts
from services.dossiers import recipients
from services.dossiers.actions import dossiers as actions
from services.dossiers.models import Dossier, Part, Seal
from vault.records.copies.copy_files import chunks, opened

NUMBER = "the resident's number and the row's own: they mean nothing once the row is gone"
PROOF = "hashes and dates, nothing of whom: the public page answers that the dossier is withdrawn"

ROWS = [
    Rows("dossiers.Seal", kept={"id code data_hash file_hash issuer pages issued_at expires_at revoked_at": PROOF}),
    Rows(
        "dossiers.Dossier",
        copied="id created_at number part_of aids versions title recipient purpose prepared_under state note"
        " used_papers used_records built_at expires_at",
        erased={
            "resident_id token job_id seal_id note_version closing_told": NUMBER,
            "stored_name size pages paper_pages": "the file itself is in the copy",
        },
    ),
    Rows(
        "dossiers.Part",
        copied="created_at number aids versions recipient answer answered_at",
        erased={"id resident_id dossier_id asker_id member_id": NUMBER},
    ),
]


def copy(copying: Copying) -> Iterator[Entry]:
    rows = []
    for place, row in enumerate(Dossier.objects.order_by("created_at"), 1):
        note = copying.unseal(row.note, f"note|{row.note_place}") if row.note is not None else {}
        found = leaving.export_row(row, note=note, recipient=recipients.copied(row, copying))
        if row.stored_name:
            file = opened(copying, row)
            if file is not None:
                found["path"] = f"dossiers/{place:03}-{row.file_name}"
                yield Entry(found["path"], chunks(file), packed=False)
        rows.append(found)
    asked = [
        leaving.export_row(part, recipient=recipients.copied(part, copying))
        for part in Part.objects.order_by("created_at")
    ]
    yield Entry(
        "dossiers.json", [json.dumps({"dossiers": rows, "asked_of_me": asked}, ensure_ascii=False, indent=1).encode()]
    )


def erase(resident_id: UUID) -> None:
    with scope(resident=resident_id):
        found = list(Dossier.objects.select_for_update(of=("self",)).values_list("pk", "seal_id"))
    parts.forget([key for key, _seal in found])
    leaving.delete_rows(resident_id, Dossier, Part)
    Seal.objects.filter(pk__in=[seal for _key, seal in found if seal], revoked_at=None).update(
        revoked_at=timezone.now()
    )


APP = leaving.App("dossiers", ROWS, level=41, copy=copy, erase=erase, purge=actions.purge)
