"""Calendar months written "2025-11": the unit of every French benefit."""

import re
from functools import lru_cache
from typing import TypeGuard

SHAPE = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])")


def is_month(text: object) -> TypeGuard[str]:
    return isinstance(text, str) and SHAPE.fullmatch(text) is not None


@lru_cache(maxsize=4_096)
def shift(month: str, by: int) -> str:
    year, rank = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + by, 12)
    return f"{year:04d}-{rank + 1:02d}"


def between(first: str, last: str) -> list[str]:
    """Return the months from `first` to `last`, both included; empty if `last` is earlier."""
    count = (int(last[:4]) - int(first[:4])) * 12 + int(last[5:]) - int(first[5:]) + 1
    return [shift(first, rank) for rank in range(count)]


def of_year(year: int) -> list[str]:
    return between(f"{year}-01", f"{year}-12")
