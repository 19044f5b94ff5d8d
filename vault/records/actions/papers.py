"""Receive, describe, replace and delete papers. A paper is the proof of the values that were confirmed from it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts.models import User
from core import jobs, journal
from core.files import resumable
from core.files.storage import SealedFile, sealed_storage
from core.files.uploads import SealedUpload
from core.keys import sealed
from vault.records import gate, perms
from vault.records.actions.comparing import COMPARED, check_input_of
from vault.records.actions.proofs import leaning_on, prove, unprove
from vault.records.actions.records import content_of, one_at_a_time
from vault.records.enums import Method, PaperState
from vault.records.models import Paper, PaperFile, PaperKind, Record
from vault.records.papers import checks
from vault.records.papers.answering import Asked
from vault.records.papers.file_names import clean_name
from vault.records.values import persons
from vault.records.values.decrypted import CheckLine, Values

RECEIVE = gettext_noop("Ajouter un papier à votre coffre")
CHECK = gettext_noop("Contrôler un papier que vous avez ajouté")
DELETE = gettext_noop("Supprimer un papier de votre coffre")
CHANGE = gettext_noop("Préciser ce qu’est un papier")

JOB = "read_paper"


class NotReady(Exception):
    """The paper does not wait for its resident's answer: it is not checked yet, refused or deleted."""


def receive_paper(
    *,
    resident_id: UUID,
    kind: str | None,
    upload: SealedUpload,
    by: UUID | None = None,
    token: UUID | None = None,
    replaces: Paper | None = None,
    asked: Asked | None = None,
) -> Paper:
    """Put a file in quarantine and ask for its check. The same form sent twice with the same file gives one paper.

    The bytes are already sealed and durable, so a row never lacks its file. The sweep deletes a file without a row.
    `asked` is the request that this file answers.

    Raises:
        OverQuota: the vault is full.
        resumable.Gone: the form of an upload in parts was sent again, after its paper was deleted.
    """
    perms.require_may_write(resident_id, by or resident_id)
    paper = Paper(pk=uuid4(), resident_id=resident_id, kind=kind or "", replaces=replaces)

    def added(kept: Paper) -> None:
        journal_paper_event(kept, by or resident_id, "paper_added", RECEIVE)
        if asked is not None:
            asked.received(kept)

    return take_in(paper, upload, token, added)


def take_in(
    paper: Paper, upload: SealedUpload, token: UUID | None, write_entry: Callable[[Paper], None], brought_by: str = ""
) -> Paper:
    """Do what `receive_paper` does, once the right is checked.

    Args:
        write_entry: writes the journal entry.
        brought_by: the name of the companion or agent who adds the paper for its resident.
    """
    resident_id = paper.resident_id
    if upload.became is not None:
        return _already(resident_id, upload.became)
    # A form sent again with another file, after the browser's back button, must not lose that file.
    paper.token = uuid5(token or uuid4(), upload.sha256)
    content = {
        "name": clean_name(upload.name or ""),
        "media_type": "",
        "sha256": upload.sha256,
        "declared": paper.kind,
    }
    if brought_by:
        content["brought_by"] = brought_by
    with scope(resident=resident_id):
        try:
            with transaction.atomic():
                upload.keep(resident_id=resident_id, became=paper.pk)
                _seal(paper, content)
                paper.save(force_insert=True)
                PaperFile.objects.create(
                    resident_id=resident_id, paper=paper, stored_name=upload.stored_name, size=upload.size or 0
                )
                write_entry(paper)
                jobs.create(resident_id=resident_id, kind=JOB, subject_id=paper.pk, purpose=CHECK)
        except IntegrityError:
            return Paper.objects.get(token=paper.token)
    return paper


def keep_specimen(*, resident_id: UUID, by: UUID, kind: str, name: str, content: bytes) -> Paper:
    """Keep a PDF that was made for a persona, without any check: it proves no value. Once for each kind.

    Raises:
        PermissionDenied: not a persona. Nothing enters a resident's vault unchecked.
    """
    perms.require_may_write(resident_id, by)
    if not User.objects.filter(pk=resident_id, is_persona=True).exists():
        raise PermissionDenied
    token = uuid5(resident_id, kind)
    paper = Paper(resident_id=resident_id, kind=kind, token=token, issued_on=timezone.localdate())
    with scope(resident=resident_id):
        if there := Paper.objects.filter(token=token).first():
            return there
        file = _sealed(resident_id, content)
        try:
            with transaction.atomic():
                _keep_whole(paper, name, file)
                journal_paper_event(paper, by, "paper_kept", RECEIVE)
        except IntegrityError:
            # Two developers opened the same persona at once. The sweep deletes this file, which no row keeps.
            return Paper.objects.get(token=token)
    return paper


def keep_proof(
    *, paper: Paper, record_id: UUID, name: str, content: bytes, pages: int, brought_by: str
) -> Record | None:
    """Keep a PDF that the portal drew of a record which an organisation wrote: it proves that record from now on.

    Nothing is checked, since nothing came from outside. Call it in the resident's scope and in the transaction that
    writes the journal entry. Return the record's successor, or None if the record was corrected or withdrawn
    meanwhile: then no paper is kept.

    Raises:
        PermissionDenied: the record was not sent by an organisation.
    """
    one_at_a_time(paper.resident_id)
    record = Record.objects.current().select_for_update(of=("self",)).filter(pk=record_id).first()
    if record is None:
        return None
    if record.method != Method.API_PUSH:
        raise PermissionDenied
    _keep_whole(paper, name, _sealed(paper.resident_id, content), pages=pages, brought_by=brought_by)
    return prove(record, paper)


def _sealed(resident_id: UUID, content: bytes) -> SealedFile:
    """Seal a PDF. The sweep deletes a file that no row keeps, as after a transaction that is taken back."""
    with sealed_storage.create(resident_id=resident_id) as file:
        file.write(content)
    return file


def _keep_whole(paper: Paper, name: str, file: SealedFile, *, pages: int = 1, brought_by: str = "") -> None:
    """Write a paper of one PDF, already kept."""
    paper.state, paper.kept_at = PaperState.KEPT, timezone.now()
    words = {"name": clean_name(name), "media_type": "application/pdf", "pages": pages, "sha256": file.sha256}
    _seal(paper, {**words, "declared": paper.kind, **({"brought_by": brought_by} if brought_by else {})})
    paper.save(force_insert=True)
    PaperFile.objects.create(resident_id=paper.resident_id, paper=paper, stored_name=file.name, size=file.size)


def replace_paper(*, paper: Paper, by: UUID, upload: SealedUpload, token: UUID | None = None) -> Paper:
    """Add the newer paper. The older one is deleted when the newer one is confirmed."""
    return receive_paper(
        resident_id=paper.resident_id, kind=paper.kind, upload=upload, by=by, token=token, replaces=paper
    )


def set_kind(*, paper: Paper, by: UUID, kind: str) -> Paper:
    """Set the kind of a paper, and run the checks of that kind."""
    return _change(paper, by, kind=kind)


def set_dates(*, paper: Paper, by: UUID, issued_on: date | None, expires_on: date | None) -> Paper:
    """Set the dates written on a paper. Without an end date, the rule of its kind gives it."""
    return _change(paper, by, issued_on=issued_on, expires_on=expires_on)


def delete_paper(*, paper: Paper, by: UUID) -> list[Record]:
    """Delete a paper and its files. Its values stay without their proof; return their new records."""
    perms.require_may_write(paper.resident_id, by)
    with transaction.atomic(), scope(resident=paper.resident_id):
        held = Paper.objects.select_for_update().filter(pk=paper.pk).first()
        return _delete(held, by) if held is not None else []


def _already(resident_id: UUID, paper_id: UUID) -> Paper:
    with scope(resident=resident_id):
        paper = Paper.objects.filter(pk=paper_id).first()
    if paper is None:
        raise resumable.Gone
    return paper


def _change(paper: Paper, by: UUID, **columns: Any) -> Paper:
    """Change the description of a paper, and run again the checks that depend on it."""
    perms.require_may_write(paper.resident_id, by)
    known = gate.read_own(resident_id=paper.resident_id, purpose=CHANGE, fields=COMPARED, event="paper_compared")
    with transaction.atomic(), scope(resident=paper.resident_id):
        held = Paper.objects.select_for_update().get(pk=paper.pk)
        if held.state not in {PaperState.TO_CONFIRM, PaperState.KEPT}:
            raise NotReady
        before = held.expires_on
        for name, value in columns.items():
            setattr(held, name, value)
        kind = PaperKind.objects.filter(code=held.kind).first()
        if held.expires_on is None and kind is not None:
            held.expires_on = kind.expiry(held.issued_on)
        birth = persons.persons(known, resident_id=held.resident_id)[0].birth_date
        held.expires_on = checks.identity.counts_until(held.kind, held.issued_on, held.expires_on, birth)
        held.told_at = held.told_at if held.expires_on == before else None
        content = content_of_paper(held)
        check_again(held, {**content, "declared": columns.get("kind", content["declared"])}, known)
        journal_paper_event(held, by, "paper_described", CHANGE)
    return held


def check_again(held: Paper, content: dict[str, Any], known: Values) -> None:
    """Run the comparing checks again; keep the results of the reading."""
    kind = PaperKind.objects.filter(code=held.kind).first()
    found = [CheckLine(**check) for check in content.get("found", [])]
    content["checks"] = [
        sealed_check(check) for check in checks.run(check_input_of(held, content, kind, known), found)
    ]
    rewrite_paper(held, content)


def _delete(paper: Paper, by: UUID) -> list[Record]:
    one_at_a_time(paper.resident_id)
    records = [unprove(record, paper) for record, _names in leaning_on(paper)]
    named = [f"{record.type}#/{name}" for record in records for name in content_of(record)["payload"]]
    journal_paper_event(paper, by, "paper_deleted", DELETE, named)
    Record.objects.filter(paper=paper).update(paper=None)
    drop_files(paper)
    paper.delete()
    return records


def delete_replaced(paper_id: UUID, by: UUID) -> None:
    older = Paper.objects.select_for_update().filter(pk=paper_id).first()
    if older is not None:
        _delete(older, by)


def drop_files(paper: Paper) -> None:
    """Delete the rows now and the sealed files after the commit.

    After a crash in between, the sweep deletes the files.
    """
    names = list(paper.files.values_list("stored_name", flat=True))
    paper.files.all().delete()
    for name in names:
        transaction.on_commit(partial(sealed_storage.delete, name), robust=True)


def content_of_paper(paper: Paper) -> dict[str, Any]:
    content: dict[str, Any] = sealed.unseal_json(paper.content, resident_id=paper.resident_id, place=paper.place)
    return content


def _seal(paper: Paper, content: Mapping[str, Any]) -> None:
    paper.content = sealed.seal_json(dict(content), resident_id=paper.resident_id, place=paper.place)


def rewrite_paper(paper: Paper, content: Mapping[str, Any]) -> None:
    """Seal the content for a new version, so that an older content put back cannot be decrypted."""
    paper.version += 1
    _seal(paper, content)
    paper.save()


def sealed_check(check: CheckLine) -> dict[str, str]:
    return {"code": check.code, "outcome": str(check.outcome), "text": check.text, "said": check.said}


def journal_paper_event(paper: Paper, by: UUID, event: str, purpose: str, fields: Sequence[str] = ()) -> None:
    details = {"kind": paper.kind} if paper.kind else {}
    journal.write(
        resident_id=paper.resident_id, actor_id=by, event=event, purpose=purpose, fields=fields, details=details
    )
