"""Figures in words: a count, a mean or a share, each with its interval. Everything comes from published numbers."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from campaigns.results.published import Cell, Published
from core.pages.charts import Number, between
from core.templatetags.civic import number

#: Above this share, a group is nearly whole: the exact share would tell something of each of its members.
NEARLY_ALL = 90


@dataclass(frozen=True)
class Figure:
    """A number with the ends of its interval. `unit`: "" for residents, "%" or the unit of a measure."""

    value: float
    low: float
    high: float
    unit: str = ""

    def show(self, value: Number) -> str:
        return show(value, self.unit)

    @property
    def words(self) -> str:
        return self.show(self.value)

    @property
    def margin(self) -> str:
        return between(self.show(self.low), self.show(self.high))


def show(value: Number, unit: str) -> str:
    """Write a value with its unit. A share above 90 % is not written exactly."""
    if unit == "%" and value > NEARLY_ALL:
        return _("plus de %(share)s %%") % {"share": NEARLY_ALL}
    shown = number(round(float(value), 6))
    return f"{shown}\N{NO-BREAK SPACE}{unit}" if unit else str(shown)


def shower(unit: str) -> Callable[[Number], str]:
    return lambda value: show(value, unit)


def of_cell(published: Published, table: Mapping[str, Any], cell: Cell) -> Figure | None:
    """Return the published figure of a cell, or None if it is hidden."""
    if not cell["shown"]:
        return None
    unit = published.plan.measure(table["measure"]).unit if table["measure"] else ""
    return Figure(cell["value"], cell["low"], cell["high"], unit)


def share(part: Cell, whole: Cell) -> Figure | None:
    """Return a part of a whole as a percentage, or None if one of them is hidden.

    The interval divides the ends of both: it is never narrower than 95 times in 100, since the two margins add up
    where independent ones would partly cancel.
    """
    if not (part.get("shown", True) and whole.get("shown", True)) or whole["low"] <= 0:
        return None
    value = min(100, round(100 * part["value"] / max(whole["value"], 1)))
    low, high = 100 * part["low"] / whole["high"], 100 * part["high"] / whole["low"]
    return Figure(value, min(value, math.floor(low)), max(value, min(100, math.ceil(high))), "%")


def language() -> str:
    return "en" if get_language() == "en" else "fr"


def not_given() -> str:
    return _("Non indiqué")


def unit_words(published: Published) -> str:
    return _("logements") if published.plan.unit == "dwelling" else _("participants")


def label(published: Published, table: Mapping[str, Any], cell: Cell) -> str:
    return ", ".join(published.labels(table, cell, language(), not_given()))


def is_given(published: Published, table: Mapping[str, Any], cell: Cell) -> bool:
    """Return whether a cell is of residents who gave each answer."""
    return "_" not in published.codes(table, cell)


def why_hidden() -> str:
    return _("caché, trop peu ou trop incertain")


def joined(names: Sequence[str]) -> str:
    return ", ".join(names)
