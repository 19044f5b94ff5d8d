"""Convert external values to values of records, by kind. A missing, masked or impossible value gives None."""

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from vault import types

#: Longer than any name, label or line of a postal address; the rest of a text is ignored.
MAX_TEXT = 400
MAX_DIGITS = 12
YES = {"true", "oui", "o", "1", "yes"}
NO = {"false", "non", "n", "0", "no"}
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
DAY_FIRST = re.compile(r"(\d{2})[/.-]?(\d{2})[/.-]?(\d{4})")
YEAR_FIRST = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?", re.DOTALL)
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
POSTCODE_TOWN = re.compile(r"(\d{5})(?:\s+(.+))?")
AMOUNT = re.compile(r"[+-]?\d{1,12}(\.\d{1,15})?")
CENT = Decimal("0.01")


def text(value: object) -> str | None:
    """Return the text on one line, without unprintable characters. An integer, such as a code, gives its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int):
        return str(value) if abs(value) < 10**MAX_DIGITS else None
    if len(value) <= MAX_TEXT and value.isprintable() and "  " not in value:
        return value.strip() or None
    return " ".join(UNPRINTABLE.sub(" ", value[: 4 * MAX_TEXT]).split())[:MAX_TEXT] or None


def joined(*values: object, by: str = " ") -> str | None:
    """Join the values that are texts, each once."""
    return by.join(dict.fromkeys(filter(None, map(text, values)))) or None


def integer(value: object) -> int | None:
    found = amount(value)
    return int(found) if found is not None and found == found.to_integral_value() else None


def amount(value: object) -> Decimal | None:
    """Return the amount of `1 234,50 €`, `1234.5` or a number. Before a comma, points are removed (`1.234,50`)."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    written = (
        (text(value) or "")
        if isinstance(value, str)
        else (str(value) if not isinstance(value, int) or abs(value) < 10**15 else "")
    )
    written = re.sub(r"[\s€%']", "", written)
    if "," in written:
        written = written.replace(".", "").replace(",", ".")
    if not AMOUNT.fullmatch(written):
        return None
    try:
        return Decimal(written)
    except InvalidOperation:  # pragma: no cover - AMOUNT matches valid numbers only
        return None


def money(value: object) -> str | None:
    found = amount(value)
    return None if found is None else str(found.quantize(CENT))


def number(value: object) -> float | None:
    found = amount(value)
    return None if found is None else float(found)


def shares(value: object) -> float | None:
    """Return a number of tax shares, a multiple of a quarter."""
    found = amount(value)
    return float(found) if found is not None and 0 < found < 100 and found * 4 % 1 == 0 else None


def yes_no(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    written = (text(value) or "").lower()
    return True if written in YES else False if written in NO else None


def day(value: object) -> str | None:
    """Return a full, existing date in ISO, from `2026-03-04`, a moment, `04/03/2026` or `04032026`."""
    written = partial_day(value)
    return written if written and "-00" not in written else None


def partial_day(value: object) -> str | None:
    """Return a date in ISO with 00 for an unknown month or day, as registers write it. `1977-00-03` gives its year."""
    found = _parts(value)
    if found is None:
        return None
    year, month, on = found
    written = f"{year:04d}-{month:02d}-{on if month else 0:02d}"
    return written if types.is_partial_date(written) else None


def last_day(value: object) -> tuple[str | None, bool]:
    """Return an end date, and whether it was corrected: a school year that ends on 31 June ends on the 30th."""
    exact = day(value)
    if exact:
        return exact, False
    found = _parts(value)
    if found and 1 <= found[1] <= 12 and 28 < found[2] <= 31:
        return date(found[0], found[1], monthrange(found[0], found[1])[1]).isoformat(), True
    return None, False


def _parts(value: object) -> tuple[int, int, int] | None:
    """Return year, month and day. Eight digits have one order only, since years are between 1850 and 2150."""
    written = text(value) or ""
    for shape, (year, month, on) in ((YEAR_FIRST, (1, 2, 3)), (DAY_FIRST, (3, 2, 1)), (COMPACT, (1, 2, 3))):
        found = shape.fullmatch(written)
        if found and 1850 <= int(found[year]) <= 2150:
            return int(found[year]), int(found[month]), int(found[on])
    return None


def postcode_and_town(value: object) -> tuple[str | None, str | None]:
    """Split `75002 PARIS`; the code or the town may be missing."""
    written = text(value)
    found = POSTCODE_TOWN.fullmatch(written or "")
    return (found[1], found[2]) if found else (None, written)


def address(
    *, street: object = None, complement: object = None, code_and_town: object = None, country: object = None
) -> dict[str, Any]:
    """Build a postal address, empty if only its country is known."""
    code, town = postcode_and_town(code_and_town)
    found = known({"voie": text(street), "complement": text(complement), "code_postal": code, "commune": town})
    return found | known({"pays": text(country)}) if found else {}


def email(value: object) -> str | None:
    written = text(value) or ""
    return written if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", written) else None


def commune_code(value: object) -> str | None:
    """Return an INSEE code: five digits, or 2A or 2B and three digits for Corsica."""
    written = (text(value) or "").upper()
    return written if re.fullmatch(r"\d{5}|2[AB]\d{3}", written) else None


def known(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out missing values: a payload has no null."""
    return {name: value for name, value in payload.items() if value is not None and value != {}}
