# ruff: noqa: SLF001 - Django documents _meta
"""Rows that ended, and how many did not, by lots (core/journal/heads.py)."""

import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Self
from uuid import UUID

from django.apps import apps
from django.db import connection

from core.models.rows import LOT, AuthenticatedRow, lot_of

#: Of a row that ended, the head has this part of its id: 62 bits of it are random.
ENDED_BITS = 64
# The rows of a model that did not end, by lots.
COUNT = (
    'SELECT {lot} AS lot, count(*) FROM "{table}" WHERE resident_id = %(resident)s'
    " AND substring(uuid_send(id) FROM 9) <> ALL (%(ended)s::bytea[]) GROUP BY lot"
)


class Ended(frozenset[int]):
    """The rows that ended, by the last part of their ids."""

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        return cls(struct.unpack(f">{len(packed) // 8}Q", packed))

    @classmethod
    def of(cls, ids: Iterable[UUID]) -> Self:
        return cls(map(cls.part, ids))

    @staticmethod
    def part(id: UUID) -> int:
        return id.int % (1 << ENDED_BITS)

    def pack(self) -> bytes:
        return struct.pack(f">{len(self)}Q", *sorted(self))

    def has(self, id: UUID) -> bool:
        return self.part(id) in self


def by_lots(rows: Sequence[AuthenticatedRow]) -> dict[str, int]:
    """Count rows of one model by lots, each lot's name made once."""
    names = rows[0].decides.lot if rows else ()
    counted = Counter(tuple([getattr(row, name) for name in names]) for row in rows)
    return {lot_of(type(rows[0]), values): count for values, count in counted.items()}


def stored(resident_id: UUID, ended: Ended, *models: type[AuthenticatedRow]) -> dict[str, int]:
    """Count the stored rows of these models, without those that ended, by lots."""
    parts = [struct.pack(">Q", part) for part in ended]
    with connection.cursor() as cursor:
        cursor.execute(_counting(models), {"resident": resident_id, "ended": parts})
        return dict(cursor.fetchall())


@cache
def _counting(models: Sequence[type[AuthenticatedRow]]) -> str:
    found = []
    for model in models:
        fields = [model._meta.get_field(name) for name in model.decides.lot]
        name = f" || '{LOT}' || ".join([f"'{lot_of(model, ())}'", *(f'"{field.column}"::text' for field in fields)])  # type: ignore[union-attr]  # columns
        found.append(COUNT.format(lot=name, table=model._meta.db_table))
    return " UNION ALL ".join(found)


@cache
def counted_models() -> tuple[type[AuthenticatedRow], ...]:
    return tuple(one for one in apps.get_models() if issubclass(one, AuthenticatedRow) and one.decides.ends)


@cache
def headed_models() -> tuple[type[AuthenticatedRow], ...]:
    return tuple(one for one in apps.get_models() if issubclass(one, AuthenticatedRow) and one.decides.head)
