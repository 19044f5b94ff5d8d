"""Leaving: the treatment of core's own rows. Apps that show uploads and journals export them."""

import json
from collections.abc import Iterator
from uuid import UUID

from django.db import connection

from core import jobs, leaving
from core.files import resumable
from core.files.storage import sealed_storage
from core.leaving import Copying, Entry, Rows
from core.models import Job, Phone, RowHead, Upload

NUMBER = "the resident's number and the row's own: they mean nothing once the row is gone"
PROOF = "the pseudonymous proof that a journal was kept and not changed: hashes and moments, no content"
STEP = "an upload that is under way: what it becomes is a paper, which is copied"

ROWS = [
    Rows("core.City", nobody="the city's own words and colours"),
    Rows("core.LegalPage", nobody="the city's own words"),
    Rows("core.HelpPage", nobody="the city's own words"),
    Rows("core.CityKey", nobody="the city's own key, which makes the MACs of accounts"),
    Rows("core.RowMac", nobody="a MAC, deleted with its row"),
    Rows("core.Used", nobody="names without a person of what was used in the last eight days"),
    Rows(
        "core.Written",
        nobody="hashes of MACs, each with a salt, of the ids that the journal's leaves keep, and of deleted rows' ids",
    ),
    Rows("core.WorkerBeat", nobody="signs of life of processes"),
    Rows("core.Checkpoint", nobody="signed hashes over all journals at once, published"),
    Rows("core.RegisterEntry", nobody="public acts of the city, published"),
    Rows("core.JournalLeaf", kept={"id resident_id number at leaf chain xid": PROOF}),
    Rows("core.JournalSeal", kept={"id checkpoint_id resident_id position number chain": PROOF}),
    Rows("core.JournalEntry", copied="content", erased={"id resident_id created_at leaf_id": NUMBER}),
    Rows("core.RowHead", erased={"resident_id counter tags ended counts mac": "proof of rows, erased with them"}),
    Rows(
        "core.ResidentKey",
        erased={"resident_id version kid wrapped created_at": "the key: without it nothing sealed opens"},
    ),
    Rows(
        "core.Job",
        copied="id created_at kind state purpose basis finished_at",
        erased={
            "resident_id subject_id": NUMBER,
            "done total problem attempts losses sent_at heartbeat_at cancel_asked": "how far a machine was with it",
        },
    ),
    Rows(
        "core.Phone",
        copied="content",
        erased={
            "id resident_id created_at": NUMBER,
            "lookup": "made from the number: whether one accepts to be asked by it",
        },
    ),
    Rows("core.Upload", erased={"id resident_id created_at length received became expires_at content": STEP}),
    Rows("core.UploadPart", erased={"id resident_id created_at upload_id start stored_name": STEP}),
]


def copy(copying: Copying) -> Iterator[Entry]:
    rows = [leaving.export_row(job) for job in Job.objects.order_by("created_at")]
    phones = [leaving.export_row(row, content=copying.unseal(row.content, row.place)) for row in Phone.objects.all()]
    yield Entry("telephone.json", [json.dumps(phones, indent=1).encode()])
    yield Entry("travaux.json", [json.dumps(rows, ensure_ascii=False, indent=1).encode()])


def erase(resident_id: UUID) -> None:
    """Delete the resident's rows. Entries are deleted by the one allowed database function, after the key."""
    leaving.delete_rows(resident_id, Upload, Job, Phone, RowHead)
    with connection.cursor() as cursor:
        cursor.execute("SELECT core_erase_journal(%s)", [resident_id])


def purge() -> None:
    jobs.purge()
    resumable.sweep()
    sealed_storage.sweep()


APP = leaving.App("core", ROWS, level=10, copy=copy, erase=erase, purge=purge)
