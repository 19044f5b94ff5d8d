"""Rows that come with the software and that the city may edit: loading them again leaves the edited ones."""

from collections.abc import Mapping
from typing import Any

from django.db import models, transaction


def load(rows: models.Manager[Any], shipped: Mapping[str, Mapping[str, Any]]) -> tuple[int, int]:
    """Add the missing rows and refresh the ones that nobody edited. Return (added, refreshed).

    Args:
        shipped: the columns of each row, by code.
    """
    refreshed = 0
    with transaction.atomic():
        held = {row.code: row for row in rows.all()}
        missing = [rows.model(code=code, **columns) for code, columns in shipped.items() if code not in held]
        rows.bulk_create(missing)
        for code, row in held.items():
            columns = shipped.get(code, {})
            if row.edited_at is None and any(getattr(row, name) != value for name, value in columns.items()):
                rows.filter(pk=row.pk).update(**columns)
                refreshed += 1
    return len(missing), refreshed
