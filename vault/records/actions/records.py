"""Values: add, correct, withdraw. Nothing is overwritten: what changes is a new record that supersedes the old one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import journal, locks
from core.keys import sealed
from vault import types
from vault.records import perms
from vault.records.enums import Assurance, Method, Role
from vault.records.models import RESIDENT, Paper, Record
from vault.records.values.decrypted import Origin
from vault.records.values.periods import months_of, period_of, validity_of
from vault.types.plausible import implausible
from vault.types.record_identity import same_thing
from vault.types.spans import Span

ADD = gettext_noop("Ajouter une valeur à votre coffre")
CORRECT = gettext_noop("Corriger une valeur de votre coffre")
WITHDRAW = gettext_noop("Retirer une valeur de votre coffre")


class Invalid(ValueError):
    """The payload is not what its type says, or cannot be. `problems` are sentences for the person."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = list(problems)


class Superseded(Exception):
    """The record changed or was withdrawn since the person opened it."""


@dataclass(frozen=True)
class Subject:
    """Whose values, about which time, until when they count. What is left out is read in the payload itself."""

    type: str
    person: UUID
    role: str = Role.SELF
    period: Span[datetime] | None = None
    validity: Span[date] | None = None
    type_version: str | None = None


@dataclass(frozen=True)
class Source:
    """Where a payload comes from, and which of its fields come from elsewhere."""

    holder: str = RESIDENT
    method: str = Method.TYPED
    assurance: str = Assurance.DECLARED
    retrieved_at: datetime = field(default_factory=timezone.now)
    issued_at: datetime | None = None
    paper_id: UUID | None = None
    origins: Mapping[str, Origin] = field(default_factory=dict)
    quality: Sequence[str] = ()
    proof: Mapping[str, Any] = field(default_factory=dict)

    @property
    def origin(self) -> Origin:
        return Origin(self.holder, self.method, self.assurance, self.retrieved_at, self.issued_at, self.paper_id)


def add_record(
    *,
    resident_id: UUID,
    by: UUID,
    type: str,
    payload: Mapping[str, Any],
    person: UUID | None = None,
    role: str = Role.SELF,
    type_version: str | None = None,
    period: Span[datetime] | None = None,
    validity: Span[date] | None = None,
    holder: str = RESIDENT,
    method: str = Method.TYPED,
    assurance: str = Assurance.DECLARED,
    retrieved_at: datetime | None = None,
    issued_at: datetime | None = None,
    paper: Paper | None = None,
    origins: Mapping[str, Origin] | None = None,
    quality: Sequence[str] = (),
    proof: Mapping[str, Any] | None = None,
    supersedes: Record | UUID | None = None,
    in_place: bool = False,
    purpose: str = ADD,
) -> Record:
    """Put one record in the vault.

    `supersedes` names the record it takes the place of; `in_place` takes the place of the current one about the same
    person and period, where there is one. `proof` holds parser, signature, consent: the rest of the envelope's provenance.

    Raises:
        PermissionDenied: `by` is not the resident.
        Invalid: the payload is not what its type says.
        Superseded: the record to take the place of is not current any more.
    """
    perms.require_may_write(resident_id, by)
    subject = Subject(type, person or resident_id, role, period, validity, type_version)
    paper_id = paper.pk if paper else None
    source = Source(
        holder,
        method,
        assurance,
        retrieved_at or timezone.now(),
        issued_at,
        paper_id,
        origins or {},
        quality,
        proof or {},
    )
    with transaction.atomic(), scope(resident=resident_id):
        one_at_a_time(resident_id)
        older = _older(supersedes) if supersedes else None
        if older is None and in_place:
            older = same_subject(subject, payload)
        record = write(resident_id, subject, payload, source, older=older)
        journal_record_event(record, by, "record_added", purpose, payload)
    return record


def correct_record(*, record: Record, by: UUID, payload: Mapping[str, Any], purpose: str = CORRECT) -> Record:
    """Supersede a record by what the resident says: the fields that change become declared, the others keep their origin.

    The same correction twice gives one record.

    Raises:
        Superseded: it was changed or withdrawn since it was opened.
    """
    perms.require_may_write(record.resident_id, by)
    with transaction.atomic(), scope(resident=record.resident_id):
        one_at_a_time(record.resident_id)
        held = Record.objects.select_for_update().get(pk=record.pk)
        before = content_of(held)
        twin = Record.objects.filter(supersedes=held, withdrawn_at=None).first()
        if twin is not None and content_of(twin)["payload"] == payload:
            return twin
        if twin is not None or held.withdrawn_at:
            raise Superseded
        if before["payload"] == payload:
            return held
        period = _moved_period(held, before["payload"], payload)
        subject = Subject(held.type, held.subject_person, held.subject_role, period)
        newer = write(held.resident_id, subject, payload, corrected_source(held, before, payload), older=held)
        journal_record_event(newer, by, "record_corrected", purpose, changed(before["payload"], payload))
    return newer


def withdraw_record(*, record: Record, by: UUID, purpose: str = WITHDRAW) -> Record:
    """Take a value out of use. It stays in the history; nothing older comes back in its place."""
    perms.require_may_write(record.resident_id, by)
    with transaction.atomic(), scope(resident=record.resident_id):
        one_at_a_time(record.resident_id)
        held = Record.objects.select_for_update().get(pk=record.pk)
        if held.withdrawn_at:
            return held
        if Record.objects.filter(supersedes=held).exists():
            raise Superseded
        held.withdrawn_at = timezone.now()
        held.save(update_fields=["withdrawn_at"])
        journal_record_event(held, by, "record_withdrawn", purpose, content_of(held)["payload"])
    return held


def forget_derived(*, resident_id: UUID, type: str, person: UUID) -> None:
    """What a service computed, and no holder sent: the rows go, with those that they took the place of. In the caller's transaction."""
    with scope(resident=resident_id):
        computed = Record.objects.of(type, person).filter(method=Method.DERIVED)
        computed.update(supersedes=None)
        computed.delete()


def one_at_a_time(resident_id: UUID) -> None:
    """Held to the end of the transaction: of two writings about the same thing at once, the second must see the first and supersede it.

    Taken after the lock of a paper or a draft, before those of records and of the journal, or two writings could wait for each other.
    """
    locks.hold("values", resident_id)


def same_subject(subject: Subject, payload: Mapping[str, Any]) -> Record | None:
    """The current record about the same person, time and thing, in the scope's vault, locked until the transaction ends."""
    period = subject.period or period_of(payload)
    same = (
        Record.objects.current()
        .of(subject.type, subject.person)
        .filter(period_start=period.start, period_end=period.end)
    )
    for record in same.select_for_update(of=("self",)).order_by("-created_at"):
        if same_thing(subject.type, content_of(record)["payload"], payload):
            return record
    return None


def content_of(record: Record, box: sealed.Box | None = None) -> dict[str, Any]:
    """Whatever its version, its payload as the latest one says it."""
    box = box or sealed.box(resident_id=record.resident_id)
    return record.in_latest(box.unseal_json(record.content, place=record.place))


def origins_of(record: Record, content: Mapping[str, Any]) -> dict[str, Origin]:
    """The origin of each top-level field, whether the record says it for all or for this one."""
    own = Origin(
        record.holder, record.method, record.assurance, record.retrieved_at, record.issued_at, record.paper_id
    )
    apart = {name: Origin.read(kept) for name, kept in content.get("origins", {}).items()}
    return {name: apart.get(name, own) for name in content["payload"]}


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [name for name in {**before, **after} if before.get(name) != after.get(name)]


def corrected_source(record: Record, before: Mapping[str, Any], payload: Mapping[str, Any]) -> Source:
    """Typed by the resident, except the fields left as they were."""
    moved = set(changed(before["payload"], payload))
    kept = {
        name: origin for name, origin in origins_of(record, before).items() if name in payload and name not in moved
    }
    return Source(origins=kept, quality=before.get("quality", ()), proof=before.get("proof", {}))


def write_over(older: Record, payload: Mapping[str, Any], source: Source, subject: Subject) -> Record:
    """Supersede `older` by a new record from a paper or an organisation. A single type keeps what the new one does not say."""
    if types.get(older.type).rules.single:
        payload, source = carried(older, content_of(older), payload, source)
    return write(older.resident_id, subject, payload, source, older=older)


def carried(
    older: Record, before: Mapping[str, Any], payload: Mapping[str, Any], source: Source
) -> tuple[Mapping[str, Any], Source]:
    """What the new payload does not say stays, with the origin that it had."""
    left = {
        name: value for name, value in before["payload"].items() if payload.get(name) is None and value is not None
    }
    origins = {name: origin for name, origin in origins_of(older, before).items() if name in left}
    return {**payload, **left}, replace(source, origins={**origins, **source.origins})


def _older(supersedes: Record | UUID) -> Record:
    key = supersedes.pk if isinstance(supersedes, Record) else supersedes
    older = Record.objects.current().select_for_update(of=("self",)).filter(pk=key).first()
    if older is None:
        raise Superseded
    return older


def _moved_period(held: Record, before: Mapping[str, Any], after: Mapping[str, Any]) -> Span[datetime]:
    """Correcting the year or the month moves the period; a period that a holder gave apart stays."""
    moved = period_of(after)
    return moved if moved != period_of(before) else Span(held.period_start, held.period_end)


def write(
    resident_id: UUID,
    subject: Subject,
    payload: Mapping[str, Any],
    source: Source,
    *,
    older: Record | None,
    key: UUID | None = None,
) -> Record:
    """In the caller's transaction and scope; the caller journals. `key` is the new record's own, where the caller must find it again."""
    if problems := problems_of(subject.type, payload):
        raise Invalid(problems)
    record = made(sealed.box(resident_id=resident_id), resident_id, subject, payload, source, older=older, key=key)
    record.save(force_insert=True)
    return record


def problems_of(type_code: str, payload: Mapping[str, Any]) -> list[str]:
    return [*types.validate(type_code, payload), *implausible(type_code, payload)]


def made(
    box: sealed.Box,
    resident_id: UUID,
    subject: Subject,
    payload: Mapping[str, Any],
    source: Source,
    *,
    older: Record | None,
    key: UUID | None = None,
) -> Record:
    """The row with its content sealed, not saved yet; what it says has been checked."""
    period = subject.period or period_of(payload)
    if types.get(subject.type).rules.data:
        period = months_of(subject.type, payload, period)
    validity = subject.validity or validity_of(subject.type, payload)
    record = Record(
        pk=key or uuid4(),
        resident_id=resident_id,
        type=subject.type,
        type_version=subject.type_version or types.get(subject.type).version,
        subject_person=subject.person,
        subject_role=subject.role,
        period_start=period.start,
        period_end=period.end,
        valid_from=validity.start,
        valid_until=validity.end,
        holder=source.holder,
        method=source.method,
        assurance=_row_assurance(payload, source),
        retrieved_at=source.retrieved_at,
        issued_at=source.issued_at,
        paper_id=source.paper_id,
        supersedes=older,
    )
    record.content = box.seal_json(_content(payload, source), place=record.place)
    return record


def _row_assurance(payload: Mapping[str, Any], source: Source) -> str:
    """The row promises no more than its weakest field; each field's own assurance is sealed with it."""
    return Assurance.weakest(
        source.assurance, *[origin.assurance for name, origin in source.origins.items() if name in payload]
    )


def _content(payload: Mapping[str, Any], source: Source) -> dict[str, Any]:
    apart = {name: origin for name, origin in source.origins.items() if name in payload}
    if apart:
        apart = {name: apart.get(name, source.origin) for name in payload}
    return {
        "payload": dict(payload),
        "origins": {name: origin.kept() for name, origin in apart.items()},
        "quality": list(source.quality),
        "proof": dict(source.proof),
    }


def journal_record_event(record: Record, by: UUID, event: str, purpose: str, fields: Iterable[str]) -> None:
    named = [f"{record.type}#/{name}" for name in fields]
    journal.write(
        resident_id=record.resident_id,
        actor_id=by,
        event=event,
        purpose=purpose,
        fields=named,
        details={"holder": record.holder},
    )
