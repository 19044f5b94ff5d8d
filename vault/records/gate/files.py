"""Files of a vault, decrypted as they are read: the resident's own files, and the files of a grant."""

import hashlib
from collections.abc import Callable
from types import TracebackType
from typing import BinaryIO, Self
from uuid import UUID

from django.db import transaction
from django_scopes import scope

from core.files.storage import SealedReader, sealed_storage
from core.keys import sealed
from core.keys.sealed import Box
from core.models import FileRow
from core.models.rows import Forged, check
from vault.records.enums import RefusalCode
from vault.records.gate.decrypting import decrypt_papers, journalled
from vault.records.gate.granted_reads import (
    Refusal,
    Refused,
    journal_read,
    mark_used,
    note_reading,
    under_grant,
    why_inactive,
)
from vault.records.gate.locks import lock_shared
from vault.records.grants import documents
from vault.records.grants.documents import Document
from vault.records.models import Grant, Paper, PaperFile
from vault.records.values.decrypted import PaperOpened

NOT_COVERED = Refusal(RefusalCode.NOT_COVERED)
#: Returns why this person may not read for the recipient of a grant.
Check = Callable[[], RefusalCode | None]


def _allowed() -> RefusalCode | None:
    return None


def _by(refused: Check) -> Refusal | None:
    return Refusal(code) if (code := refused()) else None


def open_file(
    *, resident_id: UUID, purpose: str, paper_id: UUID, position: int = 0, event: str = "file_opened"
) -> BinaryIO:
    """Open a file of a paper, decrypted as it is read.

    Raises:
        PaperFile.DoesNotExist: the resident has no such file; no entry is written.
    """
    with scope(resident=resident_id):
        file = PaperFile.objects.select_related("paper").get(paper_id=paper_id, position=position, waiting=False)
    with journalled(resident_id, event, purpose, [], kind=file.paper.kind) as box:
        check(file, file.paper, key=box.row_key)
        return _open(file)


def open_side(*, resident_id: UUID, purpose: str, side_id: UUID) -> BinaryIO:
    """Open a file that was added to a paper, for its own check. Until that check, no other function opens it."""
    with scope(resident=resident_id):
        side = PaperFile.objects.select_related("paper").get(pk=side_id)
    with journalled(resident_id, "paper_checked", purpose, [], kind=side.paper.kind) as box:
        check(side, side.paper, key=box.row_key)
        return _open(side)


def open_kept(*, row: FileRow, purpose: str, event: str = "file_opened") -> BinaryIO:
    """Open a file that a service kept for the resident (`actions.keep_file`), sealed under their key.

    Raises:
        Forged: the portal did not write the row as it is.
    """
    with journalled(_resident_of(row), event, purpose, []) as box:
        check(row, key=box.row_key)
        return _open(row)


def read_file(
    *,
    grant: Grant,
    paper_id: UUID,
    position: int,
    visit: UUID | None,
    event: str = "granted_downloaded",
    refused: Check = _allowed,
    **details: str,
) -> "tuple[PaperOpened, WatchedFile]":
    """Return a paper of a grant and one of its files, with one journal entry. The grant is checked before each piece.

    Args:
        refused: as in `granted_notes`; it also runs before each piece.

    Raises:
        Refused, NotAnchored: also when the paper is not in the grant, or no longer in the vault.
    """

    def reading(refusal: Refusal | None, box: Box) -> tuple[PaperOpened, WatchedFile] | Refusal:
        files = PaperFile.objects.select_related("paper").filter(position=position, waiting=False)
        file = files.filter(paper__in=Paper.objects.kept().filter(pk=paper_id, granted__grant=grant)).first()
        check(*grant.papers.filter(paper_id=paper_id), key=box.row_key)
        refusal = refusal or (mark_used(grant, box, things=[paper_id]) if file else NOT_COVERED)
        refusal = refusal or _by(refused)
        kind = file.paper.kind if file else ""
        entry = journal_read(grant, (), event, box, refusal, kind=kind, **details)
        if file is None or refusal:
            return refusal or NOT_COVERED
        note_reading(grant, entry, paper_kind=kind or "?", visit=visit)
        [opened] = decrypt_papers([file.paper], box)
        stored = _open(file)
        return opened, WatchedFile(grant, paper_id, stored, refused)

    return under_grant(grant, reading)


def read_document(
    *,
    grant: Grant,
    document_id: UUID,
    visit: UUID | None,
    event: str = "",
    refused: Check = _allowed,
    **details: str,
) -> "WatchedFile":
    """Return a document that a service made and keeps, as `read_file` does for a paper.

    Args:
        event: of the entry; without it, that of the document's kind.

    Raises:
        Refused, NotAnchored: also when the document is not in the grant, or was deleted.
    """

    def reading(refusal: Refusal | None, box: Box) -> WatchedFile | Refusal:
        given = list(grant.documents.filter(document_id=document_id))
        document = next((one for one in documents.held() if one.id == document_id), None) if given else None
        check(*given, *([document.row] if document else []), key=box.row_key)
        refusal = refusal or (mark_used(grant, box, things=[document_id]) if document else NOT_COVERED)
        refusal = refusal or _by(refused)
        of_kind = f"granted_{document.kind}_downloaded" if document else ""
        entry = journal_read(grant, (), event or of_kind, box, refusal, **details)
        if document is None or refusal:
            return refusal or NOT_COVERED
        note_reading(grant, entry, paper_kind=document.kind, visit=visit)
        return WatchedFile(grant, document_id, _open_document(document), refused)

    return under_grant(grant, reading)


def _resident_of(row: FileRow) -> UUID:
    resident_id: UUID = row.resident_id  # type: ignore[attr-defined]  # each such row is a resident's
    return resident_id


def _open(row: FileRow) -> SealedReader:
    """Open the file of a row whose MAC was checked."""
    return sealed_storage.open(row.stored_name, resident_id=_resident_of(row), kind=row.FILE)


def _open_document(document: Document) -> SealedReader:
    """Open a document whose row was checked.

    Its name and kind are sealed with the file, so nothing else opens by this row. A file from before kinds was named
    by a row without a MAC: its bytes are compared with the hash that its seal has had under a MAC since.

    Raises:
        Forged: the file is not the document's.
    """
    stored = _open(document.row)
    if stored.without_kind:
        if hashlib.file_digest(stored, "sha256").hexdigest() != document.sha256:
            stored.close()
            raise Forged(document.row)
        stored.seek(0)
    return stored


class WatchedFile:
    """A decrypted file under a grant, of a paper or document.

    After the grant is stopped, or the paper taken out of it, no further piece is read, whatever the file's length.
    """

    def __init__(self, grant: Grant, thing: UUID, file: BinaryIO, refused: Check = _allowed) -> None:
        self._grant, self._thing, self._file, self._refused = grant, thing, file, refused

    def seek(self, offset: int) -> int:
        return self._file.seek(offset)

    def read(self, size: int) -> bytes:
        """Read a piece, if the grant is still active and its recipient may still read.

        Raises:
            Refused: the grant was stopped, paused, narrowed or expired, or its recipient suspended; an entry is
                written.
        """
        grant = self._grant
        with transaction.atomic(durable=True), scope(resident=grant.resident_id):
            lock_shared(grant)
            refusal = why_inactive(grant, self._thing) or _by(self._refused)
            if refusal is None:
                return self._file.read(size)
        with transaction.atomic(durable=True), scope(resident=grant.resident_id):
            journal_read(grant, (), "", sealed.box(resident_id=grant.resident_id), refusal)
        raise Refused(grant.pk, refusal)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
