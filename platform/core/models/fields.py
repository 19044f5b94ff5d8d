"""Columns of a shape that the portal alone writes."""

from typing import Any

from django.db import DataError, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression


class TextsField(models.JSONField):
    """A list of texts.

    Other JSON, which the portal does not write, is refused as it is loaded (core/web/faults.py).
    """

    def from_db_value(self, value: str | None, expression: Expression, connection: BaseDatabaseWrapper) -> Any:  # noqa: ANN401 - as Django's
        found = super().from_db_value(value, expression, connection)
        if found is not None and not (isinstance(found, list) and all(isinstance(one, str) for one in found)):
            raise DataError(f"{self.model._meta.label}.{self.name} is no list of texts")  # noqa: SLF001 - documented
        return found
