"""Convert values of a 2D-Doc to values of records: decimal comma, DDMMYYYY dates, postal lines. Nothing is guessed."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from vault.readers.formats.twoddoc.code import Entry

PARIS = ZoneInfo("Europe/Paris")
ADDRESS_LINE = re.compile(r"^(?P<street>.*?)[\s/]*\b(?P<postcode>\d{5})\s+(?P<town>[^\d/]+)(?:/.*)?$")

# Words around a name on a paper that are not part of it.
NO_NAMES = {
    "M",
    "MR",
    "MME",
    "MLLE",
    "MONSIEUR",
    "MADAME",
    "MADEMOISELLE",
    "NE",
    "NEE",
    "EPOUSE",
    "EPOUX",
    "VEUVE",
    "ET",
    "OU",
}

Entries = Mapping[str, Entry]


def text(entries: Entries, *ids: str) -> str | None:
    """Return the first of these entries that is not blank."""
    found = (" ".join(str(entries[one]).split()) for one in ids if one in entries)
    return next((value for value in found if value), None)


def name(entries: Entries, *ids: str) -> str | None:
    """Return a name without its titles: `IMPOSABLE FRANCOIS` for `M/IMPOSABLE/FRANCOIS`."""
    whole = text(entries, *ids)
    kept = [word for word in re.split(r"[\s/]+", whole or "") if word and word.upper() not in NO_NAMES]
    return " ".join(kept) or None


def integer(entries: Entries, one: str) -> int | None:
    value = text(entries, one)
    return int(value) if value and re.fullmatch(r"-?\d{1,12}", value) else None


def decimal(entries: Entries, one: str) -> Decimal | None:
    value = (text(entries, one) or "").replace(",", ".")
    if not re.fullmatch(r"-?\d{0,12}(\.\d{0,4})?", value) or not re.search(r"\d", value):
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def money(entries: Entries, one: str) -> str | None:
    amount = decimal(entries, one)
    return None if amount is None else str(amount.quantize(Decimal("0.01")))


def parts(entries: Entries, one: str) -> float | None:
    """Return a number of tax shares, a positive multiple of a quarter."""
    amount = decimal(entries, one)
    return float(amount) if amount is not None and amount > 0 and amount % Decimal("0.25") == 0 else None


def day(entries: Entries, one: str) -> str | None:
    """Return a date in ISO, parsed by tddoc or left as DDMMYYYY (4A)."""
    value = entries[one].value if one in entries else None
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    try:
        return datetime.strptime(str(value), "%d%m%Y").date().isoformat()
    except ValueError:
        return None


def year(entries: Entries, one: str) -> int | None:
    value = integer(entries, one)
    return value if value is not None and 1900 <= value <= 2100 else None


def address(
    entries: Entries, *, complement: tuple[str, ...], street: str, place: str, postcode: str, town: str, country: str
) -> dict[str, Any]:
    """Build a postal address from its lines; empty if the code has none."""
    extra = [value for one in (*complement, place) if (value := text(entries, one))]
    code = text(entries, postcode)
    found = {
        "complement": ", ".join(extra) or None,
        "voie": text(entries, street),
        "code_postal": code if code and re.fullmatch(r"\d{5}", code) else None,
        "commune": text(entries, town),
        "pays": text(entries, country),
    }
    return {key: value for key, value in found.items() if value}


def address_line(entries: Entries, one: str) -> dict[str, Any]:
    """Build a postal address from one string, as some notices have it."""
    line = text(entries, one)
    if line is None:
        return {}
    found = ADDRESS_LINE.match(line)
    if found is None:
        return {"lignes": [line]}
    street = found["street"].replace("/", " ").strip(" ,")
    return {
        "lignes": [line],
        **({"voie": street} if street else {}),
        "code_postal": found["postcode"],
        "commune": found["town"].strip(),
    }


def whole_year(number: int) -> dict[str, str]:
    return span(date(number, 1, 1), date(number, 12, 31))


def span(first: date, last: date) -> dict[str, str]:
    end = datetime.combine(last, time(23, 59, 59), tzinfo=PARIS)
    return {"start": midnight(first), "end": end.isoformat()}


def midnight(on: date) -> str:
    """Return the start of the printed day, in Paris."""
    return datetime(on.year, on.month, on.day, tzinfo=PARIS).isoformat()
