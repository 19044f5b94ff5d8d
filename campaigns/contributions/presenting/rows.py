"""The words of a row, before and after it is coarsened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from campaigns.contributions.agreements import columns_of, fields_of
from campaigns.contributions.offer import Offer, emptied
from campaigns.noise.plan import Plan
from campaigns.noise.rows import Row, coarsen
from campaigns.plans.presenting.wording import words_of
from campaigns.plans.values import values_of
from core.templatetags.civic import long_date
from vault import types
from vault.records.values.decrypted import Opened, walk
from vault.records.wording import NOTHING, format_value

#: Records on one page, newest first. The others count in the row, and are said.
SHOWN = 60


@dataclass(frozen=True)
class Line:
    """One record: as it is in the vault, and what it would become alone."""

    id: str
    before: str
    after: str
    is_out: bool


@dataclass
class Day:
    """The records of one day, or those without one."""

    code: str
    title: str
    lines: list[Line] = field(default_factory=list)

    @property
    def is_out(self) -> bool:
        return all(line.is_out for line in self.lines)

    @property
    def ids(self) -> list[str]:
        return [line.id for line in self.lines]


def columns(plan: Plan, offer: Offer) -> list[dict[str, Any]]:
    """Return each column of the row that leaves, in words."""
    worded = [(one, words_of(one, offer.row[one.code])) for one in columns_of(plan)]
    return [
        {
            "code": one.code,
            "label": one.label.in_language(_language()),
            "value": value or _("Rien"),
            "is_out": one.code in offer.without.columns,
            "from_vault": bool(fields_of(one)),
            "given": bool(value),
        }
        for one, value in worded
    ]


def shown(plan: Plan, offer: Offer) -> dict[str, str]:
    """Return what the page shows of each column, by its code."""
    return {str(one["code"]): str(one["value"]) for one in columns(plan, offer)}


def days(plan: Plan, offer: Offer) -> list[Day]:
    """Return the records by day, newest first, `SHOWN` at most."""
    found: dict[str, Day] = {}
    for record in list(reversed(offer.records))[:SHOWN]:
        on = day_of(record)
        code = on.isoformat() if on else ""
        title = long_date(on) if on else types.get(record.type).title
        found.setdefault(code, Day(code, title)).lines.append(_line(plan, offer, record))
    return list(found.values())


def day_of(record: Opened) -> date | None:
    """Return the day of a record, from the first date of its payload."""
    for value in record.payload.values():
        try:
            return datetime.fromisoformat(value).date()
        except (TypeError, ValueError):
            continue
    return None


def dated(sources: Sequence[str]) -> list[str]:
    """Return the fields to read for a resident's own page: the sources, and what dates their records."""
    more = []
    for code in dict.fromkeys(source.partition("#/")[0] for source in sources):
        found = types.get(code).fields
        more += [f"{code}#{pointer}" for pointer, info in found.items() if info.kind in {"date", "datetime"}][:1]
    return list(dict.fromkeys([*sources, *more]))


def _line(plan: Plan, offer: Offer, record: Opened) -> Line:
    alone = emptied(coarsen(plan, values_of(plan.sources, [record])), offer.without.columns)
    before = ", ".join(_before(plan, record))
    return Line(
        str(record.record_id),
        before or NOTHING,
        ", ".join(_after(plan, alone)) or _("rien"),
        record.record_id in offer.without.records,
    )


def _before(plan: Plan, record: Opened) -> Iterator[str]:
    for source in plan.sources:
        code, _sep, pointer = source.partition("#/")
        if code != record.type:
            continue
        value = walk(record.payload, pointer.split("/"))
        info = types.field(source)
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                yield f"{info.label}\N{NO-BREAK SPACE}: {format_value(info, one)}"


def _after(plan: Plan, row: Row) -> Iterator[str]:
    for one in columns_of(plan):
        if fields_of(one) and (words := words_of(one, row[one.code])):
            yield words


def _language() -> str:
    return get_language() or "fr"
