"""Verify the machine-readable lines of an identity document (ICAO 9303), if the file has them as text.

Shapes: TD1 (a card, 3 lines of 30), TD2 (2 lines of 36), TD3 (a passport, 2 lines of 44), and the old French card, 2
lines of 36. A photo has no text: the check is then absent.
"""

import re
from collections.abc import Iterable, Sequence

_LINE = re.compile(r"^[A-Z0-9<]+$")
_WEIGHTS = (7, 3, 1)
#: The number of lines and their length, by shape.
_SHAPES = ((2, 44), (2, 36), (3, 30))
Part = tuple[str, str]


def holds(text: str) -> bool | None:
    """Return whether all check digits are right, or None without such lines."""
    found = _lines(text)
    return None if found is None else all(_is_right(value, digit) for value, digit in _parts(found))


def names(text: str) -> list[str]:
    """Return the bearer, family name then given names, truncated if long; empty if the lines are missing or wrong."""
    found = _lines(text)
    if found is None or not holds(text):
        return []
    if found[0].startswith("IDFRA") and len(found) == 2:
        read = f"{found[0][5:30]}<{found[1][13:27]}"
    else:
        read = found[2] if len(found) == 3 else found[0][5:]
    return [plain] if (plain := " ".join(part for part in read.split("<") if part)) else []


def _is_right(value: str, digit: str) -> bool:
    """Return whether the digit matches its part; an empty part may have none."""
    return _digit(value) == digit or (digit == "<" and not value.strip("<"))


def _lines(text: str) -> list[str] | None:
    """Return the last consecutive lines of one of the shapes, without the spaces added by a layout."""
    plain = [re.sub(r"\s", "", line).upper() for line in text.splitlines()]
    coded = [line for line in plain if _LINE.match(line) and "<" in line]
    for count, length in _SHAPES:
        for start in range(len(coded) - count, -1, -1):
            lines = coded[start : start + count]
            if all(len(line) == length for line in lines) and lines[0][0] in "PIAC":
                return lines
    return None


def _parts(lines: Sequence[str]) -> Iterable[Part]:
    """Return each protected part with its digit."""
    if len(lines) == 3:
        first, second, _names = lines
        whole = first[5:30] + second[0:7] + second[8:15] + second[18:29]
        return [(first[5:14], first[14]), (second[0:6], second[6]), (second[8:14], second[14]), (whole, second[29])]
    first, second = lines
    if len(first) == 44:
        whole = second[0:10] + second[13:20] + second[21:43]
        parts = [
            (second[0:9], second[9]),
            (second[13:19], second[19]),
            (second[21:27], second[27]),
            (second[28:42], second[42]),
        ]
        return [*parts, (whole, second[43])]
    if first.startswith("IDFRA"):
        return [(second[0:12], second[12]), (second[27:33], second[33]), (first + second[0:35], second[35])]
    whole = second[0:10] + second[13:20] + second[21:35]
    return [(second[0:9], second[9]), (second[13:19], second[19]), (second[21:27], second[27]), (whole, second[35])]


def _digit(value: str) -> str:
    total = sum(_value(letter) * _WEIGHTS[place % 3] for place, letter in enumerate(value))
    return str(total % 10)


def _value(letter: str) -> int:
    return 0 if letter == "<" else int(letter, 36)
