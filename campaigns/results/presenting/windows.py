"""Publications of one consultation side by side. Each resident is counted in one of them only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from campaigns.results.presenting import figures, sections
from campaigns.results.presenting.figures import Figure
from campaigns.results.published import Published
from core.templatetags.civic import short_date


@dataclass(frozen=True)
class Series:
    """The shares of one table over publications, oldest first, and what the last two allow to say."""

    title: str
    heads: list[dict[str, object]]
    rows: list[list[str]]
    sentence: str


def compared(publications: Sequence[Published]) -> list[Series]:
    """Return a series for each table that counts a participant once over one dimension."""
    if len(publications) < 2:
        return []
    last = publications[-1]
    return [_series(publications, table) for table in last.tables if sections.can_share(last, table)]


def _series(publications: Sequence[Published], table: Mapping[str, Any]) -> Series:
    last = publications[-1]
    rows, moved = [], []
    for place, cell in enumerate(table["cells"]):
        if not figures.is_given(last, table, cell):
            continue
        shares = [_share(one, table["code"], place) for one in publications]
        name = figures.label(last, table, cell)
        verdict = conclusion(shares[-2], shares[-1])
        if verdict in {_("En hausse"), _("En baisse")}:
            moved.append(name)
        rows.append([name, *(_words(one) for one in shares), verdict])
    numbered = enumerate(publications, start=1)
    days: list[dict[str, object]] = [
        {"label": f"{number}. {short_date(one.document['date'])}", "num": True} for number, one in numbered
    ]
    dimension = last.plan.dimension(table["dimensions"][0])
    heads: list[dict[str, object]] = [
        {"label": dimension.label.in_language(figures.language())},
        *days,
        {"label": _("Conclusion")},
    ]
    sentence = (
        _("Ont changé : %(names)s.") % {"names": ", ".join(moved)}
        if moved
        else _("Rien n’a changé au-delà des marges.")
    )
    return Series(last.planned(table).label.in_language(figures.language()), heads, rows, sentence)


def _share(published: Published, code: str, place: int) -> Figure | None:
    table = published.table(code)
    return figures.share(table["cells"][place], published.document["noisy_n"]) if table else None


def _words(figure: Figure | None) -> str:
    return _("%(value)s (%(margin)s)") % {"value": figure.words, "margin": figure.margin} if figure else _("caché")


def conclusion(before: Figure | None, after: Figure | None) -> str:
    """Compare two shares: they differ if their intervals do not touch."""
    if before is None or after is None or (before.low <= after.high and after.low <= before.high):
        return _("Rien à conclure")
    return _("En hausse") if after.value > before.value else _("En baisse")
