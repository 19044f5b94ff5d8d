"""Read households from JSON files. An unknown key is refused by name; a missing key means unknown, not zero."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from services.aids import household as hh
from services.aids.household import BadHousehold, Household, Housing, Income, PaidBenefit, Person, TaxNotice

Reader = Callable[[object, str], Any]


#: More than any amount of a household, and than its people.
LARGEST, MOST = 1e9, 50
LONGEST: Final = 200


def text(value: object, field: str) -> str:
    if not isinstance(value, str) or not value:
        raise BadHousehold(field, "écrivez un texte")
    if len(value) > LONGEST or not value.isprintable():
        raise BadHousehold(field, f"écrivez un texte lisible, de {LONGEST} caractères au plus")
    return value


def code(value: object, field: str) -> str:
    if not (text(value, field).isascii() and str(value).replace("_", "").isalnum()):
        raise BadHousehold(field, "écrivez un code, comme FR, 2A004 ou licence_2")
    return str(value)


def number(value: object, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadHousehold(field, "écrivez un nombre")
    if not -LARGEST <= value <= LARGEST:  # nor is NaN
        raise BadHousehold(field, "ce nombre n’est pas possible")
    return float(value)


def whole(value: object, field: str) -> int:
    if number(value, field) != int(number(value, field)):
        raise BadHousehold(field, "écrivez un nombre entier")
    return int(number(value, field))


def flag(value: object, field: str) -> bool:
    if not isinstance(value, bool):
        raise BadHousehold(field, "écrivez true ou false")
    return value


def day(value: object, field: str) -> date:
    try:
        return date.fromisoformat(text(value, field))
    except ValueError as error:
        raise BadHousehold(field, "écrivez une date comme 1993-04-12") from error


def among(*choices: str) -> Reader:
    def read(value: object, field: str) -> str:
        if value not in choices:
            raise BadHousehold(field, f"« {value} » n’est pas connu ; choix : {', '.join(choices)}")
        return str(value)

    return read


def within(low: float, high: float) -> Reader:
    def read(value: object, field: str) -> float:
        if not low <= number(value, field) <= high:
            raise BadHousehold(field, f"écrivez un nombre de {low:g} à {high:g}")
        return number(value, field)

    return read


def year(value: object, field: str) -> int:
    return int(within(1900, 2100)(whole(value, field), field))


def category(value: object, field: str) -> int:
    return int(within(0, 6)(whole(value, field), field))


# JSON key -> (our field, reader). A leading "!" marks a required key.
INCOME: Final[Mapping[str, tuple[str, Reader]]] = {
    "!type": ("type", among(*hh.INCOMES)),
    "!from": ("first", text),
    "!to": ("last", text),
    "!net": ("net", number),
    "taxable": ("taxable", number),
    "gross": ("gross", number),
}
NOTICE: Final[Mapping[str, tuple[str, Reader]]] = {
    "!income_year": ("income_year", year),
    "!rfr": ("rfr", number),
    "parts": ("parts", number),
    "rni": ("rni", number),
    "rbg": ("rbg", number),
    "household": ("household", among("ff", "ff2")),
}
HOUSING: Final[Mapping[str, tuple[str, Reader]]] = {
    "status": ("status", among(*hh.HOUSINGS)),
    "rent": ("rent", number),
    "charges": ("charges", number),
    "insee": ("insee", code),
    "postcode": ("", text),  # ignored: the engine needs the Insee code and puts any postcode in zone 2
    "shared": ("shared", flag),
    "room": ("room", flag),
    "crous": ("crous", flag),
    "moved_in": ("moved_in", day),
}
BENEFIT: Final[Mapping[str, tuple[str, Reader]]] = {
    "!type": ("type", among(*hh.BENEFITS)),
    "!monthly": ("monthly", number),
    "person": ("person", text),
}


def fields(data: object, field: str, table: Mapping[str, tuple[str, Reader]]) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise BadHousehold(field, "écrivez un objet JSON")
    known = {key.lstrip("!"): entry for key, entry in table.items()}
    where = f"{field}." if field else ""
    for key in data:
        if key not in known:
            raise BadHousehold(f"{where}{key}", "ce champ n’existe pas")
    for key in table:
        if key.startswith("!") and data.get(key[1:]) is None:
            raise BadHousehold(f"{where}{key[1:]}", "ce champ manque")
    values = {known[key][0]: known[key][1](value, f"{where}{key}") for key, value in data.items() if value is not None}
    values.pop("", None)
    return values


def list_of(table: Mapping[str, tuple[str, Reader]], make: Callable[..., Any]) -> Reader:
    def read(value: object, field: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise BadHousehold(field, "écrivez une liste")
        return tuple(make(**fields(item, f"{field}[{rank}]", table)) for rank, item in enumerate(value))

    return read


def permit_years(value: object, field: str) -> float:
    return float(within(0, 90)(value, field))


PERSON: Final[Mapping[str, tuple[str, Reader]]] = {
    "!id": ("id", text),
    "!role": ("role", among(*hh.ROLES)),
    "!birth_date": ("birth_date", day),
    "status": ("status", among(*hh.STATUSES)),
    "incomes": ("incomes", list_of(INCOME, Income)),
    "nationality": ("nationality", code),
    "permit": ("permit", among(*hh.PERMITS)),
    "permit_years": ("permit_years", permit_years),
    "marital": ("marital", among(*hh.MARITAL)),
    "pregnant": ("pregnant", flag),
    "due_date": ("due_date", day),
    "disability_rate": ("disability_rate", within(0, 1)),
    "rsdae": ("rsdae", flag),
    "aeeh_category": ("aeeh_category", category),
    "school": ("school", among(*hh.SCHOOLS)),
    "study_year": ("study_year", code),
    "school_status": ("school_status", among(*hh.SCHOOL_STATUSES)),
    "boursier": ("boursier", flag),
    "lives_with_parents": ("lives_with_parents", flag),
    "tax_dependent_of_parents": ("tax_dependent_of_parents", flag),
    "crous_parent_resources": ("crous_parent_resources", number),
    "apprentice_since": ("apprentice_since", day),
    "shared_custody": ("shared_custody", flag),
    "orphan": ("orphan", flag),
    "ass_open": ("ass_open", flag),
    "worked_two_years": ("worked_two_years", flag),
}
# Values of missing keys: a file lists only the situations that exist.
NO: Final[Mapping[str, object]] = {
    "nationality": "FR",
    "permit": "other",
    "permit_years": 0.0,
    "pregnant": False,
    "disability_rate": 0.0,
    "rsdae": False,
    "lives_with_parents": False,
    "tax_dependent_of_parents": False,
    "shared_custody": False,
    "orphan": False,
    "ass_open": False,
    "worked_two_years": False,
}


def person(**values: Any) -> Person:
    return Person(**{**NO, **values})


CASE: Final[Mapping[str, tuple[str, Reader]]] = {
    "id": ("id", text),
    "title": ("title", text),
    "!date": ("month", text),
    "!people": ("people", list_of(PERSON, person)),
    "housing": (
        "housing",
        lambda value, field: Housing(
            **{"shared": False, "room": False, "crous": False, **fields(value, field, HOUSING)}
        ),
    ),
    "tax_notices": ("tax_notices", list_of(NOTICE, TaxNotice)),
    "benefits_received": ("benefits", list_of(BENEFIT, PaidBenefit)),
    "partner_separate_tax": ("partner_taxed_apart", flag),
    "recent_separation": ("recently_alone", flag),
}


def read(data: object) -> Household:
    """Build a household from its JSON object; {"case": {...}} is accepted too."""
    if isinstance(data, Mapping) and isinstance(data.get("case"), Mapping):
        data = data["case"]
    values = {"partner_taxed_apart": False, "recently_alone": False, **fields(data, "", CASE)}
    if not 1 <= len(values["people"]) <= MOST:
        raise BadHousehold("people", f"il faut de 1 à {MOST} personnes")
    return hh.check(Household(**values))
