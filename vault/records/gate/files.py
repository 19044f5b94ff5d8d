"""Files of a vault, decrypted as they are read: the resident's own files, and the files of a grant."""

from types import TracebackType
from typing import BinaryIO, Self
from uuid import UUID

from django.db import transaction
from django_scopes import scope

from core.files.storage import sealed_storage
from core.keys import sealed
from core.models.rows import check
from vault.records.gate.decrypting import decrypt_papers, journalled
from vault.records.gate.granted_reads import (
    Refused,
    journal_read,
    mark_used,
    note_reading,
    refusal_reason,
    under_grant,
)
from vault.records.gate.locks import lock
from vault.records.grants import documents
from vault.records.models import Grant, Paper, PaperFile
from vault.records.values.decrypted import PaperOpened


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
        check(file, key=box.row_key)
        return sealed_storage.open(file.stored_name, resident_id=resident_id)


def open_side(*, resident_id: UUID, purpose: str, side_id: UUID) -> BinaryIO:
    """Open a file that was added to a paper, for its own check. Until that check, no other function opens it."""
    with scope(resident=resident_id):
        side = PaperFile.objects.select_related("paper").get(pk=side_id)
    with journalled(resident_id, "paper_checked", purpose, [], kind=side.paper.kind) as box:
        check(side, key=box.row_key)
        return sealed_storage.open(side.stored_name, resident_id=resident_id)


def open_kept(*, resident_id: UUID, purpose: str, name: str, event: str = "file_opened") -> BinaryIO:
    """Open a file that a service kept for the resident (`actions.keep_file`), sealed under their key."""
    with journalled(resident_id, event, purpose, []):
        return sealed_storage.open(name, resident_id=resident_id)


def read_file(*, grant: Grant, paper_id: UUID, position: int, visit: UUID | None) -> "tuple[PaperOpened, WatchedFile]":
    """Return a paper of a grant and one of its files, with one journal entry. The grant is checked before each piece.

    Raises:
        Refused, NotAnchored: also when the paper is not in the grant, or no longer in the vault.
    """

    def reading(anchored: bool) -> tuple[PaperOpened, WatchedFile] | None:
        files = PaperFile.objects.select_related("paper").filter(position=position, waiting=False)
        file = files.filter(paper__in=Paper.objects.kept().filter(pk=paper_id, granted__grant=grant)).first()
        box = sealed.box(resident_id=grant.resident_id)
        check(*grant.papers.filter(paper_id=paper_id), key=box.row_key)
        allowed = anchored and file is not None and mark_used(grant, box)
        kind = file.paper.kind if file else ""
        entry = journal_read(
            grant,
            (),
            "granted_downloaded" if allowed else "read_refused",
            box,
            kind=kind,
            reason=refusal_reason(anchored),
        )
        if file is None or not allowed:
            return None
        note_reading(grant, entry, paper_kind=kind or "?", visit=visit)
        [opened] = decrypt_papers([file.paper], box)
        return opened, WatchedFile(grant, sealed_storage.open(file.stored_name, resident_id=grant.resident_id))

    return under_grant(grant, reading)


def read_document(*, grant: Grant, document_id: UUID, visit: UUID | None) -> "WatchedFile":
    """Return a document that a service made and keeps, as `read_file` does for a paper.

    Raises:
        Refused, NotAnchored: also when the document is not in the grant, or was deleted.
    """

    def reading(anchored: bool) -> WatchedFile | None:
        document = next((one for one in documents.opened_by(grant) if one.id == document_id), None)
        box = sealed.box(resident_id=grant.resident_id)
        check(*grant.documents.filter(document_id=document_id), key=box.row_key)
        allowed = anchored and document is not None and mark_used(grant, box)
        event = f"granted_{document.kind}_downloaded" if document and allowed else "read_refused"
        entry = journal_read(grant, (), event, box, reason=refusal_reason(anchored))
        if document is None or not allowed:
            return None
        note_reading(grant, entry, paper_kind=document.kind, visit=visit)
        return WatchedFile(grant, sealed_storage.open(document.stored_name, resident_id=grant.resident_id))

    return under_grant(grant, reading)


class WatchedFile:
    """A decrypted file under a grant. After a stop returns, no further piece is read, whatever the file's length."""

    def __init__(self, grant: Grant, file: BinaryIO) -> None:
        self._grant, self._file = grant, file

    def seek(self, offset: int) -> int:
        return self._file.seek(offset)

    def read(self, size: int) -> bytes:
        """Read a piece, if the grant is still active.

        Raises:
            Refused: the grant was stopped, paused or expired; an entry is written.
        """
        grant = self._grant
        with transaction.atomic(durable=True), scope(resident=grant.resident_id):
            lock(grant, shared=True)
            if Grant.objects.active().filter(pk=grant.pk).exists():
                return self._file.read(size)
        with transaction.atomic(durable=True), scope(resident=grant.resident_id):
            journal_read(grant, (), "read_refused", sealed.box(resident_id=grant.resident_id))
        raise Refused(grant.pk)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
