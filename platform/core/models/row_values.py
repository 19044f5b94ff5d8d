# ruff: noqa: SLF001 - Django documents _meta
"""The values of a row's columns in one form, as its MAC covers them, whether they were just set or were loaded."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from operator import attrgetter
from types import NoneType
from typing import Any
from uuid import UUID

from django.db import models

from core import canonical

#: Most values, which are encoded as they are.
PLAIN = (str, int, bool)


def values_of(row: models.Model, names: tuple[str, ...]) -> list[canonical.Json]:
    """Return the values of columns in one form, whether they were just set or were loaded.

    Cost: each record and grant field that is read waits for this, so a value of its column's type is not converted.
    """
    get, forms = _forms(type(row), names)
    return [
        None
        if value is None
        else (encode(value) if encode else value)
        if type(value) is kind
        else _plain(to_python(value))
        for value, (kind, encode, to_python) in zip(get(row), forms, strict=True)
    ]


def plain(values: Iterable[Any]) -> list[canonical.Json]:
    """Return values that were just loaded from a model's columns, as `values_of` returns those of its row."""
    return [
        value if (kind := type(value)) in PLAIN else ENCODED[kind](value) if kind in ENCODED else _plain(value)
        for value in values
    ]


def encoded(row: models.Model, names: tuple[str, ...]) -> str:
    """Return the values of columns, as `values_of`, in canonical JSON: the items of a list, without its brackets."""
    return canonical.text(values_of(row, names))[1:-1]


def encoded_in_two(row: models.Model, names: tuple[str, ...], first: int) -> tuple[str, str]:
    """Return the same as `encoded`, of the first columns and of the others."""
    values = values_of(row, names)
    return canonical.text(values[:first])[1:-1], canonical.text(values[first:])[1:-1]


@cache
def _forms(model: type[models.Model], names: tuple[str, ...]) -> tuple[Callable[[models.Model], Any], list[Any]]:
    """Return what gets the columns of a row and, of each, the type of its values, their encoding, their conversion."""
    fields = [_target(field) for name in names if isinstance(field := model._meta.get_field(name), models.Field)]
    kinds = [next((KINDS[one] for one in type(field).__mro__ if one in KINDS), NoneType) for field in fields]
    attnames = [attname for attname, _to_python in columns_of(model, names)]
    get = attrgetter(*attnames) if len(attnames) > 1 else lambda row: (getattr(row, attnames[0]),)
    return get, [(kind, ENCODED.get(kind), field.to_python) for kind, field in zip(kinds, fields, strict=True)]


def _moment(value: datetime) -> str:
    return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat(timespec="microseconds")


KINDS: dict[type, type] = {
    models.CharField: str,
    models.TextField: str,
    models.BooleanField: bool,
    models.IntegerField: int,
    models.UUIDField: UUID,
    models.DateField: date,
    models.DateTimeField: datetime,
}
ENCODED: dict[type, Callable[[Any], canonical.Json]] = {
    UUID: lambda value: value.hex,
    date: date.isoformat,
    datetime: _moment,
}


@cache
def columns_of(model: type[models.Model], names: tuple[str, ...]) -> list[tuple[str, Callable[[Any], Any]]]:
    fields = [model._meta.get_field(name) for name in names]
    return [(field.attname, _target(field).to_python) for field in fields if isinstance(field, models.Field)]


def _target(field: "models.Field[Any, Any]") -> "models.Field[Any, Any]":
    return field.target_field if isinstance(field, models.ForeignKey) else field


def _plain(value: Any) -> canonical.Json:  # noqa: ANN401 - a column's own type
    if value is None or type(value) in PLAIN:
        return value  # type: ignore[no-any-return]
    match value:
        case datetime():
            return _moment(value)
        case date():
            return value.isoformat()
        case UUID():
            return value.hex
        case Decimal():
            return format(value.normalize(), "f")
        case timedelta():
            return value // timedelta(microseconds=1)
        case bytes() | memoryview():
            return bytes(value).hex()
    return value  # type: ignore[no-any-return]  # text, numbers, JSON
