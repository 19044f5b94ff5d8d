"""Summaries of data for pages: facts, one line per thing followed, a chart by month, tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.pages import charts
from core.templatetags.civic import NBSP, clock, long_date, money, month, number
from vault import types
from vault.readers.reading import Fact
from vault.readers.sentences import FACTS
from vault.records import wording
from vault.records.values import summaries
from vault.records.values.summaries import Line
from vault.types import FieldInfo
from vault.types.figures import Figure

#: The largest number of columns that a chart can show.
MONTHS = 36
METRES_A_KILOMETRE = 1000


@dataclass(frozen=True)
class LineShown:
    """One thing followed over time.

    `extent` is its count and its first and last months; `totals` are its overall amounts.
    """

    title: str
    extent: str
    gaps: str
    totals: list[dict[str, str]]
    chart: charts.Chart | None


def facts(found: Iterable[Fact]) -> list[dict[str, str]]:
    return [
        {"key": _(FACTS[fact.code]) if fact.code in FACTS else fact.code, "value": fact_value(fact)} for fact in found
    ]


def fact_value(fact: Fact) -> str:
    if fact.unit.startswith("EUR"):
        return money(fact.value)
    if is_day(fact.value):
        return long_date(fact.value)
    unit = types.unit_label(fact.unit)
    return f"{number(fact.value)}{NBSP}{unit}".rstrip(NBSP)


def is_day(text: str) -> bool:
    try:
        return len(text) == len("2026-03-04") and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def line_shown(line: Line, *, chart: bool = True, whose: str = "") -> LineShown:
    return LineShown(
        title=", ".join(part for part in (types.get(line.type).title, summaries.name(line), whose) if part),
        extent=extent(line),
        gaps=_gaps(line),
        totals=[
            {"key": str(figure.label), "value": figure.format_amount(total(line, figure))} for figure in line.figures
        ],
        chart=by_month(line) if chart else None,
    )


def extent(line: Line) -> str:
    """Return the count and the months: “420 mesures, de mars 2025 à février 2026”."""
    count = counted(line.type, line.count)
    named = sorted(name for name in line.months if name)
    if not named:
        return count
    if named[0] == named[-1]:
        return _("%(count)s, %(month)s") % {"count": count, "month": month(named[0])}
    return _("%(count)s, de %(first)s à %(last)s") % {
        "count": count,
        "first": month(named[0]),
        "last": month(named[-1]),
    }


def counted(type_code: str, count: int) -> str:
    """Return the count with the noun of its type: measures, payments, trips."""
    noun = types.get(type_code).noun(count)
    if noun:
        return f"{number(count)} {noun}"
    return ngettext("%(count)s ligne", "%(count)s lignes", count) % {"count": number(count)}


def months(count: int) -> str:
    """Return the count of a series: one block is one month of one flow."""
    return ngettext("%(count)s mois de mesures", "%(count)s mois de mesures", count) % {"count": number(count)}


def records(type_code: str, count: int) -> str:
    return months(count) if types.get(type_code).rules.blocks else counted(type_code, count)


def total(line: Line, figure: Figure) -> Decimal:
    found = [held.figures[figure.code] for held in line.months.values() if figure.code in held.figures]
    return max(found) if figure.peak else sum(found, Decimal(0))


def by_month(line: Line) -> charts.Chart | None:
    """Return the chart of its main amount by month, the empty months included; None if there is nothing to compare."""
    figure, named = line.main, [name for name in sorted(line.months) if name][-MONTHS:]
    if figure is None or len(named) < 2:
        return None
    amounts = {name: line.months[name].figures.get(figure.code, Decimal(0)) for name in named}
    span = months_between(named[0], named[-1])[-MONTHS:]
    bars = [charts.Bar(month(name), amounts.get(name, Decimal(0))) for name in span]
    if all(bar.value <= 0 for bar in bars):
        return None
    show = lambda amount: figure.format_amount(Decimal(str(amount)))  # noqa: E731 - the figure's own way of writing
    return charts.columns(
        items=bars, show=show, title=f"{types.get(line.type).title}, {figure.label}", value_head=figure.label
    )


def months_between(first: str, last: str) -> list[str]:
    start, end = (int(name[:4]) * 12 + int(name[5:7]) - 1 for name in (first, last))
    return [f"{place // 12:04d}-{place % 12 + 1:02d}" for place in range(start, end + 1)]


def month_rows(line: Line) -> tuple[list[dict[str, object]], list[list[object]]]:
    """Return the heads and rows of the table by month, newest first."""
    heads: list[dict[str, object]] = [{"label": _("Mois")}, {"label": _("Nombre"), "num": True}]
    heads += [{"label": figure.label, "num": True} for figure in line.figures]
    heads += [{"label": _("Mesures manquantes"), "num": True}] if line.gaps else []
    rows: list[list[object]] = []
    for name, held in sorted(line.months.items(), reverse=True):
        row: list[object] = [month(name) if name else _("Sans date"), number(held.count)]
        row += [
            figure.format_amount(held.figures[figure.code]) if figure.code in held.figures else "–"
            for figure in line.figures
        ]
        rows.append(row + ([number(held.gaps)] if line.gaps else []))
    return heads, rows


def day_table(blocks: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return the table and the chart of one meter's month, day by day."""
    (line,) = summaries.lines(blocks)
    figure = line.main or Figure("energy", "", "kWh")
    if figure.peak:
        return {"title": line_shown(line, chart=False).title, "chart": None, "heads": [], "rows": []}
    found = summaries.days(payload for _type, payload in blocks)
    bars = [charts.Bar(str(int(day[8:])), amount) for day, amount, _gaps in found]
    title = line_shown(line, chart=False).title
    heads: list[dict[str, object]] = [{"label": _("Jour")}, {"label": figure.label, "num": True}]
    heads.append({"label": _("Mesures manquantes"), "num": True})
    return {
        "title": title,
        "chart": charts.columns(
            items=bars, show=lambda amount: figure.format_amount(Decimal(str(amount))), title=title
        )
        if len(bars) > 1
        else None,
        "heads": heads,
        "rows": [[long_date(day), figure.format_amount(amount), number(gaps)] for day, amount, gaps in found],
    }


def record_heads(type_code: str) -> list[dict[str, object]]:
    infos = [types.field(f"{type_code}#/{name}") for name in types.get(type_code).rules.columns]
    return [{"label": info.label, "num": info.kind in {"decimal", "number"}} for info in infos]


def record_row(type_code: str, payload: Mapping[str, Any]) -> list[object]:
    return [
        cell(types.field(f"{type_code}#/{name}"), payload.get(name)) for name in types.get(type_code).rules.columns
    ]


def cell(info: FieldInfo, value: Any) -> str:  # noqa: ANN401 - a payload's value
    if info.kind == "datetime" and isinstance(value, str) and len(value) > len("2026-03-04"):
        return moment(value)
    if info.id == "mobilite.trajet#/segments" and value:
        return ", ".join(_leg(info, leg) for leg in value)
    return wording.format_value(info, value)


def moment(value: str) -> str:
    try:
        return _("%(day)s, %(time)s") % {"day": long_date(value), "time": clock(datetime.fromisoformat(value))}
    except (ValueError, OverflowError):
        return value


def outcome(written: Mapping[str, int]) -> list[str]:
    """Return one sentence for each outcome of a file's records, except the outcomes without records."""
    sentences = [
        (
            "added",
            ngettext(
                "%(count)s ligne nouvelle est rangée.",
                "%(count)s lignes nouvelles sont rangées.",
                written.get("added", 0),
            ),
        ),
        (
            "replaced",
            ngettext(
                "%(count)s ligne remplace celle d’un envoi précédent.",
                "%(count)s lignes remplacent celles d’un envoi précédent.",
                written.get("replaced", 0),
            ),
        ),
        (
            "known",
            ngettext("%(count)s ligne était déjà là.", "%(count)s lignes étaient déjà là.", written.get("known", 0)),
        ),
        (
            "better",
            ngettext(
                "%(count)s ligne n’a rien remplacé : votre coffre en a une preuve meilleure.",
                "%(count)s lignes n’ont rien remplacé : votre coffre en a une preuve meilleure.",
                written.get("better", 0),
            ),
        ),
        (
            "refused",
            ngettext(
                "%(count)s ligne n’a pas pu être lue.",
                "%(count)s lignes n’ont pas pu être lues.",
                written.get("refused", 0),
            ),
        ),
    ]
    return [sentence % {"count": number(written[name])} for name, sentence in sentences if written.get(name)]


def _leg(info: FieldInfo, leg: Mapping[str, Any]) -> str:
    mode, metres = wording.format_value(info.items["mode"], leg["mode"]), leg["distance_m"]
    if metres < METRES_A_KILOMETRE:
        return _("%(mode)s %(distance)s") % {"mode": mode, "distance": f"{number(round(metres))}{NBSP}m"}
    return _("%(mode)s %(distance)s") % {
        "mode": mode,
        "distance": f"{number(round(metres / METRES_A_KILOMETRE, 1))}{NBSP}km",
    }


def _gaps(line: Line) -> str:
    if not line.gaps:
        return ""
    return ngettext("%(count)s mesure manque.", "%(count)s mesures manquent.", line.gaps) % {
        "count": number(line.gaps)
    }


def lines_shown(lines: Sequence[Line]) -> list[LineShown]:
    """Return the lines, with a chart for the first one only: the page stays light."""
    return [line_shown(line, chart=position == 0) for position, line in enumerate(lines)]
