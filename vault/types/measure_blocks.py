"""Blocks of measures: one start, one step, as many values, `null` where nothing was measured."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Payload = Mapping[str, Any]
DAY = 86_400


def zone_of(payload: Payload) -> ZoneInfo:
    """Where its days begin."""
    try:
        return ZoneInfo(str(payload.get("fuseau")))
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def start_of(payload: Payload) -> datetime:
    """
    Raises:
        ValueError: no moment is written there.
    """
    start = datetime.fromisoformat(str(payload["debut"]))
    return start if start.tzinfo else start.replace(tzinfo=UTC)


def month_of(payload: Payload) -> str:
    """The month it is kept under: that of its first step, where it was measured."""
    return f"{start_of(payload).astimezone(zone_of(payload)):%Y-%m}"


def local_day(payload: Payload, position: int) -> date:
    """The day of one of its values. Days of 23 and 25 hours are days: they are counted on the calendar."""
    start = start_of(payload).astimezone(zone_of(payload))
    if payload["pas_s"] == DAY:
        return start.date() + timedelta(days=position)
    return (start_of(payload) + timedelta(seconds=payload["pas_s"] * position)).astimezone(start.tzinfo).date()


def aligned(left: Payload, right: Payload) -> bool:
    """Do their steps fall at the same moments?"""
    return left["pas_s"] == right["pas_s"] and _offset(left, right) is not None


def joined(first: Payload, second: Payload) -> dict[str, Any]:
    """Both in one block; where both measured, the first is right."""
    offset = _offset(first, second) or 0
    origin = min(0, offset)
    values: list[Any] = [None] * (max(len(first["valeurs"]), offset + len(second["valeurs"])) - origin)
    for place, block in ((offset - origin, second), (-origin, first)):
        for position, value in enumerate(block["valeurs"], start=place):
            values[position] = values[position] if value is None else value
    start = second["debut"] if offset < 0 else first["debut"]
    return {
        **second,
        **{name: value for name, value in first.items() if value is not None},
        "debut": start,
        "valeurs": values,
    }


def _offset(left: Payload, right: Payload) -> int | None:
    """How many steps after the first step of `left` that of `right` comes. None: it falls between two steps."""
    if left["pas_s"] == DAY:
        return (local_day(right, 0) - local_day(left, 0)).days
    steps, rest = divmod((start_of(right) - start_of(left)).total_seconds(), left["pas_s"])
    return None if rest else int(steps)
