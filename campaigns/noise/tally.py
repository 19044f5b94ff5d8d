"""Exact counts and sums of rows. They stay in memory, in objects that print nothing of themselves."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from campaigns.noise.plan import Plan, Table
from campaigns.noise.rows import EMPTY, TAKEN_OUT, Row, RowOutOfBounds, pack, width

CHUNK = 65_536


class Tally:
    """The exact vectors of one release. Rows that the plan does not allow count nowhere, and are told to nobody:
    whether one came would depend on the contributions.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.rows = 0
        self.counts = {table.code: np.zeros(plan.size(table), dtype=np.int64) for table in plan.tables}
        self.sums = {table.code: np.zeros(plan.size(table), dtype=np.int64) for table in plan.tables if table.measure}
        self._columns = _columns(plan)

    def __repr__(self) -> str:
        return "<Tally>"

    def add(self, rows: Iterable[Row | bytes]) -> "Tally":
        """Count rows, packed ones as well."""
        for packed in _packed(self._plan, rows):
            places = np.frombuffer(packed, dtype=">u2").reshape(-1, width(self._plan)).astype(np.int64)
            kept = places[_valid(self._plan, self._columns, places)]
            self.rows += len(kept)
            for table in self._plan.tables:
                self._add(table, kept)
        return self

    def _add(self, table: Table, places: Any) -> None:  # noqa: ANN401 - numpy has no types here
        plan, size = self._plan, self._plan.size(table)
        indices = [self._indices(code, places) for code in table.dimensions]
        # Every pair of cells that a row has: a list on one side only (`two_lists`).
        wide = max(one.shape[1] for one in indices)
        indices = [np.broadcast_to(one, (len(places), wide)) for one in indices]
        there = np.logical_and.reduce([one >= 0 for one in indices])
        flat = indices[0] if len(indices) == 1 else indices[0] * plan.shape(table)[1] + indices[1]
        if not table.measure:
            self.counts[table.code] += np.bincount(flat[there], minlength=size)
            return
        steps = places[:, self._columns[table.measure]]
        there &= steps != EMPTY
        centred = 2 * steps - plan.measure(table.measure).steps
        self.counts[table.code] += np.bincount(flat[there], minlength=size)
        weights = np.broadcast_to(centred, there.shape)[there]
        self.sums[table.code] += np.rint(np.bincount(flat[there], weights=weights, minlength=size)).astype(np.int64)

    def _indices(self, code: str, places: Any) -> Any:  # noqa: ANN401 - as above
        """Return the cells of each row, the last one for “not given”, and -1 for an empty place of a list."""
        dimension = self._plan.dimension(code)
        mine = places[:, self._columns[code]].copy()
        not_given = len(dimension.cells)
        if dimension.most == 1:
            mine[mine == EMPTY] = not_given
        else:
            mine[mine == EMPTY] = -1
            mine[mine == TAKEN_OUT] = not_given
        return mine


def _columns(plan: Plan) -> dict[str, slice]:
    """Return where each dimension and measure is in a packed row."""
    found, start = {}, 0
    for code, length in [(one.code, one.most) for one in plan.dimensions] + [(one.code, 1) for one in plan.measures]:
        found[code] = slice(start, start + length)
        start += length
    return found


def _packed(plan: Plan, rows: Iterable[Row | bytes]) -> Iterator[bytes]:
    waiting, length = iter(rows), 2 * width(plan)
    while chunk := list(islice(waiting, CHUNK)):
        yield b"".join(packed for one in chunk if len(packed := _bytes(plan, one)) == length)


def _bytes(plan: Plan, row: Row | bytes) -> bytes:
    if isinstance(row, bytes):
        return row
    try:
        return pack(plan, row)
    except RowOutOfBounds:
        return b""


def _valid(plan: Plan, columns: dict[str, slice], places: Any) -> Any:  # noqa: ANN401 - numpy has no types here
    """Return which rows are within the plan's bounds: the rules of `rows.check_row`, for many at once."""
    valid = np.ones(len(places), dtype=bool)
    for dimension in plan.dimensions:
        mine = places[:, columns[dimension.code]]
        cell = mine < len(dimension.cells)
        if dimension.most == 1:
            valid &= (cell | (mine == EMPTY))[:, 0]
            continue
        taken_out = (mine[:, 0] == TAKEN_OUT) & (mine[:, 1:] == EMPTY).all(axis=1)
        ordered = np.sort(mine, axis=1)
        double = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != EMPTY)).any(axis=1)
        listed = cell[:, 0] & (cell | (mine == EMPTY)).all(axis=1) & ~double
        valid &= taken_out | listed
    for measure in plan.measures:
        mine = places[:, columns[measure.code]][:, 0]
        valid &= (mine <= measure.steps) | (mine == EMPTY)
    return valid
