"""What comes with the portal, as versions in force that no agent wrote."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Max
from django.utils import timezone

from services.versions.models import RulesVersion, State, VersionQuerySet

R = TypeVar("R", bound=RulesVersion)


class Faulty(Exception):
    """A shipped version may not be published: its code, then its faults."""


def kept(held: VersionQuerySet[R], item: Mapping[str, Any]) -> R | None:
    """Return the city's version if it is as new as the shipped one, or if agents wrote one."""
    newest = held.aggregate(found=Max("version"))["found"]
    current = held.published().first() or held.order_by("-version").first()
    stays = current is not None and (newest >= item["version"] or held.filter(shipped=False).exists())
    return current if stays else None


def put_in_force(row: R, held: VersionQuerySet[R]) -> None:
    now = timezone.now()
    held.published().update(state=State.CLOSED, closed_at=now, updated_at=now)
    row.state, row.published_at = State.PUBLISHED, now
    row.save()
