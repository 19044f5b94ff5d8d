"""Simulate aids from the vault, answer a question, find a break-even.

The engine is imported inside functions: only web processes simulate, and loading the law is expensive.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.utils import timezone, translation
from django.utils.translation import gettext_noop
from django_scopes import scope

from core.models import City
from services.aids import catalogue, shipping
from services.aids.actions import kept_runs
from services.aids.facts import from_vault
from services.aids.facts.answers import Answer, Put
from services.aids.household import BadHousehold, Household, Person
from services.aids.local import evaluation, reading
from services.aids.local.questions import city_questions
from services.aids.models import LocalAid
from vault import types
from vault.records import gate
from vault.records.actions import Source, Subject, Superseded, add_record, correct_record
from vault.records.enums import Method
from vault.records.models import Record
from vault.records.values.decrypted import Opened, Values

if TYPE_CHECKING:
    from services.aids.engine.kept import Kept
    from services.aids.results import Asked, Results
    from services.aids.results.sweep import BreakEven

SIMULATE: Final = gettext_noop("Calculer les aides auxquelles vous avez droit")
KEEP: Final = gettext_noop("Garder le résultat du calcul de vos aides")
ANSWER: Final = gettext_noop("Répondre à une question sur vos aides")
RESULT: Final = "calcul.resultat"
FOUND: Final = "eligible"
ENGINE: Final = "moteur d’aides de la ville"


#: What the city's rules may read of each person, by their id.
Facts = Mapping[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class LocalResult:
    """The outcome of one of the city's aids. `people` share this outcome if the aid is per person."""

    aid: LocalAid
    outcome: evaluation.Outcome
    facts: Mapping[str, Any]
    people: tuple[Person, ...] = ()

    @property
    def status(self) -> str:
        return self.outcome.status

    @property
    def is_granted(self) -> bool:
        return self.status in {"granted", "to_check"}


@dataclass(slots=True)
class Simulation:
    """A simulation, with the vault records behind its values. `before` has the last results kept, if there are any.
    `kept` is what shows it again without the engine, and `records` the ids of the records that it read.
    """

    read: from_vault.Read
    results: "Results"
    local: list[LocalResult] = field(default_factory=list)
    #: What to ask because one of the city's aids depends on it, besides the questions of the engine.
    asked: "list[Asked]" = field(default_factory=list)
    before: Sequence[Mapping[str, Any]] | None = None
    kept: "Kept | None" = None
    records: Collection[UUID] = ()
    #: Whether the run was kept already: the engine did not run.
    again: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """No simulation: the vault has no value to compute with, or the household is impossible (`problem`)."""

    problem: BadHousehold | None = None


def simulate(*, resident_id: UUID, keep: bool = True, today: date | None = None) -> Simulation | Nothing:
    """Simulate the resident's aids and keep the outcome as a record if it changed.

    Write one journal entry. The engine runs only if the values, the aids, the month or the engine changed since its
    last run (`kept_runs`).

    Args:
        keep: False skips the record, for a page that explains an outcome already kept.
    """
    day = today or timezone.localdate()
    fields = [*from_vault.FIELDS, f"{RESULT}#/empreinte", f"{RESULT}#/resultats"]
    values, note = kept_runs.read(resident_id=resident_id, purpose=SIMULATE, fields=fields)
    simulation = of_values(values, resident_id=resident_id, today=day, note=note)
    if isinstance(simulation, Nothing):
        return simulation
    last = values.latest(RESULT, resident_id)
    simulation.before = (last.payload.get("resultats") or ()) if last else None
    if keep:
        keep_outcome(resident_id=resident_id, simulation=simulation, values=values)
    if not simulation.again and simulation.kept is not None:
        kept_runs.keep(resident_id=resident_id, kept=simulation.kept, records=simulation.records)
    return simulation


def of_values(
    values: Values, *, resident_id: UUID, today: date, note: Mapping[str, Any] | None = None
) -> Simulation | Nothing:
    """Simulate the aids of the resident with these values, which the caller has read. Nothing is written.

    Args:
        note: the last run that is kept, if there is one.
    """
    records = {record.record_id for record in values if record.type != RESULT}
    if not records:
        return Nothing()
    try:
        read = read_household(values, resident_id=resident_id, today=today)
    except BadHousehold as problem:
        return Nothing(problem)
    aids = aids_in_force()
    computed, kept, again = _computed(read, note, sorted(map(str, records)), [[aid.code, aid.version] for aid in aids])
    commune = commune_of(values)
    lines = evaluate_local(read, commune, today, [*shipping.national_rights(), *aids])
    return Simulation(
        read,
        computed,
        lines,
        asked=ask_for_local(read, {one.question.place for one in computed.asked}, lines, commune, today),
        kept=kept,
        records=records,
        again=again,
    )


def _computed(
    read: from_vault.Read, note: Mapping[str, Any] | None, *decides: object
) -> tuple["Results", "Kept", bool]:
    """Return the results, what to keep of their run, and whether it was kept already."""
    from services.aids import results
    from services.aids.engine import kept as keeping
    from services.aids.engine import run as engine

    held = keeping.from_note(note) if note else None
    marks = []

    def runs(households: Sequence[Household]) -> engine.Run:
        marks.append(keeping.mark_of(households, engine.versions(), *decides))
        return held.run(households) if held and held.mark == marks[-1] else engine.run(households)

    try:
        computed = results.compute(read.household, runs=runs)
    except engine.NotKept:
        held = None
        computed = results.compute(read.household, runs=runs)
    if held and held.mark == marks[-1]:
        return computed, held, True
    return computed, keeping.of(computed.run, marks[-1]), False


def read_household(
    values: Values, *, resident_id: UUID, today: date, city_commune: str | None = None
) -> from_vault.Read:
    """Build the household of the values. `city_commune` as in `commune_of`."""
    return from_vault.read(
        values,
        resident_id=resident_id,
        month=today.strftime("%Y-%m"),
        communes=catalogue.reference_communes(),
        default_commune=City.current().insee if city_commune is None else city_commune,
    )


def commune_of(values: Values, city_commune: str | None = None) -> str:
    """Return the commune of the resident's home, else that of the city that runs the portal.

    Args:
        city_commune: the latter, if the caller has read it for many residents.
    """
    own = values.value("logement.domicile#/adresse/cog")
    return str(own or (City.current().insee if city_commune is None else city_commune))


def evaluate_local(
    read: from_vault.Read,
    commune: str,
    today: date,
    aids: Sequence[LocalAid] | None = None,
    *,
    explained: bool = True,
) -> list[LocalResult]:
    """Return the outcome of each of the city's aids that is open, or of `aids`. No engine runs.

    Args:
        explained: as in `evaluation.evaluate`.
    """
    facts = _facts(read, commune)
    published = aids_in_force() if aids is None else aids
    return [_local(aid, facts, read, today, explained=explained) for aid in published if _is_open(aid, today)]


def aids_in_force() -> list[LocalAid]:
    """Return the city's aids, as two agents published them. Cost: two queries."""
    return LocalAid.objects.in_force()


def _facts(read: from_vault.Read, commune: str) -> Facts:
    """Return what the city's rules may read of each member of the household, by the person's id."""
    from services.aids.facts import local_facts

    base = local_facts.household_facts(read, commune)
    people = read.household.people
    return {person.id: local_facts.person_facts(person, read.household, base) for person in people}


def _is_open(aid: LocalAid, today: date) -> bool:
    return aid.valid_from <= today and (aid.valid_to is None or today <= aid.valid_to)


def _local(aid: LocalAid, facts: Facts, read: from_vault.Read, today: date, *, explained: bool = True) -> LocalResult:
    """Evaluate one aid. An aid per person takes the best outcome among the household."""
    household = read.household
    if aid.rules.get("audience") != "person":
        known = facts[household.applicant.id]
        return LocalResult(aid, aid.evaluate(known, today, explained=explained), known)
    tried = [
        (aid.evaluate(facts[person.id], today, explained=explained), facts[person.id], person)
        for person in household.people
    ]
    order = ("granted", "to_check", "unknown", "refused")
    best = min(tried, key=lambda one: order.index(one[0].status))
    granted = tuple(person for outcome, _facts, person in tried if outcome.status == best[0].status)
    return LocalResult(aid, best[0], best[1], granted)


def ask_for_local(
    read: from_vault.Read, held: Collection[str], lines: Sequence[LocalResult], commune: str, today: date
) -> "list[Asked]":
    """Return the questions whose answers change one of the city's aids, without those asked already, of places `held`.

    Only aids that wait for a value are evaluated again, once for each answer; the engine does not run.
    """
    from services.aids.asking import questions
    from services.aids.results import Asked

    waiting = [line for line in lines if line.outcome.waits]
    if not waiting:
        return []
    household, before = read.household, _facts(read, commune)
    reads = {name for line in waiting for name in reading.facts_of(line.aid.rules)}
    found = []
    for question in (*questions.open_questions(household), *city_questions(household, reads)):
        if question.place in held:
            continue
        outcomes = []
        for change in question.answers:
            changed = change(household)
            answered = replace(read, household=replace(changed, unknown=changed.unknown - set(question.keys)))
            after = _facts(answered, commune)
            outcomes.append(_outcomes(waiting, before, after, answered, today))
        codes = tuple(code for code in outcomes[0] if len({one[code] for one in outcomes}) > 1)
        if codes:
            found.append(Asked(question, 0.0, "", codes))
    return found


def _outcomes(
    lines: Sequence[LocalResult], before: Facts, after: Facts, read: from_vault.Read, today: date
) -> dict[str, tuple[str, float | None]]:
    """Return the outcome of each aid with an answer. Those that read nothing of what changed keep theirs."""
    changed = reading.changed(before, after)
    found = {}
    for line in lines:
        reads = set(reading.facts_of(line.aid.rules))
        now = line if changed is not None and not reads & changed else _local(line.aid, after, read, today)
        found[line.aid.code] = (now.status, now.outcome.amount)
    return found


def fingerprint(simulation: Simulation) -> str:
    """Hash the inputs, their source records, the versions of the engine and of the record, and the local outcomes.

    Source records are included so that no dossier uses a computation based on a record that is no longer current.
    """
    from services.aids.engine import run as engine

    known = asdict(simulation.read.household)
    known.update(id="", title="", unknown=sorted(known["unknown"]), receives=sorted(known["receives"]))
    rules = [[line.aid.code, line.aid.version, line.outcome.status, line.outcome.amount] for line in simulation.local]
    records = sorted({record for found in simulation.read.sources.values() for record in found})
    made_with = [engine.versions(), types.get(RESULT).version]
    text = json.dumps([known, records, made_with, rules], sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def keep_outcome(*, resident_id: UUID, simulation: Simulation, values: Values) -> Record | None:
    """Write the outcome as a calcul.resultat record, in French whatever the page's language.

    Return None if the last record has the same fingerprint.
    """
    mark = fingerprint(simulation)
    last = values.latest(RESULT, resident_id)
    if last is not None and last.payload.get("empreinte") == mark:
        return None
    try:
        return add_record(
            resident_id=resident_id,
            by=resident_id,
            subject=Subject(type=RESULT, person=resident_id),
            payload=outcome(simulation, mark, before=last.payload if last else None),
            source=Source(holder=ENGINE, method=Method.DERIVED),
            supersedes=last.record_id if last else None,
            purpose=KEEP,
        )
    except Superseded:
        return None  # another request kept the same outcome meanwhile


def outcome(simulation: Simulation, mark: str, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the payload of a simulation. What `before`, the last one kept, did not find is dated today."""
    from services.aids import results

    language = translation.get_language()
    with translation.override("fr"):
        run = simulation.results.run
        french = (
            simulation.results
            if language == "fr"
            else results.compute(simulation.results.household, runs=lambda _rows: run)
        )
        used = [record for found in simulation.read.sources.values() for record in found]
        kept = results.payload(french, fingerprint=mark, used=used, source=simulation.read.source_id)
        kept["resultats"] += [_kept_local(line) for line in simulation.local]
        kept["hypotheses"] = list(simulation.read.hypotheses)
    if before is not None:
        _date(kept["resultats"], before.get("resultats") or (), timezone.localdate())
    return kept


def _date(results: Sequence[dict[str, Any]], before: Sequence[Mapping[str, Any]], today: date) -> None:
    """Say since when each aid is found, where an earlier result did not find it."""
    found = {one["code"]: one.get("depuis") for one in before if one["statut"] == FOUND}
    for one in results:
        if one["statut"] == FOUND:
            since = found.get(one["code"], today.isoformat())
            one |= {"depuis": since} if since else {}


def _kept_local(line: LocalResult) -> dict[str, Any]:
    status = {"granted": "eligible", "to_check": "unknown", "unknown": "unknown", "refused": "not_eligible"}[
        line.status
    ]
    unit = {"month": "mois", "year": "an"}.get(line.aid.rules.get("periodicity", ""), "fois")
    amount = line.outcome.amount if line.aid.rules.get("kind") == "money" else None
    return {
        "code": line.aid.code,
        "titre": line.aid.label,
        "version": line.aid.version,
        "montant": None if amount is None else f"{amount:.2f}",
        "unite": unit,
        "statut": status,
        "raisons": [
            {"texte": reason.text, "ok": {"ok": True, "no": False}.get(reason.answer)}
            for reason in line.outcome.reasons
        ],
    }


def break_even(*, resident_id: UUID, simulation: Simulation, code: str) -> "BreakEven | None":
    """Return the incomes at which an aid starts or stops for this household, from two runs that are kept."""
    from services.aids import results
    from services.aids.results import sweep

    kept = simulation.kept
    if kept is not None and code in kept.points:
        point = kept.points[code]
        return None if point is None else sweep.BreakEven(*point)
    found = results.break_even(simulation.results, code)
    if kept is not None:
        kept.points[code] = None if found is None else (found.now, found.stops_above, found.starts_above)
        kept_runs.keep(resident_id=resident_id, kept=kept, records=simulation.records)
    return found


def answer_question(*, resident_id: UUID, by: UUID, answer: Answer) -> list[Record]:
    """Write an answer as declared records: corrections of values that the vault has, new records otherwise."""
    codes = sorted({put.type for put in answer.puts})
    held = gate.read_own(
        resident_id=resident_id, purpose=ANSWER, fields=[name for code in codes for name in types.fields_of(code)]
    )
    return [_put(resident_id, by, put, held) for put in answer.puts]


def _put(resident_id: UUID, by: UUID, put: Put, held: Values) -> Record:
    before = held.latest(put.type, put.person) if put.merge else None
    if before is not None:
        return _correct(resident_id, by, before, put)
    return add_record(
        resident_id=resident_id,
        by=by,
        subject=Subject(type=put.type, person=put.person or resident_id, role=put.role),
        payload=put.payload,
        in_place=True,
        purpose=ANSWER,
    )


def _correct(resident_id: UUID, by: UUID, before: Opened, put: Put) -> Record:
    with scope(resident=resident_id):
        record = Record.objects.get(pk=before.record_id)
    return correct_record(record=record, by=by, payload={**before.payload, **put.payload}, purpose=ANSWER)
