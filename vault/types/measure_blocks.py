"""Blocks of measures: a start, a step and a list of values, `null` for a missing measure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Payload = Mapping[str, Any]
DAY = 86_400


def zone_of(payload: Payload) -> ZoneInfo:
    """Return the time zone of the block's days, UTC if it is missing or unknown."""
    try:
        return ZoneInfo(str(payload.get("fuseau")))
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def start_of(payload: Payload) -> datetime:
    """Return the start; without a zone it is in UTC.

    Raises:
        ValueError: `debut` is not a moment.
    """
    start = datetime.fromisoformat(str(payload["debut"]))
    return start if start.tzinfo else start.replace(tzinfo=UTC)


def month_of(payload: Payload) -> str:
    """Return the month of the first step, in the zone of the measures: blocks are stored by month."""
    return f"{start_of(payload).astimezone(zone_of(payload)):%Y-%m}"


def local_day(payload: Payload, position: int) -> date:
    """Return the day of the value at this position. Daily steps are calendar days, which may last 23 or 25 hours."""
    start = start_of(payload).astimezone(zone_of(payload))
    if payload["pas_s"] == DAY:
        return start.date() + timedelta(days=position)
    return (start_of(payload) + timedelta(seconds=payload["pas_s"] * position)).astimezone(start.tzinfo).date()


def aligned(left: Payload, right: Payload) -> bool:
    """Return whether the steps of both blocks start at the same moments."""
    return left["pas_s"] == right["pas_s"] and _offset(left, right) is not None


def joined(first: Payload, second: Payload) -> dict[str, Any]:
    """Merge two aligned blocks. Where both have a measure, keep the first block's."""
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
    """Return the number of steps from the start of `left` to that of `right`, or None if it is between two steps."""
    if left["pas_s"] == DAY:
        return (local_day(right, 0) - local_day(left, 0)).days
    steps, rest = divmod((start_of(right) - start_of(left)).total_seconds(), left["pas_s"])
    return None if rest else int(steps)
