# ruff: noqa: SLF001 - Django documents _meta and _base_manager
"""Authenticated rows: a model names the columns that decide something, and each row carries a MAC of them.

A row decides who signs in, sees or acts, or what is believed. Whoever writes to the database without the keyring
cannot make the MAC, so their row is refused (`Forged`) when it is loaded in order to decide.

- `decides = by_city(…)`: under the city's key. Each row is checked as it is loaded.
- `decides = by_resident(…)`: under the resident's own key, since their vault is closed until they or a grant open it.
  Who decides by such a row calls `check` first: the gate, the `across` modules, the verbs.
- `decides = nothing("the reason")`.

A MAC names the version of its list of columns, so that a migration needs no key: `former` keeps the earlier lists. A
row under an earlier list is believed only while the columns added since hold their defaults.

`save`, `update` and `bulk_create` write columns and MAC together, and check the stored row first: a change by the
portal never makes a forged column genuine. `core.rows` gives the keys, and guards the rows of other packages.
"""

import hmac
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, ClassVar, Self, TypeVar, cast
from uuid import UUID

from django.db import models, transaction

from core import canonical

M = TypeVar("M", bound=models.Model)
#: Most values, which are encoded as they are.
PLAIN = (str, int, bool)


class Key(Enum):
    CITY = "city"
    RESIDENT = "resident"


class Forged(Exception):
    """The portal did not write this row as it is. It opens nothing; `core.rows.report` journals it."""

    def __init__(self, row: models.Model) -> None:
        super().__init__(f"{row._meta.label} {row.pk}")
        self.row = row


@dataclass(frozen=True)
class Decides:
    """The columns under a row's MAC. `former` are the earlier lists, oldest first."""

    key: Key
    columns: tuple[str, ...]
    former: tuple[tuple[str, ...], ...] = ()
    at_load: bool = True

    @property
    def lists(self) -> tuple[tuple[str, ...], ...]:
        return (*self.former, self.columns)


@dataclass(frozen=True)
class Nothing:
    """Why a model's rows decide nothing."""

    reason: str


def by_city(*columns: str, former: Sequence[tuple[str, ...]] = (), at_load: bool = True) -> Decides:
    """Declare columns under the city's key. Without `at_load`, whoever decides by the row calls `check`."""
    return Decides(Key.CITY, columns, tuple(former), at_load)


def by_resident(*columns: str, former: Sequence[tuple[str, ...]] = ()) -> Decides:
    return Decides(Key.RESIDENT, columns, tuple(former), at_load=False)


def nothing(reason: str) -> Nothing:
    return Nothing(reason)


_key_of: list[Callable[[models.Model], bytes]] = []
_unchecked: ContextVar[bool] = ContextVar("unchecked", default=False)


def give_keys(key_of: Callable[[models.Model], bytes]) -> None:
    """Register the function that returns the key of a row. `core.apps` calls it once."""
    _key_of[:] = [key_of]


@contextmanager
def unchecked() -> Iterator[None]:
    """Load rows without a check, to give them a MAC or to list the forged ones. Only `core.rows` needs it."""
    before = _unchecked.set(True)
    try:
        yield
    finally:
        _unchecked.reset(before)


def checking() -> bool:
    return not _unchecked.get()


def mac_of(row: models.Model, *, key: bytes | None = None, version: int = 0) -> bytes:
    """Return the MAC of a row: the version of its list of columns, then an HMAC-SHA256."""
    lists = declared(type(row)).lists
    version = version or len(lists)
    told = canonical.encode([row._meta.label, version, str(row.pk), values_of(row, lists[version - 1])])
    return bytes([version]) + hmac.digest(key or _key_of[0](row), told, "sha256")


def is_genuine(row: models.Model, mac: bytes | memoryview, *, key: bytes | None = None) -> bool:
    mac, lists = bytes(mac), declared(type(row)).lists
    version = mac[0] if mac else 0
    if not 1 <= version <= len(lists) or not hmac.compare_digest(mac, mac_of(row, key=key, version=version)):
        return False
    added = tuple(set(lists[-1]) - set(lists[version - 1]))
    return not added or values_of(row, added) == values_of(type(row)(), added)


def check(*rows: "AuthenticatedRow", key: bytes | None = None) -> None:
    """Check rows in order to decide by them. `key` is their resident's, if the caller has it.

    Raises:
        Forged: the portal did not write a row as it is.
        KeyMissing: the resident's key was erased.
    """
    for row in rows:
        if checking() and not is_genuine(row, row.mac, key=key):
            raise Forged(row)


def keys_of(rows: Sequence[M]) -> dict[M, bytes]:
    """Return the key of each row. Each resident's is unwrapped once."""
    found: dict[object, bytes] = {}
    for row in rows:
        owner = getattr(row, "resident_id", None)
        if owner not in found:
            found[owner] = _key_of[0](row)
    return {row: found[getattr(row, "resident_id", None)] for row in rows}


def declared(model: type[models.Model]) -> Decides:
    decides: Decides = model.decides  # type: ignore[attr-defined]  # `core.rows` sets it on other packages' models
    return decides


def values_of(row: models.Model, names: tuple[str, ...]) -> list[canonical.Json]:
    """Return the values of columns in one form, whether they were just set or were loaded."""
    return [_plain(to_python(getattr(row, attname))) for attname, to_python in _columns(type(row), names)]


@cache
def _columns(model: type[models.Model], names: tuple[str, ...]) -> list[tuple[str, Callable[[Any], Any]]]:
    fields = [model._meta.get_field(name) for name in names]
    return [(field.attname, _target(field).to_python) for field in fields if isinstance(field, models.Field)]


def _target(field: "models.Field[Any, Any]") -> "models.Field[Any, Any]":
    return field.target_field if isinstance(field, models.ForeignKey) else field


def _plain(value: Any) -> canonical.Json:  # noqa: ANN401 - a column's own type
    if value is None or type(value) in PLAIN:
        return value  # type: ignore[no-any-return]
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case date():
            return value.isoformat()
        case UUID():
            return value.hex
        case timedelta():
            return value // timedelta(microseconds=1)
        case bytes() | memoryview():
            return bytes(value).hex()
    return value  # type: ignore[no-any-return]  # text, numbers, JSON


class RowQuerySet(models.QuerySet[M]):
    """Writes the MAC with the columns that it covers."""

    def update(self, **columns: Any) -> int:
        """Update rows; of columns that decide, one by one under their locks.

        Raises:
            Forged: a row was not as the portal wrote it.
            TypeError: a column that decides would be computed by the database.
        """
        if not issubclass(self.model, AuthenticatedRow) or not self.model.covers(columns):
            return super().update(**columns)
        if any(hasattr(value, "resolve_expression") for value in columns.values()):
            raise TypeError(f"{self.model.__name__}: a column under a MAC is not computed by the database")
        with transaction.atomic():
            rows = cast("list[AuthenticatedRow]", list(self.select_for_update(of=("self",))))
            keys = keys_of(rows)
            for row in rows:
                row.write(key=keys[row], **columns)
        return len(rows)

    def bulk_create(self, objs: Iterable[M], *args: Any, **options: Any) -> list[M]:
        rows = list(objs)
        if issubclass(self.model, AuthenticatedRow):
            if options.get("update_conflicts"):
                raise TypeError(f"{self.model.__name__}: rows under a MAC are not merged by the database")
            keys = keys_of(rows)
            for row in rows:
                row.mac = mac_of(row, key=keys[row])  # type: ignore[attr-defined]
        return super().bulk_create(rows, *args, **options)


class AuthenticatedRow(models.Model):
    """A row whose columns `decides` are under a MAC."""

    decides: ClassVar[Decides]
    mac = models.BinaryField(default=bytes, editable=False, help_text="of the columns that decide")

    class Meta:
        abstract = True

    def save(self, **options: Any) -> None:
        names = options.get("update_fields")
        if names is not None and not self.covers(names):
            return super().save(**options)
        if self._state.adding and self.pk is not None:
            self.mac = mac_of(self)
            return super().save(**options)
        if self._state.adding:
            return self._save_numbered(options)
        with transaction.atomic():
            self.mac = self._next_mac(names)
            if names is not None:
                options["update_fields"] = [*names, "mac"]
            return super().save(**options)

    def _save_numbered(self, options: dict[str, Any]) -> None:
        """Insert a row that the database numbers: its MAC names the number, so it follows."""
        with transaction.atomic():
            super().save(**options)
            self.mac = mac_of(self)
            type(self)._base_manager.filter(pk=self.pk).update(mac=self.mac)

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any) -> Self:
        row = super().from_db(db, field_names, values, **options)
        if cls.decides.at_load and not cls._without_covered(row):
            check(row)
        return row

    @classmethod
    def covers(cls, names: Iterable[str]) -> bool:
        """Return True if a name, of a field or of its column, is under the MAC."""
        fields = {cls._meta.get_field("id" if name == "pk" else name).name for name in names}
        return bool(fields & {*cls.decides.columns})

    @classmethod
    def _without_covered(cls, row: Self) -> bool:
        """Return True if the row was loaded without any covered column, as `refresh_from_db(fields=…)` does.

        Raises:
            TypeError: only a part of them was loaded, so they cannot be checked.
        """
        deferred = row.get_deferred_fields()
        if not deferred:
            return False
        covered = {attname for attname, _to_python in _columns(cls, cls.decides.columns)} | {"mac"}
        if covered - deferred and covered & deferred:
            raise TypeError(f"{cls.__name__}: load the whole row, or none of the columns under its MAC")
        return covered <= deferred

    def write(self, *, key: bytes | None = None, **columns: Any) -> None:
        """Write these columns of a row that the caller has locked and just loaded, with its MAC, in one statement.

        Raises:
            Forged: the row was not as the portal wrote it.
        """
        check(self, key=key)
        for name, value in columns.items():
            setattr(self, name, value)
        self.mac = mac_of(self, key=key)
        type(self)._base_manager.filter(pk=self.pk).update(**columns, mac=self.mac)

    def _next_mac(self, names: Iterable[str] | None) -> bytes:
        """Return the MAC of the stored row with the columns `names` of this one. The stored row stays locked.

        Columns that this instance does not write are those stored, which a concurrent request may have changed.
        """
        stored = type(self)._base_manager.select_for_update().filter(pk=self.pk).first()
        if stored is None:
            return mac_of(self)
        check(stored)
        for attname, _to_python in _columns(type(self), tuple(self.decides.columns if names is None else names)):
            setattr(stored, attname, getattr(self, attname))
        return mac_of(stored)
