"""Rows: what leaves a vault for a consultation, coarsened by its plan.

A row has, for each dimension, the index of a cell (a list of at most `most` different ones if the resident may have
several), and for each measure a number of steps above its low bound. None stands for what the resident took out. No
exact value, time or address is in it. Packed, all rows of a plan have the same length.
"""

import math
import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from campaigns.noise.plan import Dimension, Measure, Plan, Zoning

Row = dict[str, int | list[int] | None]
#: A place of a packed row that holds nothing.
EMPTY = 0xFFFF
#: In the first place of a list: the resident took the list out.
TAKEN_OUT = 0xFFFE


class RowOutOfBounds(ValueError):
    """A row that its plan does not allow. The message names the column, never the value."""


def coarsen(plan: Plan, values: Mapping[str, Sequence[Any]]) -> Row:
    """Return the row of a resident, from the values of their records.

    What no cell covers is None. Of a single cell, the most frequent one is kept; of several, the most frequent ones,
    so that the number of repetitions never leaves.

    Args:
        values: the values of each field of `plan.sources`, in the order of the records. The two fields of a pair of
            zones have the same length.
    """
    row: Row = {}
    for dimension in plan.dimensions:
        found = [index for index in _indices(plan, dimension, values) if index is not None]
        ordered = sorted(Counter(found).items(), key=lambda one: (-one[1], one[0]))
        kept = [index for index, _times in ordered[: dimension.most]]
        row[dimension.code] = (sorted(kept) or None) if dimension.most > 1 else next(iter(kept), None)
    for measure in plan.measures:
        row[measure.code] = _steps(measure, values.get(measure.source or "", ()))
    return row


def steps_of(measure: Measure, value: float) -> int:
    """Return a value in `measure.unit`, clamped to the bounds, as a number of steps above the low one."""
    clamped = min(max(value, measure.low), measure.high)
    return min(math.floor((clamped - measure.low) / measure.step + 0.5), measure.steps)


def check_row(plan: Plan, row: Mapping[str, Any]) -> None:
    """Check that a row has each column of the plan, within its bounds.

    Raises:
        RowOutOfBounds
    """
    names = {one.code for one in plan.dimensions} | {one.code for one in plan.measures}
    if set(row) != names:
        raise RowOutOfBounds("columns")
    for dimension in plan.dimensions:
        _check_cells(dimension, row[dimension.code])
    for measure in plan.measures:
        value = row[measure.code]
        if value is not None and not (type(value) is int and 0 <= value <= measure.steps):
            raise RowOutOfBounds(measure.code)


def _check_cells(dimension: Dimension, value: Any) -> None:  # noqa: ANN401 - anything may be sent
    if value is None:
        return
    listed = value if dimension.most > 1 else [value]
    if not isinstance(listed, list) or not 1 <= len(listed) <= dimension.most:
        raise RowOutOfBounds(dimension.code)
    if not all(type(index) is int and 0 <= index < len(dimension.cells) for index in listed):
        raise RowOutOfBounds(dimension.code)
    if len(set(listed)) != len(listed):
        raise RowOutOfBounds(dimension.code)


def width(plan: Plan) -> int:
    """Return the number of 16-bit places of a packed row."""
    return sum(one.most for one in plan.dimensions) + len(plan.measures)


def pack(plan: Plan, row: Row) -> bytes:
    """Return a row as bytes, always as many for one plan.

    Raises:
        RowOutOfBounds
    """
    check_row(plan, row)
    places: list[int] = []
    for dimension in plan.dimensions:
        value = row[dimension.code]
        if isinstance(value, list):
            places += [*value, *[EMPTY] * (dimension.most - len(value))]
        elif value is None and dimension.most > 1:
            places += [TAKEN_OUT, *[EMPTY] * (dimension.most - 1)]
        else:
            places.append(EMPTY if value is None else value)
    for measure in plan.measures:
        steps = row[measure.code]
        places.append(steps if isinstance(steps, int) else EMPTY)
    return struct.pack(f">{len(places)}H", *places)


def unpack(plan: Plan, packed: bytes) -> Row:
    """Return the row of these bytes.

    Raises:
        RowOutOfBounds
    """
    try:
        places = list(struct.unpack(f">{width(plan)}H", packed))
    except struct.error:
        raise RowOutOfBounds("length") from None
    row: Row = {}
    for dimension in plan.dimensions:
        mine, places = places[: dimension.most], places[dimension.most :]
        if dimension.most == 1:
            row[dimension.code] = None if mine[0] == EMPTY else mine[0]
        else:
            row[dimension.code] = None if mine[0] == TAKEN_OUT else [place for place in mine if place != EMPTY]
    for measure, place in zip(plan.measures, places, strict=True):
        row[measure.code] = None if place == EMPTY else place
    check_row(plan, row)
    return row


def _indices(plan: Plan, dimension: Dimension, values: Mapping[str, Sequence[Any]]) -> list[int | None]:
    found = values.get(dimension.source or "", ())
    if dimension.kind == "number":
        return [
            None if number is None else bisect_right(dimension.edges, number / dimension.divide_by)
            for number in map(_number, found)
        ]
    if dimension.kind == "choice":
        known = {value: index for index, cell in enumerate(dimension.cells) for value in cell.values}
        return [known.get(_text(value)) for value in found]
    assert plan.zoning is not None  # noqa: S101 - a plan without zoning has no such dimension
    indices = zone_indices(plan.zoning, dimension.level)
    if dimension.kind == "zone":
        return [indices.get(_text(value)) for value in found]
    count = len(plan.zoning.at_level(dimension.level))
    pairs = zip(found, values.get(dimension.to or "", ()), strict=True)
    both = [(indices.get(_text(one)), indices.get(_text(other))) for one, other in pairs]
    return [None if one is None or other is None else one * count + other for one, other in both]


def zone_indices(zoning: Zoning, level: int) -> dict[str, int]:
    """Return the index of the cell of each value that means a zone: its own, or that of a zone inside it."""
    zones = {zone.code: index for index, zone in enumerate(zoning.at_level(level))}
    found = {}
    for zone in zoning.zones:
        inside = next((one.code for one in zoning.path(zone) if one.code in zones), None)
        if inside is not None:
            found.update(dict.fromkeys((zone.code, *zone.codes), zones[inside]))
    return found


def _steps(measure: Measure, values: Sequence[Any]) -> int | None:
    numbers = [number for number in map(_number, values) if number is not None]
    if not numbers:
        return None
    total = math.fsum(numbers)
    whole = total if measure.combine == "sum" else total / len(numbers)
    return steps_of(measure, whole / measure.divide_by)


def _number(value: Any) -> float | None:  # noqa: ANN401 - of any record
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _text(value: Any) -> str:  # noqa: ANN401 - of any record
    return str(value).lower() if isinstance(value, bool) else str(value)
