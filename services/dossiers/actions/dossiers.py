"""Operations on a dossier. Each checks the right, locks, writes and journals; all are idempotent."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override
from django_scopes import scope

from core import jobs, journal
from core.models import Job
from core.rows import Forged
from services.aids.actions import urgent_dates
from services.dossiers import across as parts
from services.dossiers import perms, recipients
from services.dossiers.composing import RESULT_FIELDS, Material, letter, part_letter
from services.dossiers.content.needs import (
    Need,
    aids_for_partner,
    condition_fields,
    most_guarantors,
    needs,
    wanted_fields,
)
from services.dossiers.content.situation import FIELDS, Situation
from services.dossiers.enums import Choice, State
from services.dossiers.models import Dossier
from services.procedures import finding
from services.procedures.rules import Rules
from vault.records import gate
from vault.records.actions import drop_file, seal_note
from vault.records.content import paper_kinds
from vault.records.models import Grant, Paper
from vault.records.values.decrypted import Values

KIND = "dossier"
# Purposes stored in the journal in French and translated for display.
PREPARE = gettext_noop("Préparer un dossier")
DOWNLOAD = gettext_noop("Télécharger un dossier")
DELETE = gettext_noop("Effacer un dossier")
#: Key of the choice about the partner's part: `LEFT_OUT` makes the PDF mention that the part is missing.
PART = "part"
#: Key of the choice to tell the office that the request is urgent, and the letter's first line then, in French.
URGENT, URGENT_LINE = "urgent", "Demande urgente.\n\n"
RECIPIENT_LENGTH, PURPOSE_LENGTH, LETTER_LENGTH = 80, 200, 5000


class UnknownAid(ValueError):
    """No procedure has this code, or it takes no requests today."""


class AlreadyBuilt(Exception):
    """The PDF exists and can no longer change; a new version is a new dossier."""


def start(
    *,
    resident_id: UUID,
    aids: Sequence[str],
    recipient: str = "",
    purpose: str = "",
    token: UUID | None = None,
    number: str = "",
    part_of: str = "",
    under: Grant | None = None,
    versions: Mapping[str, int] | None = None,
) -> Dossier:
    """Create a draft, or return the one already created with `token`.

    Args:
        number, part_of: those of the partner's dossier that this one completes.
        under: the grant of the companion who prepares it; the caller holds its lock.
        versions: those of the partner's dossier; else the versions in force.

    Raises:
        UnknownAid: `aids` is empty, or has a code that no open procedure has.
    """
    chosen = aids_of(aids) if versions is None else finding.chosen(aids, versions)
    if not chosen:
        raise UnknownAid("none")
    with override("fr"):
        title = _joined([aid.title for aid in chosen])
        purpose = purpose or f"Demande\u00a0: {title}"
    blank = Dossier(resident_id=resident_id)
    columns: dict[str, Any] = {
        "id": blank.pk,
        "aids": [aid.code for aid in chosen],
        "versions": {aid.code: aid.version for aid in chosen if aid.version},
        "title": title[:200],
        "recipient": recipients.seal(blank, (recipient or chosen[0].organisation)[:RECIPIENT_LENGTH]),
        "purpose": purpose[:PURPOSE_LENGTH],
    }
    if part_of:
        columns |= {"number": number, "part_of": part_of}
    if under is not None:
        columns["prepared_under"] = under.pk
    with scope(resident=resident_id), transaction.atomic():
        dossier, created = _create(resident_id, token or uuid.uuid4(), columns)
        if created and under is None:
            _journal_event(dossier, resident_id, "dossier_started", PREPARE)
    return dossier


def again(*, dossier: Dossier, by: UUID, token: UUID) -> Dossier:
    """Create a new draft of the same request, with the same letter and choices.

    The draft has its own number; a partner's part keeps the number shared with the other part.
    """
    perms.require_owner(dossier, by)
    note = read_note(dossier)
    copy = start(
        resident_id=by,
        aids=dossier.aids,
        recipient=recipients.of(dossier),
        purpose=dossier.purpose,
        token=token,
        number=dossier.number if dossier.part_of else "",
        part_of=dossier.part_of,
    )
    if note and copy.note is None:
        change_note(copy, by, lambda written: written or note)
    return copy


def aids_of(codes: Sequence[str]) -> list[Rules]:
    """Return what procedures ask of who begins today.

    Raises:
        UnknownAid: `codes` is empty, or has a code that no open procedure has.
    """
    try:
        found = finding.current(codes)
    except LookupError as error:
        raise UnknownAid(str(error)) from None
    if not found:
        raise UnknownAid("none")
    return found


def read_needs(dossier: Dossier) -> list[Need]:
    """Return the dossier's needs, read from the vault; write one journal entry."""
    return list(open_material(dossier, note=read_note(dossier)).lines)


def open_material(dossier: Dossier, *, note: dict[str, Any], with_results: bool = False) -> Material:
    """Read the values that the aids require, and list the papers without decrypting any.

    A partner's part holds only values about its own resident, not those that the resident entered about the partner.
    """
    kinds, aids = paper_kinds.by_code(), finding.chosen(dossier.aids, dossier.versions)
    if dossier.part_of:
        aids = aids_for_partner(aids, kinds)
    asked = [*wanted_fields(aids), *condition_fields(aids), *FIELDS, *(RESULT_FIELDS if with_results else ())]
    fields = list(dict.fromkeys(asked))
    values = gate.read_own(resident_id=dossier.resident_id, purpose=PREPARE, fields=fields)
    if dossier.part_of:
        values = Values([record for record in values if record.person == dossier.resident_id])
    with scope(resident=dossier.resident_id):
        papers = list(Paper.objects.filter(replaced_by=None))
    situation = Situation(values, dossier.resident_id)
    lines = needs(
        aids=aids,
        situation=situation,
        papers=papers,
        kinds=kinds,
        choices=note.get("choices", {}),
        guarantors=note.get("guarantors", 0),
        added=note.get("added", {}),
    )
    joint_partner = parts.joint_partner(dossier.resident_id) if with_results else None
    return Material(situation, lines, {}, part_of=dossier.part_of, joint_partner=joint_partner)


def choose(*, dossier: Dossier, by: UUID, key: str, choice: Choice | None) -> None:
    """Record the resident's choice about one need; None removes it. No choice blocks the dossier."""
    perms.require_owner(dossier, by)

    def chosen(note: dict[str, Any]) -> dict[str, Any]:
        others = {name: kept for name, kept in note.get("choices", {}).items() if name != key}
        return {**note, "choices": others if choice is None else {**others, key: choice.value}}

    change_note(dossier, by, chosen)


def say_guarantors(*, dossier: Dossier, by: UUID, count: int) -> None:
    """Note how many guarantors there are. What was added for one who is no more leaves the dossier, not the vault."""
    perms.require_owner(dossier, by)
    most = most_guarantors(finding.chosen(dossier.aids, dossier.versions))
    count = max(0, min(count, most))

    def said(note: dict[str, Any]) -> dict[str, Any]:
        left = {f"guarantor{rank}" for rank in range(1, count + 1)}
        added = {key: ids for key, ids in note.get("added", {}).items() if key.rpartition(":")[2] in left}
        return {**note, "guarantors": count, "added": added}

    change_note(dossier, by, said)


def add_for_guarantor(*, dossier: Dossier, by: UUID, key: str, paper: UUID) -> None:
    """Note that a paper of the vault is a guarantor's, for this need of the dossier and no other. Idempotent."""
    perms.require_owner(dossier, by)

    def added(note: dict[str, Any]) -> dict[str, Any]:
        before = note.get("added", {})
        return {**note, "added": {**before, key: list(dict.fromkeys([*before.get(key, []), str(paper)]))}}

    change_note(dossier, by, added)


def take_new_lists(*, dossier: Dossier, by: UUID) -> None:
    """Let a draft ask what its procedures ask today. The resident's choices and letter stay. Idempotent.

    Raises:
        AlreadyBuilt: the PDF exists.
        UnknownAid: a procedure is closed.
    """
    perms.require_owner(dossier, by)
    versions = {aid.code: aid.version for aid in aids_of(dossier.aids) if aid.version}
    with scope(resident=by), transaction.atomic():
        row = _locked(dossier)
        if row.state == State.READY:
            raise AlreadyBuilt
        if row.versions != versions:
            row.versions = versions
            row.save(update_fields=["versions"])
            _journal_event(row, by, "dossier_list_renewed", PREPARE)


def write_letter(*, dossier: Dossier, by: UUID, text: str) -> None:
    perms.require_owner(dossier, by)
    written = text.replace("\r\n", "\n").removeprefix(URGENT_LINE).strip()
    change_note(dossier, by, lambda note: {**note, "letter": written[:LETTER_LENGTH]})


def read_note(dossier: Dossier) -> dict[str, Any]:
    """Return the resident's letter and choices. Without a note, nothing is decrypted or journalled."""
    if dossier.note is None and dossier.note_version > 1:
        raise Forged(dossier)  # somebody emptied it: what its resident left out would be in it
    if dossier.note is None:
        return {}
    return gate.own_note(
        resident_id=dossier.resident_id, purpose=PREPARE, place=dossier.note_place, content=bytes(dossier.note)
    )


def letter_of(dossier: Dossier, note: dict[str, Any]) -> str:
    """Return the letter, or the default one if the resident wrote none. A cleared letter stays empty.

    Its first line says that the request is urgent, if the resident chose to tell it.
    """
    text: str = note.get(
        "letter", part_letter(dossier.number, dossier.part_of) if dossier.part_of else letter(dossier.title)
    )
    return URGENT_LINE + text if says_urgent(note) else text


def says_urgent(note: Mapping[str, Any]) -> bool:
    return bool(note.get("choices", {}).get(URGENT) == Choice.CONCERNED)


def is_urgent(dossier: Dossier) -> bool:
    """Return whether the dossier is for an aid that may help in an urgent situation that its resident dated.

    Nothing in the dossier's row depends on it. It writes an entry if the resident told a date.
    """
    return not dossier.part_of and urgent_dates.concern(resident_id=dossier.resident_id, aids=dossier.aids)


def build(*, dossier: Dossier, by: UUID) -> Job:
    """Start the build job, or return the active one. The job's row is written in the same transaction, so a broker
    failure loses nothing.

    Raises:
        AlreadyBuilt: the PDF exists.
    """
    perms.require_owner(dossier, by)
    with scope(resident=by), transaction.atomic():
        row = _locked(dossier)
        if row.state == State.READY:
            raise AlreadyBuilt
        if row.job is None or not row.job.active:
            row.job = jobs.create(resident_id=by, kind=KIND, subject_id=row.pk, purpose=PREPARE)
            row.save(update_fields=["job"])
        return row.job


def cancel(*, dossier: Dossier, by: UUID) -> None:
    perms.require_owner(dossier, by)
    if dossier.job is not None and dossier.job.active:
        jobs.cancel(job=dossier.job, by=by)


def delete(*, dossier: Dossier, by: UUID) -> None:
    """Delete the dossier, its note and its file. The seal stays, revoked, for the verification page."""
    perms.require_owner(dossier, by)
    cancel(dossier=dossier, by=by)
    with scope(resident=by), transaction.atomic():
        row = Dossier.objects.select_for_update(of=("self",)).filter(pk=dossier.pk).first()
        if row is not None:
            _journal_event(row, by, "part_withdrawn" if row.part_of else "dossier_deleted", DELETE)
            _erase(row)


def download(*, dossier: Dossier, by: UUID) -> BinaryIO:
    """Open the sealed PDF of a ready dossier through the gate."""
    perms.require_may_download(dossier, by)
    return gate.open_kept(row=dossier, purpose=DOWNLOAD)


def purge() -> int:
    """Delete the expired dossiers, one transaction each, and return their number. Run by the scheduler."""
    parts.forget_parted()
    due = parts.expired_dossiers()
    for key, resident_id in due:
        with scope(resident=resident_id), transaction.atomic():
            row = Dossier.objects.expired().select_for_update(of=("self",), skip_locked=True).filter(pk=key).first()
            if row is not None:
                _journal_event(row, resident_id, "dossier_expired", DELETE)
                _erase(row)
    return len(due)


def _erase(row: Dossier) -> None:
    seal, name = row.seal, row.stored_name
    parts.forget([row.pk])
    row.delete()
    if seal is not None and seal.revoked_at is None:
        seal.revoked_at = timezone.now()
        seal.save(update_fields=["revoked_at"])
    if name:
        drop_file(name)


def _create(resident_id: UUID, token: UUID, columns: dict[str, Any]) -> tuple[Dossier, bool]:
    """Create the row. If another dossier has the number (once in thirty million a year), draw another."""
    try:
        with transaction.atomic():
            return Dossier.objects.get_or_create(
                resident_id=resident_id, token=token, defaults={**columns, "resident_id": resident_id}
            )
    except IntegrityError:
        return Dossier.objects.get_or_create(
            resident_id=resident_id, token=token, defaults={**columns, "resident_id": resident_id}
        )


def change_note(dossier: Dossier, by: UUID, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Apply `change` to the note; apply it again to the new version if another request has written meanwhile.

    Raises:
        AlreadyBuilt: the PDF exists.
    """
    while not _write_note(dossier, by, change(read_note(dossier))):
        with scope(resident=by):
            dossier.refresh_from_db(fields=["note", "note_version"])


def _write_note(dossier: Dossier, by: UUID, note: dict[str, Any]) -> bool:
    """Write the note. Return False, without writing, if the note has changed since it was read.

    Raises:
        AlreadyBuilt: the PDF exists.
    """
    with scope(resident=by), transaction.atomic():
        row = _locked(dossier)
        if row.state == State.READY:
            raise AlreadyBuilt
        if row.note_version != dossier.note_version:
            return False
        row.note_version += 1
        row.note = seal_note(resident_id=by, place=row.note_place, note=note)
        row.save(update_fields=["note", "note_version"])
    dossier.note, dossier.note_version = row.note, row.note_version
    return True


def _locked(dossier: Dossier) -> Dossier:
    return Dossier.objects.select_for_update(of=("self",)).select_related("job").get(pk=dossier.pk)


def _journal_event(dossier: Dossier, by: UUID, event: str, purpose: str) -> None:
    details = {"number": dossier.number, "recipient": recipients.of(dossier)}
    journal.write(resident_id=dossier.resident_id, actor_id=by, event=event, purpose=purpose, details=details)


def _joined(titles: Sequence[str]) -> str:
    return (
        titles[0]
        if len(titles) == 1
        else _("%(first)s et %(last)s") % {"first": ", ".join(titles[:-1]), "last": titles[-1]}
    )
