"""How much each resident may keep: the city's own figure, for all the sealed files that their rows keep, and for the uploads under way.

A model whose rows keep a file (`stored_name`) counts by its field `size`. An upload in parts counts whole from its first byte, so that
ten of them can't each believe that the room is theirs.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet, Sum
from django.utils import timezone
from django_scopes import scope

from core import locks
from core.files.sizes import MEGABYTE
from core.files.storage import keepers
from core.models import City, Upload


class OverQuota(Exception):
    """It does not fit; `left` is what would."""

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
    """`without`: an upload in parts that is about to become the file it is asked for."""
    with scope(resident=resident_id):
        under_way = Upload.objects.filter(expires_at__gt=timezone.now(), became=None)
        if without is not None:
            under_way = under_way.exclude(pk=without)
        first, *others = [
            _sum(under_way, "length"),
            *(_sum(model._default_manager.all(), "size") for model in _counted()),  # noqa: SLF001 - Django's documented name
        ]
        used = sum(total for (total,) in first.union(*others, all=True))
    return Room(used, City.current().quota_megabytes * MEGABYTE)


def require(*, resident_id: UUID, size: int, without: UUID | None = None) -> None:
    """Before a body is read this spares the sending; in the transaction that keeps the file, two at once are counted one by one.

    Raises:
        OverQuota
    """
    if connection.in_atomic_block:
        locks.hold("quota", resident_id)
    left = room(resident_id=resident_id, without=without).left
    if size > left:
        raise OverQuota(left)


def _counted() -> list[type[Model]]:
    return [model for model in keepers() if any(field.name == "size" for field in model._meta.fields)]  # noqa: SLF001 - Django's documented name


def _sum(rows: "QuerySet[Any, Any]", column: str) -> "QuerySet[Any, Any]":
    totals: QuerySet[Any, Any] = rows.order_by().values("resident_id").annotate(total=Sum(column)).values_list("total")
    return totals
