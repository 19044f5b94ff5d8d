"""The city's limit on each resident's storage: sealed files kept by rows, and uploads in progress.

A model whose rows keep a file (`stored_name`) counts by its field `size`. An upload in parts counts with its full
length from its first byte, so that several uploads cannot share the same free space.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet, Sum
from django.utils import timezone
from django_scopes import scope

from core.database import locks
from core.files.sizes import MEGABYTE
from core.files.storage import keepers_of_residents
from core.models import City, Upload


class OverQuota(Exception):
    """The file does not fit; `left` is the number of bytes still free."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left


@dataclass(frozen=True)
class Room:
    used: int
    allowed: int

    @property
    def left(self) -> int:
        return max(0, self.allowed - self.used)


def room(*, resident_id: UUID, without: UUID | None = None) -> Room:
    """Return the used and allowed bytes. `without` excludes an upload that is about to become the requested file."""
    with scope(resident=resident_id):
        under_way = Upload.objects.filter(expires_at__gt=timezone.now(), became=None)
        if without is not None:
            under_way = under_way.exclude(pk=without)
        first, *others = [
            _sum(under_way, "length"),
            *(_sum(model._default_manager.all(), "size") for model in _counted()),  # noqa: SLF001 - as documented
        ]
        used = sum(total for (total,) in first.union(*others, all=True))
    return Room(used, City.current().quota_megabytes * MEGABYTE)


def require(*, resident_id: UUID, size: int, without: UUID | None = None) -> None:
    """Check that `size` more bytes fit.

    Call it before reading a body to refuse early, and again in the transaction that saves the file: there a lock makes
    concurrent uploads count one after the other.

    Raises:
        OverQuota: the file does not fit.
    """
    if connection.in_atomic_block:
        locks.hold("quota", resident_id)
    left = room(resident_id=resident_id, without=without).left
    if size > left:
        raise OverQuota(left)


def _counted() -> list[type[Model]]:
    return [
        model
        for model in keepers_of_residents()
        if any(field.name == "size" for field in model._meta.fields)  # noqa: SLF001 - Django's documented name
    ]


def _sum(rows: "QuerySet[Any, Any]", column: str) -> "QuerySet[Any, Any]":
    totals: QuerySet[Any, Any] = rows.order_by().values("resident_id").annotate(total=Sum(column)).values_list("total")
    return totals
