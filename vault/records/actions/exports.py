"""The copy of a whole vault: one sealed ZIP, made by a job, downloaded by its resident, deleted after a week.

Each read through the gate is short. The file is written outside any transaction, and published in the transaction that
ends the job. If the job is killed before, no row names the file, and the sweep deletes it.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import IO, Any, BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts.models import User
from core import jobs, journal, leaving
from core.files.storage import SealedFile
from core.jobs import Cancelled, Running
from core.leaving import Entry
from core.models import City, Job
from vault.records import across, gate, perms
from vault.records.actions.files import drop_file, keep_file
from vault.records.grants import receipts
from vault.records.models import Brought, Export, PaperFile
from vault.records.models.export import KEPT

KIND = "export"
FORMAT = "garant-export-1"
TAKE_AWAY = gettext_noop("Emporter vos données")
#: The time for the files beside the papers, as a number of papers.
OTHERS = 12


class NotReady(Exception):
    """The file is not made yet, or was deleted."""


def ask(*, resident_id: UUID, by: UUID) -> Job:
    """Create the job that makes the copy, or return the active one.

    The former copy is deleted now: one file with a whole vault is enough.
    """
    perms.require_may_write(resident_id, by)
    with transaction.atomic(), scope(resident=resident_id):
        row, _created = Export.objects.select_for_update(of=("self",)).get_or_create(
            resident_id=resident_id, defaults={"resident_id": resident_id}
        )
        if row.job is None or not row.job.active:
            _forget_file(row)
            row.job = jobs.create(resident_id=resident_id, kind=KIND, subject_id=row.pk, purpose=TAKE_AWAY)
            row.save()
            journal.write(resident_id=resident_id, actor_id=by, event="export_asked", purpose=TAKE_AWAY)
        return row.job


def make(*, run: Running) -> None:
    """Make the copy. Idempotent: a copy that is made, deleted or given to another job is left as it is.

    Call it in the resident's scope.

    Raises:
        Cancelled: the resident stopped it, or closed their vault.
    """
    row = Export.objects.filter(pk=run.subject_id).first()
    if row is None or row.stored_name:
        return
    _require_open(row.resident_id)
    made_at = timezone.now()
    with keep_file(resident_id=row.resident_id, kind=Export.FILE) as file:
        _write(file, row.resident_id, made_at, run)
    try:
        _publish(row, file, made_at, run)
    except BaseException:
        with transaction.atomic():
            drop_file(file.name)
        raise


def download(*, export: Export, by: UUID) -> BinaryIO:
    """Open the copy.

    Raises:
        NotReady
    """
    perms.require_may_write(export.resident_id, by)
    if not export.ready:
        raise NotReady
    return gate.open_kept(row=export, purpose=TAKE_AWAY, event="export_downloaded")


def delete(*, export: Export, by: UUID) -> None:
    """Delete a copy before its expiry. Idempotent."""
    perms.require_may_write(export.resident_id, by)
    with transaction.atomic(), scope(resident=export.resident_id):
        row = Export.objects.select_for_update(of=("self",)).filter(pk=export.pk).first()
        if row is not None:
            if row.job is not None and row.job.active:
                jobs.cancel(job=row.job, by=by)
            _forget_file(row)
            row.delete()


@dataclass(frozen=True)
class FromElsewhere:
    """A copy that came from another portal.

    `at` is when it was made there. `signed` is whether the other portal signed it.
    """

    id: UUID
    city: str
    at: datetime
    journal_lines: int
    signed: bool


def brought(*, resident_id: UUID) -> list[FromElsewhere]:
    """Return the copies that the resident brought from other portals. Write no entry if there are none."""
    with scope(resident=resident_id):
        rows = list(Brought.objects.all())
    found = []
    for row in rows:
        note = gate.own_note(resident_id=resident_id, purpose=TAKE_AWAY, place=row.place, content=bytes(row.content))
        at = datetime.fromisoformat(note["made_at"])
        found.append(FromElsewhere(row.pk, note["city"], at, note["journal_lines"], note["signed"]))
    return found


def open_brought(*, row: Brought, by: UUID) -> BinaryIO:
    perms.require_may_write(row.resident_id, by)
    return gate.open_kept(row=row, purpose=TAKE_AWAY)


def purge() -> int:
    """Delete the expired copies, one transaction each. The scheduler calls this."""
    due = across.expired_exports()
    for export in due:
        delete(export=export, by=export.resident_id)
    return len(due)


def _require_open(resident_id: UUID) -> None:
    """Check that the vault is still open: a closed vault gets no copy.

    Raises:
        Cancelled
    """
    if not User.objects.filter(pk=resident_id, is_active=True, is_resident=True).exists():
        raise Cancelled


def _publish(row: Export, file: SealedFile, made_at: datetime, run: Running) -> None:
    with transaction.atomic():
        held = Export.objects.select_for_update(of=("self",)).filter(pk=row.pk, stored_name="").first()
        if held is None:
            raise Cancelled
        _require_open(row.resident_id)
        held.stored_name, held.length, held.made_at, held.expires_at = file.name, file.size, made_at, made_at + KEPT
        held.save(update_fields=["stored_name", "length", "made_at", "expires_at"])
        run.finish()


def _forget_file(row: Export) -> None:
    if row.stored_name:
        drop_file(row.stored_name)
    row.stored_name, row.length, row.made_at, row.expires_at = "", 0, None, None


def _write(file: SealedFile, resident_id: UUID, made_at: datetime, run: Running) -> None:
    copying = gate.copy(resident_id=resident_id, purpose=TAKE_AWAY)
    total = PaperFile.objects.count() + OTHERS
    sums: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(cast(IO[bytes], Outlet(file)), "w", allowZip64=True) as archive:
        for done, entry in enumerate(chain(_readme(made_at), leaving.entries(copying))):
            run.progress(min(done, total - 1), total)
            sums[entry.path] = _put(archive, entry, made_at)
        manifest = json.dumps(_manifest(resident_id, made_at, sums), ensure_ascii=False, indent=1).encode()
        _put(archive, Entry("manifest.json", [manifest]), made_at)
        if signature := receipts.sign_export(hashlib.sha256(manifest).hexdigest()):
            _put(archive, Entry("manifest.jws", [signature.encode()]), made_at)


def _put(archive: zipfile.ZipFile, entry: Entry, made_at: datetime) -> dict[str, Any]:
    """Write one entry of the archive. Return its hash and size, which are known after the last piece."""
    digest, size = hashlib.sha256(), 0
    header = zipfile.ZipInfo(entry.path, date_time=timezone.localtime(made_at).timetuple()[:6])
    header.compress_type = zipfile.ZIP_DEFLATED if entry.packed else zipfile.ZIP_STORED
    header.external_attr = 0o600 << 16
    with archive.open(header, "w", force_zip64=True) as target:
        for piece in entry.chunks:
            target.write(piece)
            digest.update(piece)
            size += len(piece)
    return {"sha256": digest.hexdigest(), "size": size}


def _readme(made_at: datetime) -> Iterator[Entry]:
    for path, language in (("LISEZMOI.txt", "fr"), ("README.txt", "en")):
        with translation.override(language):
            text = render_to_string(
                "records/export/readme.txt", {"city": City.current(), "made_at": made_at, "site": settings.SITE_URL}
            )
        yield Entry(path, [text.strip().encode() + b"\n"])


def _manifest(resident_id: UUID, made_at: datetime, sums: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "made_at": made_at.isoformat(),
        "portal": settings.SITE_URL,
        "city": City.current().label,
        "resident": str(resident_id),
        "files": sums,
    }


class Outlet:
    """A sealed file with the interface that zipfile uses for a file that cannot seek."""

    def __init__(self, file: SealedFile) -> None:
        self.write = file.write

    def flush(self) -> None:
        """Do nothing: a segment is written when it is full."""
