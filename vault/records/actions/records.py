"""Records: add, correct, withdraw. Nothing is overwritten: a change is a new record that supersedes the old one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import journal
from core.database import locks
from core.keys import sealed
from core.models.rows import check, check_current, is_genuine, keys_of
from vault import types
from vault.records import changes, perms
from vault.records.enums import Assurance, Method, Role
from vault.records.models import RESIDENT, Record
from vault.records.values.decrypted import Origin
from vault.records.values.periods import months_of, period_of, validity_of
from vault.types.plausible import implausible
from vault.types.record_identity import same_thing
from vault.types.spans import Span

ADD = gettext_noop("Ajouter une valeur à votre coffre")
CORRECT = gettext_noop("Corriger une valeur de votre coffre")
WITHDRAW = gettext_noop("Retirer une valeur de votre coffre")


class Invalid(ValueError):
    """The payload does not follow its type, or is implausible. `problems` are sentences for the person."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = list(problems)


class Superseded(Exception):
    """The record was changed or withdrawn after the person opened it."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The subject of a record: its type, the person, the time and the validity.

    A period or a validity of None is derived from the payload; a `type_version` of None is the latest.
    """

    type: str
    person: UUID
    role: str = Role.SELF
    period: Span[datetime] | None = None
    validity: Span[date] | None = None
    type_version: str | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """The source of a payload: its holder, its method, and the paper that proves it.

    `origins` holds the origin of each field that comes from elsewhere. `proof` holds the parser, the signature and the
    consent, for the provenance of the envelope.
    """

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
    subject: Subject,
    payload: Mapping[str, Any],
    source: Source | None = None,
    supersedes: Record | UUID | None = None,
    in_place: bool = False,
    purpose: str = ADD,
) -> Record:
    """Write one record; without `source`, the resident typed it.

    Args:
        supersedes: the record that the new one supersedes.
        in_place: supersede the current record about the same person, period and thing, if there is one.

    Raises:
        PermissionDenied: `by` is not the resident.
        Invalid: the payload does not follow its type, or is implausible.
        Superseded: the record to supersede is no longer current.
    """
    perms.require_may_write(resident_id, by)
    with transaction.atomic(), scope(resident=resident_id):
        one_at_a_time(resident_id)
        older = _older(supersedes) if supersedes else None
        if older is None and in_place:
            older = same_subject(subject, payload)
        record = write(resident_id, subject, payload, source or Source(), older=older)
        journal_record_event(record, by, "record_added", purpose, payload)
    return record


def correct_record(*, record: Record, by: UUID, payload: Mapping[str, Any], purpose: str = CORRECT) -> Record:
    """Supersede a record by what the resident typed.

    The fields that change become declared; the others keep their origin.

    The same correction twice gives one record.

    Raises:
        Superseded: the record was changed or withdrawn after it was opened.
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
        check_current(held)
        if before["payload"] == payload:
            return held
        period = _moved_period(held, before["payload"], payload)
        subject = Subject(type=held.type, person=held.subject_person, role=held.subject_role, period=period)
        newer = write(held.resident_id, subject, payload, corrected_source(held, before, payload), older=held)
        journal_record_event(newer, by, "record_corrected", purpose, changed(before["payload"], payload))
    return newer


def withdraw_record(*, record: Record, by: UUID, purpose: str = WITHDRAW) -> Record:
    """Withdraw a record. It stays in the history; no older one becomes current again."""
    perms.require_may_write(record.resident_id, by)
    with transaction.atomic(), scope(resident=record.resident_id):
        one_at_a_time(record.resident_id)
        held = Record.objects.select_for_update().get(pk=record.pk)
        check(held, ended=True)
        if held.withdrawn_at:
            return held
        newer = Record.objects.filter(supersedes=held).first()
        if newer is not None:
            check(newer, ended=True)
            raise Superseded
        held.withdrawn_at = timezone.now()
        held.save(update_fields=["withdrawn_at"])
        changes.tell(record.resident_id, {held.type})
        journal_record_event(held, by, "record_withdrawn", purpose, content_of(held)["payload"])
    return held


def forget_derived(*, resident_id: UUID, type: str, person: UUID) -> None:
    """Delete the records that a service computed, and the ones that they superseded; also one that somebody changed,
    whatever it says.

    Call it in the caller's transaction.
    """
    with scope(resident=resident_id):
        found = list(Record.objects.of(type, person))
        keys = keys_of(found)
        theirs = [one for one in found if one.method == Method.DERIVED or not is_genuine(one, one.mac, key=keys[one])]
        computed = Record.objects.filter(pk__in=[one.pk for one in theirs])
        computed.update(supersedes=None)
        computed.delete()


def one_at_a_time(resident_id: UUID) -> None:
    """Lock the resident's values until the transaction ends.

    Of two writes about the same thing at once, the second must see the first and supersede it. Lock order: after the
    lock of a paper or a draft, before the locks of records and of the journal; another order could deadlock.
    """
    locks.hold("values", resident_id)


def same_subject(subject: Subject, payload: Mapping[str, Any]) -> Record | None:
    """Return the current record about the same person, time and thing, locked until the transaction ends.

    Call it in the resident's scope.
    """
    period = subject.period or period_of(payload)
    same = (
        Record.objects.current()
        .of(subject.type, subject.person)
        .filter(period_start=period.start, period_end=period.end)
    )
    for record in same.select_for_update(of=("self",)).order_by("-created_at"):
        if same_thing(subject.type, content_of(record)["payload"], payload):
            check_current(record)
            return record
    return None


def content_of(record: Record, box: sealed.Box | None = None) -> dict[str, Any]:
    """Return the decrypted content, with its payload in the latest version of its type.

    The record may have ended: who believes it as a current one calls `check_current`.
    """
    box = box or sealed.box(resident_id=record.resident_id)
    check(record, key=box.row_key, ended=True)
    return record.in_latest(box.unseal_json(record.content, place=record.place, former=record.first_place))


def origins_of(record: Record, content: Mapping[str, Any]) -> dict[str, Origin]:
    """Return the origin of each top-level field: its own, else the origin of the record."""
    own = Origin(
        record.holder, record.method, record.assurance, record.retrieved_at, record.issued_at, record.paper_id
    )
    apart = {name: Origin.read(kept) for name, kept in content.get("origins", {}).items()}
    return {name: apart.get(name, own) for name in content["payload"]}


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [name for name in {**before, **after} if before.get(name) != after.get(name)]


def corrected_source(record: Record, before: Mapping[str, Any], payload: Mapping[str, Any]) -> Source:
    """Return the source of a correction: typed by the resident, except the fields that did not change."""
    moved = set(changed(before["payload"], payload))
    kept = {
        name: origin for name, origin in origins_of(record, before).items() if name in payload and name not in moved
    }
    return Source(origins=kept, quality=before.get("quality", ()), proof=before.get("proof", {}))


def write_over(older: Record, payload: Mapping[str, Any], source: Source, subject: Subject) -> Record:
    """Supersede `older` by a new record from a paper or an organisation.

    A single type keeps the values that it lacks.
    """
    if types.get(older.type).rules.single:
        payload, source = carried(older, content_of(older), payload, source)
    return write(older.resident_id, subject, payload, source, older=older)


def carried(
    older: Record, before: Mapping[str, Any], payload: Mapping[str, Any], source: Source
) -> tuple[Mapping[str, Any], Source]:
    """Add to a payload the older values that it lacks, with their origins."""
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
    check(older)
    return older


def _moved_period(held: Record, before: Mapping[str, Any], after: Mapping[str, Any]) -> Span[datetime]:
    """Return the period of the corrected payload if it changed; else keep the period that the holder gave."""
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
    """Write a record in the caller's transaction and scope; the caller journals.

    Args:
        key: the id of the new record, for a caller that must find it again.
    """
    if problems := problems_of(subject.type, payload, source):
        raise Invalid(problems)
    record = made(sealed.box(resident_id=resident_id), resident_id, subject, payload, source, older=older, key=key)
    record.save(force_insert=True)
    changes.tell(resident_id, {subject.type})
    return record


def problems_of(type_code: str, payload: Mapping[str, Any], source: Source) -> list[str]:
    """Return why the payload cannot be written. Only what its holder does not prove can be implausible."""
    typed = [name for name in payload if not Assurance(source.origins.get(name, source.origin).assurance).proven]
    return [*types.validate(type_code, payload), *implausible(type_code, payload, typed)]


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
    """Return the row, sealed and not saved. The caller has checked the payload.

    Raises:
        ValueError: `older` is of another type or about somebody else (`by_resident`, `lot`).
    """
    if older is not None and (older.type, older.subject_person) != (subject.type, subject.person):
        raise ValueError("a record supersedes one of its own type, about the same person")
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
    """Return the assurance of the weakest field. The assurance of each field is sealed with it."""
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
