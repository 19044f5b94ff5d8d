# ruff: noqa: SLF001 - Django documents _meta
"""What a model declares of the columns that decide something (core/models/rows.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from django.db import models

#: The first list of a model whose rows had no MAC in an earlier version.
UNSIGNED: tuple[str, ...] = ()
#: Why a former row obtains nothing, where triggers of its table say so (`put_back`).
FROZEN = "the database refuses to change it, or to delete it, once somebody may rely on it"


class Key(Enum):
    CITY = "city"
    RESIDENT = "resident"


class Forged(Exception):
    """The portal did not write this row as it is. It opens nothing; `core.rows.report` journals it."""

    def __init__(self, row: models.Model) -> None:
        super().__init__(f"{row._meta.label} {row.pk}")
        self.row, self.reported = row, False


@dataclass(frozen=True)
class Decides:
    """The columns under a row's MAC. `former`: earlier lists, oldest first; `head`, `ends` and `lot` as in
    `by_resident`; `account` and `put_back` as in `by_city`.
    """

    key: Key
    columns: tuple[str, ...]
    former: tuple[tuple[str, ...], ...] = ()
    at_load: bool = True
    head: bool = False
    ends: bool = False
    lot: tuple[str, ...] = ()
    account: str = ""
    put_back: str = ""

    @property
    def once(self) -> bool:
        """Return whether the database refuses a MAC that was written before (core/models/written.py)."""
        return not (self.head or self.account or self.put_back)

    @property
    def followed(self) -> bool:
        """Return whether a head says something about the model's rows."""
        return self.head or self.ends

    @cached_property
    def lists(self) -> tuple[tuple[str, ...], ...]:
        return (*self.former, self.columns)


@dataclass(frozen=True)
class Nothing:
    """Why a model's rows decide nothing."""

    reason: str


def by_city(
    *columns: str,
    former: Sequence[tuple[str, ...]] = (),
    at_load: bool = True,
    account: str = "",
    put_back: str = "",
) -> Decides:
    """Declare columns under the city's key. Without `at_load`, whoever decides by the row calls `check`.

    Args:
        account: the field that names the account whose row it is.
        put_back: why a former row that somebody puts back obtains nothing. Without it, the database refuses one.
    """
    return Decides(Key.CITY, columns, tuple(former), at_load, account=account, put_back=put_back)


def by_resident(
    *columns: str,
    former: Sequence[tuple[str, ...]] = (),
    head: bool = False,
    ends: bool = False,
    lot: tuple[str, ...] = (),
    put_back: str = "",
) -> Decides:
    """Declare columns under the resident's key.

    Args:
        put_back: as in `by_city`.
        head: the resident's head has each row that may still open something.
        ends: the resident's head has each row that ended (`ended_ids`), or was deleted, and counts the others.
        lot: the columns by which the rows that did not end are counted apart. They never change, and a row only
            replaces one of its own lot.
    """
    return Decides(
        Key.RESIDENT, columns, tuple(former), at_load=False, head=head, ends=ends, lot=lot, put_back=put_back
    )


def nothing(reason: str) -> Nothing:
    return Nothing(reason)
