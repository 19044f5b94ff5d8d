"""The catalogue of data types: a folder per type, with its JSON Schemas, its French and English words, and its rules.

A field's id is `type#/pointer`; `*` stands for each item of a list. Django is imported only where a sentence is shown
or a payload checked: the readers' child process uses the catalogue without it.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from vault.types import rules, steps
from vault.types.rules import Rules

FOLDER = Path(__file__).parent
PARTIAL_DATE = r"^\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])$"
KIND_OF_PATTERN = {
    PARTIAL_DATE: "partial_date",
    r"^\d{4}-\d{2}$": "month",
    r"^-?\d+(\.\d{1,2})?$": "decimal",
    r"^\d+(\.\d{1,2})?$": "decimal",
    r"^(\d{5}|2[AB]\d{3})$": "commune",
    r"^\d{5}$": "country",
}
#: The words of a field. Before a list, `any` asks whether there is something to list; its two answers follow.
WORDS = ("label", "any", "any_no", "any_yes", "question", "hint", "why", "asked_by")
KIND_OF_FORMAT = {"date": "date", "date-time": "datetime"}
KIND_OF_TYPE = {"boolean": "bool", "integer": "int", "number": "number", "array": "list"}


class UnknownType(LookupError):
    """No data type, or no field of it, has this name."""


@dataclasses.dataclass(frozen=True)
class Words:
    fr: str = ""
    en: str = ""

    def __str__(self) -> str:
        return self.en if _language() == "en" else self.fr


@dataclasses.dataclass(frozen=True)
class FieldInfo:
    """One field of a data type.

    `kind` is text, int, number, decimal (a string), date, partial_date (00 for an unknown month or day), month,
    datetime, bool, choice, commune, country (codes that vault.types.geography knows), address, list or object. A list
    of objects describes their fields in `items`; a list of choices has `options`.
    """

    id: str
    kind: str
    required: bool
    unit: str
    sensitivity: str
    holders: tuple[str, ...]
    words: Mapping[str, Words]
    options: Mapping[str, Words]
    schema: Mapping[str, Any]
    items: Mapping[str, "FieldInfo"] = dataclasses.field(default_factory=dict)

    @property
    def pointer(self) -> str:
        return self.id.partition("#")[2]

    @property
    def type(self) -> str:
        return self.id.partition("#")[0]

    @property
    def label(self) -> str:
        return str(self.words["label"])

    @property
    def question(self) -> str:
        return str(self.words["question"])

    @property
    def any(self) -> str:
        """Return the yes-or-no question asked before a list, or ""."""
        return str(self.words["any"])

    @property
    def any_answers(self) -> tuple[str, str]:
        return str(self.words["any_no"]), str(self.words["any_yes"])

    @property
    def hint(self) -> str:
        return str(self.words.get("hint", ""))

    @property
    def why(self) -> str:
        return str(self.words["why"])

    @property
    def asked_by(self) -> str:
        return str(self.words["asked_by"])

    @property
    def unit_label(self) -> str:
        return unit_label(self.unit)

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [(value, str(words)) for value, words in self.options.items()]


@dataclasses.dataclass(frozen=True)
class DataType:
    code: str
    version: str
    schema: Mapping[str, Any]
    words: Words
    theme: str
    sensitivity: str
    holders: tuple[str, ...]
    why: Words
    asked_by: Words
    fields: Mapping[str, FieldInfo]
    rules: Rules = Rules()
    counted: tuple[Words, Words] | None = None

    @property
    def title(self) -> str:
        return str(self.words)

    @property
    def theme_label(self) -> str:
        return themes()[self.theme]

    def noun(self, count: int) -> str:
        """Return the word for so many records, such as “opérations”; empty if the type has no word of its own."""
        if self.counted is None:
            return ""
        one, many = self.counted
        return str(one if count == 1 or (count == 0 and _language() != "en") else many)


@dataclasses.dataclass(frozen=True)
class Problem:
    """A problem of one value, at `pointer` in the payload (`/enfants/0/date_naissance`)."""

    pointer: str
    label: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.label}\u00a0: {self.sentence}" if self.label else self.sentence


@cache
def get(code: str) -> DataType:
    if code not in _codes():
        raise UnknownType(f"No data type is called “{code}”.")
    latest = versions(code)[0]
    schema, texts = schema_of(code, latest), _load(FOLDER / code / "labels.json")
    shared = {key: texts[key] for key in ("sensitivity", "holders", "why", "asked_by")}
    fields = {
        f"/{name}": _field(f"{code}#/{name}", schema["properties"][name], text, name in schema["required"], shared)
        for name, text in texts["fields"].items()
    }
    return DataType(
        code=code,
        version=latest,
        schema=schema,
        words=Words(**texts["title"]),
        theme=texts["theme"],
        sensitivity=texts["sensitivity"],
        holders=tuple(texts["holders"]),
        why=Words(**texts["why"]),
        asked_by=Words(**texts["asked_by"]),
        fields=fields,
        rules=rules.load(FOLDER / code / "rules.json"),
        counted=_counted(texts.get("counted")),
    )


def is_known(code: str) -> bool:
    return code in _codes()


@cache
def versions(code: str) -> list[str]:
    """Return all versions, newest first. None is removed: an old record is converted when read, never rewritten."""
    if code not in _codes():
        raise UnknownType(f"No data type is called “{code}”.")
    found = [path.stem for path in (FOLDER / code).glob("[0-9]*.json")]
    return sorted(found, key=lambda version: tuple(map(int, version.split("."))), reverse=True)


def schema_of(code: str, version: str) -> dict[str, Any]:
    if version not in versions(code):
        raise UnknownType(f"The type “{code}” has no version {version}.")
    return _load(FOLDER / code / f"{version}.json")


def upgraded(code: str, version: str, payload: Mapping[str, Any], month: str) -> Mapping[str, Any]:
    """Convert a payload of an older version to the latest one. `month` (2026-03) is when the record was made."""
    latest = get(code).version
    return payload if version == latest else steps.upgrade(code, version, latest, payload, month)


def example(code: str) -> Mapping[str, Any]:
    """Return the fictional payload shown on the type's page."""
    found: Mapping[str, Any] = _load(FOLDER / code / "labels.json")["example"]
    return found


def all_types() -> list[DataType]:
    """Return all data types, by theme, then by French title."""
    order = list(_words_file("themes"))
    return sorted(map(get, _codes()), key=lambda data_type: (order.index(data_type.theme), data_type.words.fr))


@cache
def data_codes() -> frozenset[str]:
    """Return the types whose records come by hundreds and are shown in sum."""
    return frozenset(code for code in _codes() if get(code).rules.data)


def fields_of(code: str) -> list[str]:
    return [info.id for info in get(code).fields.values()]


def field_ids(code: str, *names: str) -> tuple[str, ...]:
    """Return the ids of some fields of a type.

    Raises:
        UnknownType: the type has no such field.
    """
    return tuple(field(f"{code}#/{name}").id for name in names)


def field_exists(field_id: str) -> bool:
    try:
        field(field_id)
    except UnknownType:
        return False
    return True


def field(field_id: str) -> FieldInfo:
    """Return a field by its id: `foyer.composition#/enfants/*/prenoms` is the first names of each child.

    Raises:
        UnknownType: there is no such type or field.
    """
    code, _, pointer = field_id.partition("#/")
    name, *rest = pointer.split("/*/")
    found = get(code).fields.get(f"/{name}")
    for step in rest:
        found = found.items.get(step) if found else None
    if found is None:
        raise UnknownType(f"The type “{code}” has no field “/{pointer}”.")
    return found


def unit_label(unit: str) -> str:
    return str(_words_file("units").get(unit, ""))


def themes() -> dict[str, str]:
    return {code: str(words) for code, words in _words_file("themes").items()}


def is_partial_date(text: str) -> bool:
    """Return whether the date is possible: `1992-11-00` and `1992-00-00`, found in registers, but not `1992-00-12`."""
    year, month, day = (int(part) for part in text.split("-"))
    if month == 0 or day == 0:
        return day == 0
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _field(
    field_id: str, schema: Mapping[str, Any], text: Mapping[str, Any], required: bool, shared: Mapping[str, Any]
) -> FieldInfo:
    schema = _core(schema)
    words = {key: Words(**text.get(key, shared.get(key, {}))) for key in WORDS}
    item = _core(schema.get("items", {}))
    return FieldInfo(
        id=field_id,
        kind=_kind(schema),
        required=required,
        unit=text.get("unit", ""),
        sensitivity=text.get("sensitivity", shared["sensitivity"]),
        holders=tuple(text.get("holders", shared["holders"])),
        words=words,
        options={value: _option(text, str(value)) for value in [*schema.get("enum", ()), *item.get("enum", ())]},
        schema=schema,
        items={
            name: _field(
                f"{field_id}/*/{name}", item["properties"][name], inner, name in item.get("required", ()), shared
            )
            for name, inner in text.get("items", {}).items()
        },
    )


def _counted(words: Mapping[str, Mapping[str, str]] | None) -> tuple[Words, Words] | None:
    return (Words(**words["one"]), Words(**words["many"])) if words else None


def _option(text: Mapping[str, Any], value: str) -> Words:
    return Words(**text.get("choices", {}).get(value, {"fr": value, "en": value}))


def _core(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of the value itself, without the alternative `null`."""
    alternatives: Sequence[Mapping[str, Any]] = schema.get("anyOf", ())
    return next((_core(one) for one in alternatives if one.get("type") != "null"), schema)


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "choice"
    if schema["type"] == "object":
        return "address" if "code_postal" in schema.get("properties", {}) else "object"
    if schema["type"] == "string":
        return KIND_OF_FORMAT.get(schema.get("format", ""), KIND_OF_PATTERN.get(schema.get("pattern", ""), "text"))
    return KIND_OF_TYPE[schema["type"]]


def _language() -> str:
    from django.conf import settings
    from django.utils import translation

    return (translation.get_language() or "fr")[:2] if settings.configured else "fr"


@cache
def _codes() -> frozenset[str]:
    return frozenset(path.parent.name for path in FOLDER.glob("*/labels.json"))


@cache
def _words_file(name: str) -> dict[str, Words]:
    return {code: Words(**words) for code, words in _load(FOLDER / f"{name}.json").items()}


def _load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
