"""Describe the problems of a payload in sentences: the schema locates them, the field's kind gives the advice."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from core import schemas
from vault.types import catalogue


def gettext_noop(sentence: str) -> str:
    """Mark a sentence for translators. Django's reads the settings, which the readers' child process lacks."""
    return sentence


EXPECTED = {
    "text": gettext_noop("écrivez un texte."),
    "int": gettext_noop("écrivez un nombre entier."),
    "number": gettext_noop("écrivez un nombre, par exemple 2,5."),
    "decimal": gettext_noop("écrivez un montant en euros, par exemple 1250.40."),
    "date": gettext_noop("écrivez une date qui existe, par exemple 2026-03-04."),
    "partial_date": gettext_noop(
        "écrivez une date qui existe, par exemple 1993-04-12. Mettez 00 pour un jour ou un mois inconnu."
    ),
    "month": gettext_noop("écrivez une année et un mois, par exemple 2026-03."),
    "datetime": gettext_noop("écrivez une date et une heure, par exemple 2026-03-04T10:30:00+01:00."),
    "bool": gettext_noop("répondez par oui ou par non."),
    "choice": gettext_noop("choisissez une réponse dans la liste."),
    "commune": gettext_noop("choisissez une commune dans la liste."),
    "country": gettext_noop("choisissez un pays dans la liste."),
    "address": gettext_noop("écrivez la rue, le code postal à 5 chiffres et la commune."),
    "list": gettext_noop("vérifiez chaque ligne."),
    "object": gettext_noop("vérifiez cette valeur."),
}
MISSING = gettext_noop("cette valeur est nécessaire.")
UNKNOWN = gettext_noop("ce champ n’existe pas.")
BOUNDS = {"minimum", "maximum", "multipleOf"}
OUT_OF_BOUNDS = gettext_noop("ce nombre n’est pas possible.")


def problems(code: str, payload: Mapping[str, Any]) -> list[catalogue.Problem]:
    """Return one problem per wrong or missing value, in the reader's language, in the order of the fields."""
    from django.utils.translation import gettext  # imported here: the readers' child says nothing

    data_type = catalogue.get(code)
    found = [one for error in _validator(code).iter_errors(dict(payload)) for one in _problems(data_type, error)]
    found += [_problem(data_type, pointer, None) for pointer in _impossible_dates(data_type, payload)]
    order = list(data_type.fields)
    by_place = {one.pointer: replace(one, sentence=gettext(one.sentence)) for one in found}
    return sorted(by_place.values(), key=lambda problem: _rank(order, problem.pointer))


def validate(code: str, payload: Mapping[str, Any]) -> list[str]:
    return [str(problem) for problem in problems(code, payload)]


def is_of_its_kinds(code: str, payload: Mapping[str, Any]) -> bool:
    """Return whether each value has the type of its field in JSON, and no field is unknown.

    A field that is missing and a value that is impossible are not looked at.
    """
    return not any(map(_is_of_another_kind, _validator(code).iter_errors(dict(payload))))


def _is_of_another_kind(error: schemas.Broken) -> bool:
    if error.validator in {"anyOf", "oneOf"}:
        return all(map(_is_of_another_kind, error.context or ()))
    is_unlisted = error.validator in {"enum", "const"} and isinstance(error.instance, dict | list)
    return is_unlisted or error.validator in {"type", "additionalProperties"}


def _rank(order: list[str], pointer: str) -> tuple[int, str]:
    top = f"/{pointer.split('/')[1]}" if pointer else ""
    return (order.index(top) if top in order else len(order), pointer)


def _problems(data_type: catalogue.DataType, error: schemas.Broken) -> Iterable[catalogue.Problem]:
    here = "".join(f"/{part}" for part in error.absolute_path)
    match error.validator:
        case "required":
            names = [name for name in error.validator_value if name not in error.instance]
            return [_problem(data_type, f"{here}/{name}", MISSING) for name in names]
        case "additionalProperties":
            names = [name for name in error.instance if name not in error.schema.get("properties", {})]
            return [catalogue.Problem(f"{here}/{name}", str(name), UNKNOWN) for name in names]
        case "minimum" | "maximum" | "multipleOf":
            return [_problem(data_type, here, OUT_OF_BOUNDS)]
    if error.validator == "anyOf" and any(inner.validator in BOUNDS for inner in error.context or ()):
        return [_problem(data_type, here, OUT_OF_BOUNDS)]
    return [_problem(data_type, here, None)]


def _problem(data_type: catalogue.DataType, pointer: str, sentence: str | None) -> catalogue.Problem:
    info = _info(data_type, pointer)
    if info is None:
        return catalogue.Problem(pointer, data_type.title, EXPECTED["object"])
    return catalogue.Problem(pointer, info.label, sentence or EXPECTED[info.kind])


def _info(data_type: catalogue.DataType, pointer: str) -> catalogue.FieldInfo | None:
    """Return the nearest field with a label: a problem of a postcode is reported on its address."""
    name, *rest = pointer.lstrip("/").split("/")
    info = data_type.fields.get(f"/{name}")
    for step in rest:
        if info and step in info.items:
            info = info.items[step]
    return info


def _impossible_dates(data_type: catalogue.DataType, payload: Mapping[str, Any]) -> Iterator[str]:
    """Yield the pointers of impossible partial dates, such as `2023-02-31`, which match the schema's pattern."""
    for name, info in data_type.fields.items():
        value = payload.get(name[1:])
        if info.kind == "partial_date" and _impossible(info, value):
            yield name
        for place, row in enumerate(value if info.items and isinstance(value, list) else ()):
            for key, inner in info.items.items():
                if inner.kind == "partial_date" and isinstance(row, dict) and _impossible(inner, row.get(key)):
                    yield f"{name}/{place}/{key}"


def _impossible(info: catalogue.FieldInfo, value: object) -> bool:
    text = value if isinstance(value, str) else ""
    return schemas.validator(info.schema).is_valid(text) and not catalogue.is_partial_date(text)


@cache
def _validator(code: str) -> schemas.Validator:
    return schemas.validator(catalogue.get(code).schema, formats=["date", "uuid", "email"])
