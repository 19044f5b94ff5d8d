"""What a resident's form says: each line of the map with its value, where it comes from, or that it is missing.

In French, whatever the resident's language: an organisation may refuse a form in another one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import override

from services.official_forms.mapping import APPLICANT, CHECK, CHILDREN, COMB, DATE, PARTNER, PERSON, Line, Map
from vault import types
from vault.records import wording
from vault.records.enums import Role
from vault.records.values import persons
from vault.records.values.decrypted import Origin, Values, walk
from vault.types.spans import read_day

#: What a yes is in a resident's answers.
YES = "oui"
#: Letters that the form's font has, of French and of its neighbours.
SAMPLE = "Éléonore Ægir-Çelik œuf Ÿ"


class TooMany(Exception):
    """The household has more people than the form has rows."""

    def __init__(self, line: Line, people: int) -> None:
        super().__init__(line.name)
        self.line, self.people = line, people


@dataclass(frozen=True)
class Filled:
    """One place of the form. `origin` is None for what the resident typed for this form."""

    line: Line
    row: int
    text: str
    ticked: bool = False
    person: str = ""
    origin: Origin | None = None
    record_id: UUID | None = None

    @property
    def label(self) -> str:
        return f"{self.line.label}, {self.person}" if self.person else self.line.label

    @property
    def said(self) -> str:
        """Return the text, or in French whether the box is ticked."""
        if self.line.kind == CHECK:
            return "Coché" if self.ticked else "Non coché"
        return self.text


@dataclass(frozen=True)
class Filling:
    filled: Sequence[Filled]
    #: Lines without a value yet.
    missing: Sequence[Line]

    @property
    def records(self) -> list[UUID]:
        return list(dict.fromkeys(one.record_id for one in self.filled if one.record_id))


def wanted(mapping: Map) -> list[str]:
    """Return the ids of the values to read."""
    return list(dict.fromkeys([*mapping.fields(), *persons.FIELDS]))


def fill(mapping: Map, values: Values, *, resident_id: UUID, answers: Mapping[str, str]) -> Filling:
    """Return what the form says. A value of the vault goes before one that was typed for this form.

    Raises:
        TooMany
    """
    household = persons.persons(values, resident_id=resident_id)
    filled: list[Filled] = []
    missing: list[Line] = []
    with override("fr"):
        for line in mapping.lines:
            people = _people(line, household)
            if len(people) > len(line.rows):
                raise TooMany(line, len(people))
            found = list(_of_vault(line, people, values, household))
            if not found and line.of != CHILDREN and (line.of == APPLICANT or line.is_asked or people):
                typed = answers.get(line.name, "")
                found = [Filled(line, 0, *_written(line, typed))] if typed else []
                missing += [] if found else [line]
            filled += found
    return Filling(filled, missing)


def sample(mapping: Map) -> Filling:
    """Return a form of invented values, one in each place, to look at a map."""
    filled = []
    for line in mapping.lines:
        for row in range(len(line.rows)):
            filled.append(Filled(line, row, _sample_text(line), ticked=line.kind == CHECK))
    return Filling(filled, [])


def _sample_text(line: Line) -> str:
    way = line.value.partition("#/")[2]
    if line.kind == CHECK:
        return ""
    if line.kind == COMB:
        return ("29112026" if line.cells == 8 else "1234567890" * 6)[: line.cells]
    if line.kind == DATE or way == "naissance":
        return "29/11/2026"
    width = min(place.box.width for place in line.places)
    return SAMPLE if width > 4500 else "Œuf ÿ"


def _people(line: Line, household: Sequence[persons.Person]) -> list[persons.Person]:
    role = {APPLICANT: Role.SELF, PARTNER: Role.SPOUSE, CHILDREN: Role.CHILD}[line.of]
    found = [person for person in household if person.role == role]
    return found if line.of == CHILDREN else found[:1]


def _of_vault(
    line: Line, people: Sequence[persons.Person], values: Values, household: Sequence[persons.Person]
) -> Iterator[Filled]:
    if line.is_asked:
        return
    for row, person in enumerate(people):
        named = person.called if len(household) > 1 and line.of != APPLICANT else ""
        if line.value.startswith(f"{PERSON}#"):
            text = _of_person(line, person)
            record = values.latest(persons.HOUSEHOLD)
            if line.of == APPLICANT:
                record = values.latest(persons.IDENTITY, person.id) or record
            if text and record is not None:
                yield Filled(line, row, text, False, named, record.origin(""), record.record_id)
            continue
        found = _newest(line.value, values, None if line.of == APPLICANT else person.id, person.id)
        if found is not None:
            record, raw = found
            text, ticked = _said(line, raw)
            name = line.value.partition("#/")[2].split("/")[0]
            yield Filled(line, row, text, ticked, named, record.origin(name), record.record_id)


def _newest(value: str, values: Values, whose: UUID | None, person: UUID) -> tuple[Any, Any] | None:
    """Return the newest record that has the value, of this person or, for the applicant, of the household."""
    code, _sep, way = value.partition("#/")
    records = values.of_type(code, person) or (values.of_type(code) if whose is None and _of_all(code) else [])
    for record in reversed(records):
        raw = walk(record.payload, way.split("/"))
        if raw not in (None, "", [], {}):
            return record, raw
    return None


def _of_all(code: str) -> bool:
    """Return whether a type is about a whole household, as a home is."""
    return code.partition(".")[0] in {"logement", "foyer", "fiscal", "social"}


def _of_person(line: Line, person: persons.Person) -> str:
    part = line.value.partition("#/")[2]
    if part == "naissance":
        return _day(line, person.birth_date) if person.birth_date else ""
    return {"nom": person.family_name, "nom_usage": person.usage_name, "prenom": person.given_name}[part]


def _said(line: Line, raw: Any) -> tuple[str, bool]:  # noqa: ANN401 - a payload's value
    if line.kind == CHECK:
        said = {True: "true", False: "false"}[raw] if isinstance(raw, bool) else str(raw)
        return "", said in line.equals if line.equals else raw is True
    field_id, way = line.value, line.value.partition("#/")[2]
    if "/" in way:
        return (", ".join(str(part) for part in raw) if isinstance(raw, list) else str(raw)), False
    info = types.field(field_id)
    day = read_day(raw) if info.kind in {"date", "datetime"} else None
    return (_day(line, day) if day else wording.format_value(info, raw)), False


def _day(line: Line, day: date) -> str:
    return f"{day:%d%m%Y}" if line.kind == COMB else f"{day:%d/%m/%Y}"


def _written(line: Line, typed: str) -> tuple[str, bool]:
    """Return what a typed answer says, and whether it ticks its box."""
    return ("", typed == YES) if line.kind == CHECK else (typed, False)
