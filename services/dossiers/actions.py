"""One verb per act on a dossier: each checks the right, locks, writes and journals. Doing it twice changes nothing."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override
from django_scopes import scope, scopes_disabled

from core import jobs, journal
from core.models import Job
from services.aids import catalogue
from services.dossiers import parts, perms
from services.dossiers.composing import RESULT_FIELDS, Material, letter, part_letter
from services.dossiers.enums import Choice, State
from services.dossiers.models import Dossier
from services.dossiers.needs import Need, needs, of_partner, wanted_fields
from services.dossiers.situation import FIELDS, Situation
from vault.records import gate
from vault.records.actions import drop_file, seal_note
from vault.records.content import paper_kinds
from vault.records.models import Paper
from vault.records.values.decrypted import Values

KIND = "dossier"
# Why a reading happened, as the journal keeps it: French, translated when the journal is shown.
PREPARE = gettext_noop("Préparer un dossier")
DOWNLOAD = gettext_noop("Télécharger un dossier")
DELETE = gettext_noop("Effacer un dossier")
#: The key, among the choices, of the other partner's part: left out, the PDF says that it goes without it.
PART = "part"
RECIPIENT_LENGTH, PURPOSE_LENGTH, LETTER_LENGTH = 80, 200, 5000


class UnknownAid(ValueError):
    """No aid of the catalogue has this code."""


class AlreadyBuilt(Exception):
    """The PDF exists: its content no longer changes. Another version is another dossier."""


def start(
    *,
    resident_id: UUID,
    aids: Sequence[str],
    recipient: str = "",
    purpose: str = "",
    token: UUID | None = None,
    number: str = "",
    part_of: str = "",
) -> Dossier:
    """`number` and `part_of` are those of a dossier that completes a partner's.

    Raises:
        UnknownAid: one of the codes is not in the catalogue, or there is none.
    """
    chosen = aids_of(aids)
    with override("fr"):
        title = _joined([aid.title for aid in chosen])
        purpose = purpose or f"Demande\u00a0: {title}"
    columns: dict[str, Any] = {
        "aids": [aid.code for aid in chosen],
        "title": title[:200],
        "recipient": (recipient or chosen[0].organisation)[:RECIPIENT_LENGTH],
        "purpose": purpose[:PURPOSE_LENGTH],
    }
    if part_of:
        columns |= {"number": number, "part_of": part_of}
    with scope(resident=resident_id), transaction.atomic():
        dossier, created = _create(resident_id, token or uuid.uuid4(), columns)
        if created:
            _tell(dossier, resident_id, "dossier_started", PREPARE)
    return dossier


def again(*, dossier: Dossier, by: UUID, token: UUID) -> Dossier:
    """A new draft of the same request, with the same letter and choices: what is already built never changes.

    Another dossier has another number; another version of one's part keeps the number that joins it to the other one's.
    """
    perms.require_owner(dossier, by)
    note = read_note(dossier)
    copy = start(
        resident_id=by,
        aids=dossier.aids,
        recipient=dossier.recipient,
        purpose=dossier.purpose,
        token=token,
        number=dossier.number if dossier.part_of else "",
        part_of=dossier.part_of,
    )
    if note and copy.note is None:
        _change_note(copy, by, lambda written: written or note)
    return copy


def aids_of(codes: Sequence[str]) -> list[catalogue.Aid]:
    """
    Raises:
        UnknownAid
    """
    try:
        found = [catalogue.get(code) for code in dict.fromkeys(codes)]
    except LookupError as error:
        raise UnknownAid(str(error)) from None
    if not found:
        raise UnknownAid("none")
    return found


def state(dossier: Dossier) -> list[Need]:
    """The list of what is asked and what the vault has, opened through the gate: one line in the journal."""
    return list(open_material(dossier, note=read_note(dossier)).lines)


def open_material(dossier: Dossier, *, note: dict[str, Any], with_results: bool = False) -> Material:
    """The values that the aids ask for, and the rows of the papers; no paper is opened here.

    A part tells of its own resident: what they once typed of the other is not theirs to send.
    """
    kinds, aids = paper_kinds.by_code(), aids_of(dossier.aids)
    if dossier.part_of:
        aids = of_partner(aids, kinds)
    fields = list(dict.fromkeys([*wanted_fields(aids), *FIELDS, *(RESULT_FIELDS if with_results else ())]))
    values = gate.read_own(resident_id=dossier.resident_id, purpose=PREPARE, fields=fields)
    if dossier.part_of:
        values = Values([record for record in values if record.person == dossier.resident_id])
    with scope(resident=dossier.resident_id):
        papers = list(Paper.objects.filter(replaced_by=None))
    situation = Situation(values, dossier.resident_id)
    lines = needs(aids=aids, situation=situation, papers=papers, kinds=kinds, choices=note.get("choices", {}))
    counted = parts.counted(dossier.resident_id) if with_results else None
    return Material(situation, lines, {}, part_of=dossier.part_of, counted=counted)


def choose(*, dossier: Dossier, by: UUID, key: str, choice: Choice | None) -> None:
    """Say that a line concerns one or not, or that one keeps it to oneself; None takes the choice back. It never blocks the dossier."""
    perms.require_owner(dossier, by)

    def chosen(note: dict[str, Any]) -> dict[str, Any]:
        others = {name: kept for name, kept in note.get("choices", {}).items() if name != key}
        return {**note, "choices": others if choice is None else {**others, key: choice.value}}

    _change_note(dossier, by, chosen)


def write_letter(*, dossier: Dossier, by: UUID, text: str) -> None:
    perms.require_owner(dossier, by)
    _change_note(dossier, by, lambda note: {**note, "letter": text.strip()[:LETTER_LENGTH]})


def read_note(dossier: Dossier) -> dict[str, Any]:
    """The resident's letter and choices. Nothing written yet: nothing to open, no line."""
    if dossier.note is None:
        return {}
    return gate.own_note(
        resident_id=dossier.resident_id, purpose=PREPARE, place=dossier.note_place, content=bytes(dossier.note)
    )


def letter_of(dossier: Dossier, note: dict[str, Any]) -> str:
    """An empty letter was emptied on purpose: the dossier then goes without one."""
    text: str = note.get(
        "letter", part_letter(dossier.number, dossier.part_of) if dossier.part_of else letter(dossier.title)
    )
    return text


def build(*, dossier: Dossier, by: UUID) -> Job:
    """Start the work, or find it under way. The job's row is written with the change: a broker that is down loses nothing.

    Raises:
        AlreadyBuilt
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
    """The file, the row and what was written go; the seal stays, revoked, to answer whoever still holds a copy."""
    perms.require_owner(dossier, by)
    cancel(dossier=dossier, by=by)
    with scope(resident=by), transaction.atomic():
        row = Dossier.objects.select_for_update(of=("self",)).filter(pk=dossier.pk).first()
        if row is not None:
            _tell(row, by, "part_withdrawn" if row.part_of else "dossier_deleted", DELETE)
            _erase(row)


def download(*, dossier: Dossier, by: UUID) -> BinaryIO:
    """The sealed PDF, opened through the gate. Only a dossier that is ready has one."""
    perms.require_may_download(dossier, by)
    return gate.open_kept(resident_id=by, purpose=DOWNLOAD, name=dossier.stored_name)


def purge() -> int:
    """Delete the dossiers whose day has come, as their page said. Called by the scheduler; one transaction each."""
    parts.forget_parted()
    with scopes_disabled():
        due = list(Dossier.objects.expired().values_list("pk", "resident_id"))
    for key, resident_id in due:
        with scope(resident=resident_id), transaction.atomic():
            row = Dossier.objects.expired().select_for_update(of=("self",), skip_locked=True).filter(pk=key).first()
            if row is not None:
                _tell(row, resident_id, "dossier_expired", DELETE)
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
    """A number that another dossier already has is drawn again; once in thirty million a year."""
    try:
        with transaction.atomic():
            return Dossier.objects.get_or_create(
                resident_id=resident_id, token=token, defaults={**columns, "resident_id": resident_id}
            )
    except IntegrityError:
        return Dossier.objects.get_or_create(
            resident_id=resident_id, token=token, defaults={**columns, "resident_id": resident_id}
        )


def _change_note(dossier: Dossier, by: UUID, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Starts again from what another request has written meanwhile: a choice to keep something to oneself is never lost.

    Raises:
        AlreadyBuilt
    """
    while not _write_note(dossier, by, change(read_note(dossier))):
        with scope(resident=by):
            dossier.refresh_from_db(fields=["note", "note_version"])


def _write_note(dossier: Dossier, by: UUID, note: dict[str, Any]) -> bool:
    """False, and nothing written, when the note is not the one that was read any more.

    Raises:
        AlreadyBuilt
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


def _tell(dossier: Dossier, by: UUID, event: str, purpose: str) -> None:
    details = {"number": dossier.number, "recipient": dossier.recipient}
    journal.write(resident_id=dossier.resident_id, actor_id=by, event=event, purpose=purpose, details=details)


def _joined(titles: Sequence[str]) -> str:
    return (
        titles[0]
        if len(titles) == 1
        else _("%(first)s et %(last)s") % {"first": ", ".join(titles[:-1]), "last": titles[-1]}
    )
