"""From an outside value to a record's: one function per kind of value. What is absent, masked or impossible becomes None, never a guess."""

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from vault import types

#: Longer than any name, label or address line; a file that says more is not read for it.
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
    """One line, without what does not print. A number that stands for a code is taken as its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int):
        return str(value) if abs(value) < 10**MAX_DIGITS else None
    return " ".join(UNPRINTABLE.sub(" ", value[: 4 * MAX_TEXT]).split())[:MAX_TEXT] or None


def joined(*values: object, by: str = " ") -> str | None:
    """Those that are given, each once."""
    return by.join(dict.fromkeys(filter(None, map(text, values)))) or None


def integer(value: object) -> int | None:
    found = amount(value)
    return int(found) if found is not None and found == found.to_integral_value() else None


def amount(value: object) -> Decimal | None:
    """`1 234,50 €`, `1234.5` or a number. A thousands point (`1.234,50`) goes when a comma follows it."""
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
    except InvalidOperation:  # pragma: no cover - the pattern lets none through
        return None


def money(value: object) -> str | None:
    found = amount(value)
    return None if found is None else str(found.quantize(CENT))


def number(value: object) -> float | None:
    found = amount(value)
    return None if found is None else float(found)


def shares(value: object) -> float | None:
    """A household's, in quarters; anything else is no number of them."""
    found = amount(value)
    return float(found) if found is not None and 0 < found < 100 and found * 4 % 1 == 0 else None


def yes_no(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    written = (text(value) or "").lower()
    return True if written in YES else False if written in NO else None


def day(value: object) -> str | None:
    """A whole date that exists, as ISO, from `2026-03-04`, its moment, `04/03/2026` or `04032026`."""
    written = partial_day(value)
    return written if written and "-00" not in written else None


def partial_day(value: object) -> str | None:
    """Some registers hold `2020-00-00`: 00 for the month or the day that is not known. Of `1977-00-03` the year alone is a date."""
    found = _parts(value)
    if found is None:
        return None
    year, month, on = found
    written = f"{year:04d}-{month:02d}-{on if month else 0:02d}"
    return written if types.is_partial_date(written) else None


def last_day(value: object) -> tuple[str | None, bool]:
    """An end date, and whether it had to be mended: a school year that ends on 31 June ends on the 30th."""
    exact = day(value)
    if exact:
        return exact, False
    found = _parts(value)
    if found and 1 <= found[1] <= 12 and 28 < found[2] <= 31:
        return date(found[0], found[1], monthrange(found[0], found[1])[1]).isoformat(), True
    return None, False


def _parts(value: object) -> tuple[int, int, int] | None:
    """Year, month, day. Eight digits are never both ways round: the year of either is between 1850 and 2150."""
    written = text(value) or ""
    for shape, (year, month, on) in ((YEAR_FIRST, (1, 2, 3)), (DAY_FIRST, (3, 2, 1)), (COMPACT, (1, 2, 3))):
        found = shape.fullmatch(written)
        if found and 1850 <= int(found[year]) <= 2150:
            return int(found[year]), int(found[month]), int(found[on])
    return None


def postcode_and_town(value: object) -> tuple[str | None, str | None]:
    """`75002 PARIS`, or the code alone, or the town alone."""
    written = text(value)
    found = POSTCODE_TOWN.fullmatch(written or "")
    return (found[1], found[2]) if found else (None, written)


def address(
    *, street: object = None, complement: object = None, code_and_town: object = None, country: object = None
) -> dict[str, Any]:
    """Empty when nothing of it is known: a country alone is no address."""
    code, town = postcode_and_town(code_and_town)
    found = known({"voie": text(street), "complement": text(complement), "code_postal": code, "commune": town})
    return found | known({"pays": text(country)}) if found else {}


def email(value: object) -> str | None:
    written = text(value) or ""
    return written if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", written) else None


def commune_code(value: object) -> str | None:
    """INSEE's: five digits, or 2A and 2B for Corsica."""
    written = (text(value) or "").upper()
    return written if re.fullmatch(r"\d{5}|2[AB]\d{3}", written) else None


def known(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Absent, never null: the source says nothing about it."""
    return {name: value for name, value in payload.items() if value is not None and value != {}}
