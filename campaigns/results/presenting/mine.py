"""A resident's own row beside the published figures: computed for the page, kept nowhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from campaigns.noise.rows import Row
from campaigns.plans.presenting.wording import words_of
from campaigns.results.presenting import sections
from campaigns.results.published import Published


@dataclass(frozen=True)
class Beside:
    """One table over a single dimension: the resident's answer, and the published figure of the same cell."""

    title: str
    mine: str
    sentence: str
    rows: list[list[str]]
    heads: list[dict[str, object]]


def of(published: Published, row: Row) -> list[Beside]:
    return [one for table in published.tables if (one := _of_table(published, table, row)) is not None]


def _of_table(published: Published, table: Mapping[str, Any], row: Row) -> Beside | None:
    if len(table["dimensions"]) != 1:
        return None
    dimension = published.plan.dimension(table["dimensions"][0])
    mine = row[dimension.code]
    indices = [mine] if isinstance(mine, int) else (mine or [])
    if not indices:
        return None
    section = sections.section(published, table)
    kept = {dimension.cells[index].code for index in indices}
    lines = [line for line in section.lines if line.figure is not None or kept & set(line.codes)]
    marked = [[*sections.row_of(line), _("Vous") if kept & set(line.codes) else ""] for line in lines[: sections.ROWS]]
    if table["measure"]:
        measure = published.plan.measure(table["measure"])
        words = words_of(measure, row[measure.code])
    else:
        words = words_of(dimension, mine)
    if not words:
        return None
    return Beside(
        title=section.title,
        mine=words,
        sentence=_sentence(section.lines, kept, words),
        rows=marked,
        heads=[*section.table_heads, {"label": _("Vous")}],
    )


def _sentence(lines: Iterable[sections.Line], kept: set[str], words: str) -> str:
    line = next((one for one in lines if kept & set(one.codes)), None)
    if line is None or line.figure is None:
        return _("Vous : %(mine)s. Le total publié est caché : trop petit, ou trop incertain.") % {"mine": words}
    return _("Vous : %(mine)s. Publié pour %(label)s : environ %(value)s (%(margin)s).") % {
        "mine": words,
        "label": line.label,
        "value": line.figure.words,
        "margin": line.figure.margin,
    }
