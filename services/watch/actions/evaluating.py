"""Look at the watches that are due: read under their grants, run the engine once for all, keep what changed.

A worker that is killed leaves its watches to another one, ten minutes later: a check reads again and writes once.
Each resident's outcome and findings are written in one transaction, which looks again whether their grant stands.
"""

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django_scopes import scope

from core import canonical, journal, rows
from core.journal import checkpoints, heads
from core.models import City
from core.models.rows import AuthenticatedRow, Forged, check
from services.aids import results, shipping
from services.aids.actions import simulations
from services.aids.engine import run as engine
from services.aids.facts import from_vault
from services.aids.household import BadHousehold, Household
from services.aids.local.conditions import kinds
from services.aids.models import LocalAid
from services.watch import across, agreements, outcomes
from services.watch.actions.findings import keep_finding
from services.watch.enums import Kind, State
from services.watch.models import Finding, Watch
from services.watch.outcomes import Change, Inputs, Outcome, Right
from vault.records import gate
from vault.records.actions import write_note, write_notes
from vault.records.values.decrypted import Values

if TYPE_CHECKING:
    from services.aids.actions.simulations import LocalResult
    from services.aids.results import Planned, Results

logger = logging.getLogger(__name__)
T = TypeVar("T")

#: Residents of a batch. More share a run of the engine better, and hold more decrypted values at once.
BATCH = 1_000
#: How many of them are read, or written, in one transaction. For so many readings, a page of one of them may wait.
TOGETHER = 20
#: How long a call works; the scheduler sends the next one.
SECONDS = 240
#: The reasons of a local aid that a finding quotes.
QUOTED = 2


@dataclass(frozen=True, slots=True)
class Law:
    """What decides an outcome beside the values: the day's month, the engine, the city's open aids.

    `commune` is the city's, for a household whose home the vault does not say.
    """

    day: date
    aids: Sequence[LocalAid]
    mark: across.LawMark
    commune: str

    @classmethod
    def today(cls) -> "Law":
        day = timezone.localdate()
        national = shipping.national_rights()
        aids = [*national, *LocalAid.objects.in_force()]
        opened = [aid for aid in aids if aid.valid_from <= day and (aid.valid_to is None or day <= aid.valid_to)]
        ours = sorted([aid.code, aid.version] for aid in opened if not aid.is_national)
        shipped = sorted((aid.code, aid.version, aid.rules) for aid in opened if aid.is_national)
        mark = across.LawMark(
            _digest([day.strftime("%Y-%m"), ours]),
            _digest([engine.versions(), *map(list, shipped)]),
            _last_change(national, day),
        )
        return cls(day, opened, mark, City.current().insee)


def _last_change(national: Sequence[LocalAid], day: date) -> datetime:
    """Return when a national right last began or ended, or else the first of the month, which is looked at anyway."""
    begin = [aid.valid_from for aid in national]
    end = [aid.valid_to + timedelta(days=1) for aid in national if aid.valid_to is not None]
    changed = max([day.replace(day=1), *(one for one in begin + end if one <= day)])
    return timezone.make_aware(datetime.combine(changed, datetime.min.time()))


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(canonical.encode(parts)).hexdigest()[: across.LawMark.LENGTH]


@dataclass(slots=True)
class Looked:
    """A watch whose values were read: the household, if the vault describes a possible one, and the engine's rows."""

    watch: Watch
    before: Outcome | None
    open: Mapping[UUID, str]
    values: Values
    read: from_vault.Read | None = None
    planned: "Planned | None" = None
    computed: "Results | None" = None
    local: "list[LocalResult]" = field(default_factory=list)


def look(seconds: float = SECONDS) -> int:
    """Look at what is due, batch by batch, for some minutes at most. Return how many were looked at.

    While only residents may read, nothing is tried: each refusal would be a line of a resident's journal.
    """
    if not checkpoints.anchored():
        return 0
    until, done = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        law = Law.today()
        claimed = across.claim(BATCH, law=law.mark)
        if not claimed:
            break
        done += evaluate(claimed, law)
    return done


def evaluate(claimed: Sequence[Watch], law: Law) -> int:
    """Read, run the engine once for the whole batch, then settle each watch by itself."""
    findings = across.open_findings(claimed)
    looked: list[Looked] = []
    with checkpoints.remembered():
        for some in _slices(claimed):
            looked += _look_together(some, findings, law)
    _run(looked, law)
    news = [(one, after) for one in looked if (after := _news(one, law)) is not None]
    settled = {one.watch.pk for one, _after in news}
    same = [one.watch for one in looked if one.watch.pk not in settled]
    across.nothing_new(same, law=law.mark)
    quiet = {one.watch.pk: (one, after) for one, after in news if _is_quiet(one, after)}
    written = {pk for some in _slices([*quiet.values()]) for pk in _settle_together(some, law)}
    done = len(same) + len(written)
    for one, after in news:
        if one.watch.pk not in written:
            with _tried(one.watch):
                done += _settle(one, after, law)
    return done


def _slices(of: Sequence[T]) -> Iterator[Sequence[T]]:
    return (of[at : at + TOGETHER] for at in range(0, len(of), TOGETHER))


def _news(one: Looked, law: Law) -> Outcome | None:
    """Return the outcome if it is to be written. An impossible household is left as it was found last: a mistake in
    one value is no loss of every right.
    """
    if one.read is None:
        return None
    after = _outcome(one, law)
    return None if one.before and outcomes.is_same(one.before, after) and not _is_over(one, after) else after


def _is_over(one: Looked, after: Outcome) -> bool:
    """Return whether a question is to end: its right is gone, or is received by now."""
    return any(code not in after.rights or after.rights[code].receiving for code in one.open.values())


@contextmanager
def _tried(watch: Watch) -> Iterator[None]:
    """Leave a watch for later if it cannot be read or settled, and go on with the others.

    A grant that was stopped or paused meanwhile is refused by the gate: nothing was read.
    """
    try:
        yield
        return
    except gate.Refused:
        pass
    except Forged as forged:
        rows.report(forged)
    except Exception:
        logger.exception("a watch could not be looked at")
    across.put_back(watch, until=timezone.now() + across.LATER)


def _run(looked: list[Looked], law: Law) -> None:
    """Run the engine once for all. If one household breaks it, each is run alone, and that one is left for later."""
    with_rows = [one for one in looked if one.planned]
    if not with_rows:
        return
    try:
        runs = engine.run_many([_rows(one) for one in with_rows])
    except Exception:
        logger.exception("a batch of watches could not be run")
        runs = []
    for place, one in enumerate(with_rows):
        try:
            _compute(one, runs[place] if runs else engine.run(_rows(one)), law)
        except Exception:
            logger.exception("a watch could not be computed")
            across.put_back(one.watch, until=timezone.now() + across.LATER)
            looked.remove(one)


def _look_together(watches: Sequence[Watch], findings: Mapping[UUID, Sequence[Finding]], law: Law) -> list[Looked]:
    """Look at watches whose values are read in one transaction. Those that it leaves out are read alone.

    If one resident's values make the reading fail, all are read alone: a fault of one stops no other.
    """
    looked = []
    asked = {watch.pk: _notes_of(watch, findings.get(watch.pk, ())) for watch in watches}
    try:
        read = gate.read_together([(watch.grant, asked[watch.pk]) for watch in watches if watch.grant is not None])
    except Exception:
        logger.exception("watches could not be read together")
        read = {}
    for watch in watches:
        with _tried(watch):
            looked.append(_look(watch, findings.get(watch.pk, ()), law, read))
    return looked


def _notes_of(watch: Watch, findings: Sequence[Finding]) -> gate.Notes:
    notes: dict[str, tuple[AuthenticatedRow, bytes]] = {one.note_place: (one, bytes(one.content)) for one in findings}
    # Checked before its first outcome too: it says under whose grant, and for whom, is read.
    notes[watch.note_place] = watch, bytes(watch.content)
    return notes


def _look(watch: Watch, findings: Sequence[Finding], law: Law, read: Mapping[UUID, gate.Read]) -> Looked:
    """Take the values that the grant allows, and what the watch keeps, from `read`; else read them, with one entry.

    Raises:
        gate.Refused
    """
    if watch.grant is None:
        raise Watch.DoesNotExist
    values, opened = read.get(watch.grant.pk) or gate.read_with_notes(
        grant=watch.grant, notes=_notes_of(watch, findings)
    )
    before = opened.get(watch.note_place)
    codes = {one.pk: str(opened[one.note_place]["code"]) for one in findings}
    found = Looked(watch, outcomes.from_note(before) if before else None, codes, values)
    try:
        found.read = simulations.read_household(
            values, resident_id=watch.resident_id, today=law.day, city_commune=law.commune
        )
    except BadHousehold:
        return found
    if list(values):
        found.planned = results.plan(found.read.household)
    return found


def _rows(one: Looked) -> Sequence[Household]:
    return one.planned[1].households if one.planned else ()


def _compute(one: Looked, run: engine.Run, law: Law) -> None:
    if one.read is None:  # never: it has rows
        return
    one.computed = results.compute(one.read.household, runs=lambda _rows: run, explained=False, planned=one.planned)
    commune = simulations.commune_of(one.values, law.commune)
    one.local = simulations.evaluate_local(one.read, commune, law.day, law.aids, explained=False)


def _outcome(one: Looked, law: Law) -> Outcome:
    rights: dict[str, Right] = {}
    for result in one.computed.results if one.computed else ():
        if result.status == results.ELIGIBLE:
            amount = f"{result.low:.2f}" if result.benefit.money else None
            rights[result.code] = Right(amount, result.benefit.unit, result.receiving)
    for line in one.local:
        if line.is_granted:
            money = line.aid.rules.get("kind") == "money" and line.outcome.amount is not None
            unit = {"month": "mois", "year": "an"}.get(line.aid.rules.get("periodicity", ""), "fois")
            amount = f"{line.outcome.amount:.2f}" if money else None
            rights[line.aid.code] = Right(amount, unit, label=line.aid.label, version=line.aid.version)
    return Outcome(rights, _inputs(one, law))


def _inputs(one: Looked, law: Law) -> Inputs:
    by_type: dict[str, list[str]] = {}
    for record in one.values:
        by_type.setdefault(record.type, []).append(str(record.record_id))
    month = law.day.strftime("%Y-%m")
    names = {str(person.id): person.called for person in one.read.people} if one.read else {}
    people = one.read.household.people if one.read else ()
    ages = {person.id: [names.get(person.id, ""), person.age(month)] for person in people}
    return Inputs({code: outcomes.digest(ids) for code, ids in by_type.items()}, month, str(law.mark), ages)


def _is_quiet(one: Looked, after: Outcome) -> bool:
    """Return whether an outcome is only to be kept: nothing is told, and no question ends."""
    return not _is_over(one, after) and (one.before is None or not outcomes.changes(one.before, after))


def _settle_together(quiet: Sequence[tuple[Looked, Outcome]], law: Law) -> list[UUID]:
    """Keep outcomes with which nothing is told, in one transaction. Return the ids of the watches that were written.

    The others are settled alone: their grant ended, or somebody changes it, or the watch, at this moment. Nothing
    waits, and no journal is locked: no entry is written.
    """
    outcomes_of = {one.watch.pk: (one.watch, after) for one, after in quiet}
    grants = [one.watch.grant for one, _after in quiet if one.watch.grant is not None]
    try:
        with transaction.atomic(durable=True):
            boxes = gate.open_together(grants)
            written = []
            for held in across.held([one.watch for one, _after in quiet]):
                watch, after = outcomes_of[held.pk]
                box = boxes.get(held.grant_id) if held.grant_id else None
                if box is None or (held.version, held.grant_id) != (watch.version, watch.grant_id):
                    continue
                check(held, key=box.row_key)
                held.version, held.checked_at, held.law = held.version + 1, timezone.now(), str(law.mark)
                # A change that came after the reading stays due.
                held.due_at, held.taken_until = held.due_at if held.changes != watch.changes else None, None
                written.append((held, held.note_place, after.note(), box))
            write_notes(written, "version", "checked_at", "law", "due_at", "taken_until")
    except Exception:
        logger.exception("outcomes could not be kept together")
        return []
    return [held.pk for held, *_of in written]


def _settle(one: Looked, after: Outcome, law: Law) -> bool:
    """Write the outcome and what changed, once. Nothing is written if the grant ended, or another worker was first."""
    watch, grant = one.watch, one.watch.grant
    changed = outcomes.changes(one.before, after) if one.before is not None else []
    # Sentences in each language, before the lock: they take most of the time of a change.
    notes = _notes(one, changed, after, law)
    with transaction.atomic(durable=True), scope(resident=watch.resident_id):
        if grant is None:
            return False
        gate.lock_shared(grant)
        if gate.why_inactive(grant):
            return False
        # Before the row, as a change of the vault takes them: it waits for this one, and not each for the other.
        heads.lock(watch.resident_id)
        held = Watch.objects.select_for_update().filter(pk=watch.pk, version=watch.version, grant=grant).first()
        if held is None:
            return False
        write_note(
            held,
            place=held.note_place_of(held.version + 1),
            note=after.note(),
            version=held.version + 1,
            checked_at=timezone.now(),
            law=str(law.mark),
            taken_until=None,
            # A change that came after the reading stays due.
            due_at=held.due_at if held.changes != watch.changes else None,
        )
        for note in notes:
            keep_finding(held, note)
        _close(held, one, after)
        if notes:
            journal.write(
                resident_id=held.resident_id,
                actor_id=grant.pk,
                event="watch_found",
                purpose=agreements.PURPOSE,
                details={"recipient": grant.recipient_label, "grant": str(grant.pk), "count": str(len(notes))},
            )
    return True


def _close(watch: Watch, one: Looked, after: Outcome) -> None:
    """Ask nothing about a right that is gone, or is received by now."""
    over = [key for key, code in one.open.items() if code not in after.rights or after.rights[code].receiving]
    for finding in Finding.objects.select_for_update().filter(pk__in=over, watch=watch, asks_on__isnull=False):
        finding.asks_on = None
        if finding.is_asked:
            finding.state = State.TOLD
        finding.save(update_fields=["asks_on", "state"])


def _notes(one: Looked, changed: Sequence[Change], after: Outcome, law: Law) -> list[dict[str, Any]]:
    """Return what each finding keeps, with its reason in each language."""
    why: dict[str, dict[str, str]] = {change.code: {} for change in changed}
    for language, _name in settings.LANGUAGES if changed else ():
        with translation.override(language):
            explained = _explained(one, changed)
            for change in changed:
                why[change.code][language] = explained.get(change.code) or _local_sentence(one, change, law)
    return [
        {
            "kind": change.kind.value,
            "code": change.code,
            "label": change.right.label,
            "amount": change.right.amount,
            "unit": change.right.unit,
            "before": change.before,
            "why": why[change.code],
            "causes": outcomes.causes(one.before, after, change) if one.before else [],
            "answer": "",
        }
        for change in changed
    ]


def _explained(one: Looked, changed: Sequence[Change]) -> dict[str, str]:
    """Return the reasons of the law's aids in the language in force, from the run that was made."""
    computed = one.computed
    if computed is None or all(change.right.version for change in changed):
        return {}
    again = results.compute(computed.household, runs=lambda _rows: computed.run)
    return {found.code: found.sentence for found in again.results}


def _local_sentence(one: Looked, change: Change, law: Law) -> str:
    line = next((line for line in one.local if line.aid.code == change.code), None)
    if line is None:
        return _("Cette aide est fermée.") if change.right.version else _("Votre coffre n’a plus de valeur.")
    wanted = kinds.NO if change.kind == Kind.GONE else kinds.YES
    sentences = [reason.text for reason in line.aid.evaluate(line.facts, law.day).reasons if reason.answer == wanted]
    reasons = ", ".join(sentences[:QUOTED])
    if change.kind != Kind.GONE and line.status == "to_check":
        checked = _("Une personne de la ville vérifie une condition.")
        return f"{reasons}. {checked}" if reasons else checked
    return reasons
