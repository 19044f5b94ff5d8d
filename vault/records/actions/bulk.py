"""Many records at once, from a file of data or an organisation's answer: all of them or none, with one journal entry.

Idempotent. A value with a better proof stays. A value that the resident corrected or withdrew stays theirs until the
same organisation sends another one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import journal
from core.journal import heads
from core.keys import sealed
from core.models.rows import check_current, lot_of
from vault import types
from vault.records import changes, perms
from vault.records.actions.records import (
    Source,
    Subject,
    carried,
    content_of,
    made,
    one_at_a_time,
    origins_of,
    problems_of,
)
from vault.records.enums import Assurance, Method, Role
from vault.records.models import Record
from vault.records.values.periods import period_of
from vault.types.envelope import NOBODY, latest_of
from vault.types.measure_blocks import joined
from vault.types.record_identity import Key, anchor, same_thing
from vault.types.spans import Span, read_day, read_moment

WITHDRAW = gettext_noop("Retirer des données de votre coffre")
RECEIVE = gettext_noop("Ranger dans votre coffre ce qu’un organisme sait de vous")
#: What a holder repeats by these stays as the resident left it.
BY_HOLDERS = {Method.API_PULL, Method.API_PUSH}
BATCH = 500
STEP = 1000
#: How many problems are reported.
MOST_PROBLEMS = 5


@dataclass(frozen=True)
class Written:
    """Numbers of records by outcome.

    `known` repeated what the vault holds; `better` met a value with a better proof; `refused` did not follow its type.
    """

    added: int = 0
    replaced: int = 0
    known: int = 0
    better: int = 0
    refused: int = 0
    problems: Sequence[str] = ()


@dataclass(frozen=True)
class Reception:
    """The provenance and the person shared by the envelopes received.

    A value set here replaces the one in the envelope.
    """

    method: str | None = None
    assurance: str | None = None
    consent: str | None = None
    paper_id: UUID | None = None
    person: UUID | None = None
    role: str | None = None


def write_many(
    *,
    resident_id: UUID,
    by: UUID,
    envelopes: Sequence[Mapping[str, Any]],
    reception: Reception | None = None,
    event: str = "records_received",
    purpose: str = RECEIVE,
    progress: Callable[[int, int], None] = lambda done, total: None,
    finish: Callable[[], None] = lambda: None,
) -> Written:
    """Write envelopes (`envelope.build`) as records; each supersedes the record about the same thing.

    `finish` ends a job in the same transaction. An envelope about NOBODY is about `reception.person`, else the
    resident.

    Raises:
        PermissionDenied: `by` is not the resident.
    """
    perms.require_may_write(resident_id, by)
    coming = gather(resident_id=resident_id, envelopes=envelopes, reception=reception, progress=progress)
    with transaction.atomic():
        written = write_gathered(resident_id=resident_id, by=by, coming=coming, event=event, purpose=purpose)
        finish()
    return written


def gather(
    *,
    resident_id: UUID,
    envelopes: Sequence[Mapping[str, Any]],
    reception: Reception | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> "list[Coming]":
    """Check each envelope against its type. This long part needs neither lock nor transaction."""
    return list(_coming(resident_id, envelopes, reception or Reception(), progress))


def write_gathered(*, resident_id: UUID, by: UUID, coming: "Sequence[Coming]", event: str, purpose: str) -> Written:
    """Write what `gather` checked, for a caller that writes more in the same transaction."""
    perms.require_may_write(resident_id, by)
    right = [one for one in coming if not one.problems]
    with transaction.atomic(), scope(resident=resident_id):
        one_at_a_time(resident_id)
        box = sealed.box(resident_id=resident_id)
        plan = _Plan(_held(box, right))
        rows = [_row(box, resident_id, one, older) for one, older in plan.writings(right)]
        Record.objects.bulk_create(rows, batch_size=BATCH)
        if rows:
            changes.tell(resident_id, {row.type for row in rows})
        _journal_changes(resident_id, by, event, purpose, right, len(rows))
    problems = [problem for one in coming for problem in one.problems]
    replaced = sum(1 for row in rows if row.supersedes_id)
    return Written(
        len(rows) - replaced,
        replaced,
        plan.known,
        plan.better,
        len(coming) - len(right),
        tuple(problems[:MOST_PROBLEMS]),
    )


def withdraw_data(*, resident_id: UUID, by: UUID, type_code: str) -> int:
    """Withdraw all the current records of a type of data, with one journal entry. Idempotent.

    Raises:
        PermissionDenied: `by` is not the resident.
        ValueError: the type is not data; its records are withdrawn one by one.
        Forged: somebody changed or deleted one of them in the database.
    """
    perms.require_may_write(resident_id, by)
    if type_code not in types.data_codes():
        raise ValueError(type_code)
    with transaction.atomic(), scope(resident=resident_id):
        one_at_a_time(resident_id)
        held = list(Record.objects.current().filter(type=type_code).defer("content"))
        heads.require_lots(resident_id, held, lambda lot: lot[:2] == [lot_of(Record, ()), type_code])
        count = Record.objects.filter(pk__in=[one.pk for one in held]).update(withdrawn_at=timezone.now())
        if count:
            changes.tell(resident_id, {type_code})
            fields, details = types.fields_of(type_code), {"count": str(count)}
            journal.write(
                resident_id=resident_id,
                actor_id=by,
                event="data_withdrawn",
                purpose=WITHDRAW,
                fields=fields,
                details=details,
            )
    return count


@dataclass
class Coming:
    """A checked envelope. `problems` lists why it cannot be kept."""

    subject: Subject
    payload: Mapping[str, Any]
    source: Source
    problems: Sequence[str]
    key: Key

    @property
    def place(self) -> tuple[str, UUID, Key]:
        return self.subject.type, self.subject.person, self.key


@dataclass
class _Held:
    """A record of the vault, decrypted to be compared."""

    record: Record
    content: Mapping[str, Any]
    current: bool = True
    taken: bool = False

    @property
    def payload(self) -> Mapping[str, Any]:
        payload: Mapping[str, Any] = self.content["payload"]
        return payload


@dataclass
class _Plan:
    """Decides what to write, and which record each envelope supersedes."""

    held: Mapping[tuple[str, UUID, Key], list[_Held]]
    known: int = 0
    better: int = 0

    def writings(self, coming: Sequence[Coming]) -> Iterator[tuple[Coming, _Held | None]]:
        """Match exact duplicates first, so that two equal payments of one day each find their own record."""
        twins = [self._twin(one) for one in coming]
        for one, twin in zip(coming, twins, strict=True):
            older = twin or self._same(one)
            if self._is_news(one, older):
                yield one, older

    def _twin(self, one: Coming) -> _Held | None:
        return self._take(held for held in self._current(one) if held.payload == one.payload)

    def _same(self, one: Coming) -> _Held | None:
        return self._take(
            held for held in self._current(one) if same_thing(one.subject.type, held.payload, one.payload)
        )

    def _take(self, found: Iterator[_Held]) -> _Held | None:
        taken = next(found, None)
        if taken is not None:
            taken.taken = True
        return taken

    def _current(self, one: Coming) -> Iterator[_Held]:
        return (held for held in self.held.get(one.place, ()) if held.current and not held.taken)

    def _is_news(self, one: Coming, older: _Held | None) -> bool:
        if older is None:
            last = self._last_of_holder(one, withdrawn=True) if one.source.method in BY_HOLDERS else None
            news = last is None or not _repeats(one, last)
            self.known += not news
            return news
        if _complete(one, older):
            proves_more = _proves_more(one, older)
            self.known += not proves_more
            return proves_more
        if not types.get(one.subject.type).rules.blocks and _weaker(one, older):
            self.better += 1
            return False
        last = self._last_of_holder(one, withdrawn=False)
        if last is not None and last is not older and _repeats(one, last):
            self.known += 1
            return False
        return True

    def _last_of_holder(self, one: Coming, *, withdrawn: bool) -> _Held | None:
        """Return the newest record of the same holder about the same thing."""
        found = [
            held
            for held in self.held.get(one.place, ())
            if held.record.holder == one.source.holder
            and (withdrawn or held.record.withdrawn_at is None)
            and same_thing(one.subject.type, held.payload, one.payload)
        ]
        return found[-1] if found else None


def _weaker(one: Coming, older: _Held) -> bool:
    """Return whether the envelope would replace a value that has a better proof."""
    held = origins_of(older.record, older.content)
    moved = [name for name in one.payload if name in held and one.payload[name] != older.payload[name]]
    return any(Assurance.is_weaker(one.source.assurance, held[name].assurance) for name in moved or held)


def _proves_more(one: Coming, older: _Held) -> bool:
    held, assurance = origins_of(older.record, older.content), _payload(one, older)[1].assurance
    return any(Assurance.is_weaker(held[name].assurance, assurance) for name in one.payload if name in held)


def _complete(one: Coming, older: _Held) -> bool:
    """Return whether the vault's record already has every value of the envelope."""
    return _payload(one, older)[0] == older.payload


def _repeats(one: Coming, last: _Held) -> bool:
    if types.get(one.subject.type).rules.carried:
        return all(last.payload.get(name) == value for name, value in one.payload.items() if value is not None)
    return one.payload == last.payload


def _payload(one: Coming, older: _Held) -> tuple[Mapping[str, Any], Source]:
    """Complete the envelope with the vault's record.

    A person's only record and a payment keep the values that the envelope lacks; a month of measures is joined.
    """
    if types.get(one.subject.type).rules.carried:
        return carried(older.record, older.content, one.payload, one.source)
    if types.get(one.subject.type).rules.blocks:
        return _joined(one, older)
    return one.payload, one.source


def _joined(one: Coming, older: _Held) -> tuple[Mapping[str, Any], Source]:
    weaker = Assurance.is_weaker(one.source.assurance, older.record.assurance)
    first, second = (older.payload, one.payload) if weaker else (one.payload, older.payload)
    payload = joined(first, second)
    if payload == one.payload:
        return payload, one.source
    return payload, replace(one.source, assurance=Assurance.weakest(one.source.assurance, older.record.assurance))


def _coming(
    resident_id: UUID,
    envelopes: Sequence[Mapping[str, Any]],
    reception: Reception,
    progress: Callable[[int, int], None],
) -> Iterator[Coming]:
    for position, envelope in enumerate(envelopes):
        if position % STEP == 0:
            progress(position, len(envelopes))
        yield _checked(resident_id, envelope, reception)


def _checked(resident_id: UUID, envelope: Mapping[str, Any], reception: Reception) -> Coming:
    type_code, about = envelope["type"], envelope["subject"]
    payload = {name: value for name, value in latest_of(envelope).items() if value is not None}
    named = UUID(about["person"])
    unnamed = named == NOBODY
    subject = Subject(
        type=type_code,
        person=(reception.person or resident_id) if unnamed else named,
        role=(unnamed and reception.role) or about.get("role", Role.SELF),
        period=_span(envelope.get("period")) or period_of(payload),
        validity=_days(envelope.get("validity")),
    )
    source = _source(envelope["provenance"], reception)
    return Coming(
        subject,
        payload,
        source,
        problems_of(type_code, payload, source),
        _key(subject, payload),
    )


def _source(provenance: Mapping[str, Any], reception: Reception) -> Source:
    proof = {
        name: provenance[name] for name in ("parser", "signature", "raw_sha256", "consent") if provenance.get(name)
    }
    if reception.consent:
        proof["consent"] = reception.consent
    return Source(
        holder=provenance["holder"],
        method=reception.method or provenance["method"],
        assurance=reception.assurance or provenance["assurance"],
        retrieved_at=read_moment(provenance.get("retrieved_at")) or timezone.now(),
        issued_at=read_moment(provenance.get("issued_at")),
        paper_id=reception.paper_id,
        quality=provenance.get("quality", ()),
        proof=proof,
    )


def _key(subject: Subject, payload: Mapping[str, Any]) -> Key:
    """Return what identifies a record of its type.

    Data carries its own time, and a single type has none; any other type is also identified by its period.
    """
    period = subject.period or Span()
    rules = types.get(subject.type).rules
    own: Key = () if rules.data or rules.single else (period.start, period.end)
    return own + anchor(subject.type, payload)


def _held(box: sealed.Box, coming: Sequence[Coming]) -> Mapping[tuple[str, UUID, Key], list[_Held]]:
    """Return all the records of these types about these people, oldest first, by what identifies them."""
    found: dict[tuple[str, UUID, Key], list[_Held]] = defaultdict(list)
    kinds, people = {one.subject.type for one in coming}, {one.subject.person for one in coming}
    rows = list(Record.objects.filter(type__in=kinds, subject_person__in=people).order_by("created_at"))
    superseded = {row.supersedes_id for row in rows}
    check_current(*(row for row in rows if row.withdrawn_at is None and row.pk not in superseded))
    for row in rows:
        content = content_of(row, box)
        subject = Subject(type=row.type, person=row.subject_person, period=Span(row.period_start, row.period_end))
        current = row.withdrawn_at is None and row.pk not in superseded
        found[row.type, row.subject_person, _key(subject, content["payload"])].append(_Held(row, content, current))
    return found


def _row(box: sealed.Box, resident_id: UUID, one: Coming, older: _Held | None) -> Record:
    payload, source = _payload(one, older) if older else (one.payload, one.source)
    subject = one.subject
    if types.get(subject.type).rules.blocks:
        subject = replace(subject, period=period_of(payload))
    return made(box, resident_id, subject, payload, source, older=older.record if older else None)


def _journal_changes(
    resident_id: UUID, by: UUID, event: str, purpose: str, coming: Iterable[Coming], count: int
) -> None:
    """Write one entry with the names of the fields and the number of records."""
    fields, holders = set(), set()
    for one in coming:
        fields |= {f"{one.subject.type}#/{name}" for name in one.payload}
        holders.add(one.source.holder)
    details = {"holder": ", ".join(sorted(holders)), "count": str(count)}
    journal.write(
        resident_id=resident_id, actor_id=by, event=event, purpose=purpose, fields=sorted(fields), details=details
    )


def _span(period: Mapping[str, str] | None) -> Span[datetime] | None:
    found = Span(read_moment((period or {}).get("start")), read_moment((period or {}).get("end")))
    return found if found.start or found.end else None


def _days(validity: Mapping[str, str | None] | None) -> Span[Any] | None:
    found = Span(read_day((validity or {}).get("from")), read_day((validity or {}).get("until")))
    return found if found.start or found.end else None
