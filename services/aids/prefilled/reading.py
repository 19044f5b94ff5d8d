"""Find the months of a declaration and their amounts in the text of its page, or of a photo of it. Pure functions.

Three shapes are read: a line with its month and its amount; a month as a heading, its amounts below; a table whose
head names the months. A total wins over what it adds up. A blurred photo may give a wrong amount or none, so whoever
sent it checks what was found.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from services.aids.household import months
from vault.types.spans import MONTHS

_MONTH: Final = re.compile(rf"\b({'|'.join(MONTHS)})\b(?:\s+(20\d\d))?")
#: “1 234,56 €”. A photo's € is often read as another sign, so cents after a comma do without it.
_EURO: Final = r"\s*(?:€|euros?\b|eur\b)"
_AMOUNT: Final = re.compile(
    rf"(?<![\d,.])(\d{{1,3}}(?:[ .]\d{{3}}){{1,2}}|\d{{1,5}})(?:,(\d\d)(?!\d)|\.(\d\d)(?={_EURO})|(?={_EURO}))"
)
_TOTAL: Final = re.compile(r"\btotal\b|\bmontant net social\b")

Found = Mapping[str, Sequence[Decimal]]


def amounts_in(text: str, month: str) -> Found:
    """Return the amounts of each month that the declaration of `month` reads: the resident's, then the partner's."""
    wanted = months.between(months.shift(month, -4), months.shift(month, -2))
    found: dict[str, list[Decimal]] = {}
    for named, lines in _parts(_plain(text).splitlines(), wanted):
        rows = [amounts for amounts in map(_amounts, lines) if amounts]
        totals = [_amounts(line) for line in lines if _TOTAL.search(line) and _amounts(line)]
        for column, one in enumerate(named):
            counted = [row[column] for row in totals[:1] or rows if len(row) == len(named)]
            if counted and one in wanted:
                found.setdefault(one, []).append(sum(counted, Decimal()))
    return found


def _plain(text: str) -> str:
    """Return the text in small letters, without accents and with plain spaces."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^\S\n]+", " ", "".join(letter for letter in letters if not unicodedata.combining(letter)))


def _parts(lines: Sequence[str], wanted: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the months of each line that names some, with that line and those below it, up to the next such line."""
    named: list[str] = []
    part: list[str] = []
    for line in lines:
        if here := _named(line, wanted):
            if named:
                yield named, part
            named, part = here, [_MONTH.sub(" ", line)]
        elif named:
            part.append(line)
    if named:
        yield named, part


def _named(line: str, wanted: Sequence[str]) -> list[str]:
    """Return the months of a line as 2026-03. One without a year has that of the declaration's month of that name."""
    by_name = {one[5:]: one for one in wanted}
    found = []
    for name, year in _MONTH.findall(line):
        number = f"{MONTHS.index(name) + 1:02d}"
        found.append(f"{year}-{number}" if year else by_name.get(number, number))
    return found


def _amounts(line: str) -> list[Decimal]:
    found = _AMOUNT.findall(line)
    return [Decimal(f"{re.sub('[ .]', '', whole)}.{comma or point or '00'}") for whole, comma, point in found]
