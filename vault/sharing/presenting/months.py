"""Values that come month after month, as a table: each with its source and its mark, and their average."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.templatetags.civic import long_date, money, month
from vault import types
from vault.records import wording
from vault.records.enums import Method
from vault.records.values.decrypted import Opened, Origin, Values
from vault.types import FieldInfo

#: How many rows show before the fold, and how many months the average counts.
SHOWN = 12
NARROW = 2
#: The values that say when: they are the row's header.
_WHEN = {"mois", "annee", "annee_revenus"}


@dataclass(frozen=True)
class Row:
    when: str
    cells: list[tuple[str, str, bool]]  # the column's label, the value, whether it is a number
    origin: str
    tag: str
    tag_kind: str


@dataclass(frozen=True)
class Table:
    title: str
    average: str
    always: list[tuple[str, str]]  # the words that are the same each month, said once: label, value
    heads: list[dict[str, Any]]
    rows: list[Row]

    @property
    def short(self) -> bool:
        """Return True if it stays a table on a phone: two columns of values at most."""
        return self.same is not None and len(self.heads) <= NARROW

    @property
    def same(self) -> Row | None:
        """Return any row if all have one source and one mark: the page then says them once."""
        marks = {(row.origin, row.tag) for row in self.rows}
        return self.rows[0] if len(marks) == 1 else None

    @property
    def newest(self) -> list[Row]:
        return self.rows[:SHOWN]

    @property
    def older(self) -> list[Row]:
        return self.rows[SHOWN:]


def tables(values: Values, fields: Sequence[str]) -> list[Table]:
    """Return a table for each type of data with several records that say when they are about."""
    codes = dict.fromkeys(field.partition("#")[0] for field in fields)
    return [_table(code, found, fields) for code in codes if is_table(found := values.of_type(code))]


def is_table(records: Sequence[Opened]) -> bool:
    return len(records) > 1 and all(_WHEN & set(record.payload) for record in records)


def _table(code: str, records: Sequence[Opened], fields: Sequence[str]) -> Table:
    infos = [types.field(field) for field in fields if field.startswith(f"{code}#/")]
    columns = [info for info in infos if _name(info) not in _WHEN]
    newest = list(reversed(records))
    always = [info for info in columns if not _is_amount(info) and len({_text(one, info) for one in newest}) == 1]
    columns = [info for info in columns if info not in always] or columns
    return Table(
        title=types.get(code).title,
        average=_average(columns, newest),
        always=[(info.label, _text(newest[0], info)) for info in always if info not in columns],
        heads=[{"label": info.label, "num": _is_amount(info)} for info in columns],
        rows=[_row(record, columns) for record in newest],
    )


def _row(record: Opened, columns: Sequence[FieldInfo]) -> Row:
    origin = _weakest([record.origin(_name(info)) for info in columns] or [record.origin("")])
    tag, tag_kind = wording.state(record, origin)
    cells = [(info.label, _text(record, info), _is_amount(info)) for info in columns]
    return Row(_when(record.payload), cells, origin_words(origin), tag, tag_kind)


def origin_words(origin: Origin) -> str:
    """Return the origin in words for another reader than the resident."""
    who = _("Écrit par la personne") if origin.method == Method.TYPED else wording.holder(origin.holder)
    return _("%(holder)s, le %(day)s") % {"holder": who, "day": long_date(origin.issued_at or origin.at)}


def _weakest(origins: Sequence[Origin]) -> Origin:
    """Return the origin whose mark the row bears: a corrected value makes the whole row declared."""
    return next((one for one in origins if not one.proven), origins[0])


def _text(record: Opened, info: FieldInfo) -> str:
    return wording.format_value(info, record.payload.get(_name(info)))


def _when(payload: Any) -> str:  # noqa: ANN401 - a record's payload
    if isinstance(payload.get("mois"), str):
        return month(payload["mois"])
    if isinstance(payload.get("mois"), int) and payload.get("annee"):
        return month(f"{payload['annee']}-{payload['mois']:02d}")
    return str(payload.get("annee_revenus") or payload.get("annee") or "–")


def _average(columns: Sequence[FieldInfo], newest: Sequence[Opened]) -> str:
    """Return the average of the first amount over the last months, or nothing for values that are not monthly."""
    info = next((info for info in columns if _is_amount(info)), None)
    if info is None:
        return ""
    known = [record.payload for record in newest if "mois" in record.payload][:SHOWN]
    amounts = [Decimal(str(one[_name(info)])) for one in known if one.get(_name(info)) is not None]
    if not amounts:
        return ""
    values = {"what": info.label, "amount": money(round(sum(amounts) / len(amounts))), "count": len(amounts)}
    return (
        ngettext(
            "%(what)s : %(amount)s en moyenne, sur %(count)s mois.",
            "%(what)s : %(amount)s en moyenne, sur %(count)s mois.",
            len(amounts),
        )
        % values
    )


def _is_amount(info: FieldInfo) -> bool:
    return info.unit.startswith("EUR") and info.kind in {"int", "number", "decimal"}


def _name(info: FieldInfo) -> str:
    return info.id.partition("#/")[2].split("/")[0]
