"""What is kept of a run, so that its results are explained again without the engine. Pure: sealing is for the callers.

A run is kept under the mark of exactly what the engine was given. Whatever else a page shows, its questions, sentences
and language, is made anew from the run each time.
"""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core import canonical
from services.aids.engine.run import Amount, NotKept, Run
from services.aids.household import Household

#: Incomes at which an aid starts or stops: now, stops above, starts above. None: it never does.
Point = tuple[float, float | None, float | None] | None


@dataclass(slots=True)
class Kept:
    """A run, and the break-even points that pages asked for since."""

    mark: str
    names: Sequence[str]
    steady: Sequence[Sequence[Amount | None]]
    read: Mapping[str, Any]
    points: dict[str, Point] = field(default_factory=dict)

    def run(self, households: Sequence[Household]) -> Run:
        """Return the run of these rows, whose values are those read when it was kept.

        Raises:
            NotKept: it is not of as many rows.
        """
        if len(self.steady) != len(households):
            raise NotKept
        rows = [
            {name: amount for name, amount in zip(self.names, row, strict=True) if amount is not None}
            for row in self.steady
        ]
        return Run(households[0].month, list(households), steady=rows, read=dict(self.read))

    def note(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def of(run: Run, mark: str) -> Kept:
    names = sorted({name for row in run.steady for name in row})
    steady = [[row.get(name) for name in names] for row in run.steady]
    return Kept(mark, names, steady, dict(run.read))


def from_note(note: Mapping[str, Any]) -> Kept:
    return Kept(**note)


def mark_of(households: Sequence[Household], *versions: object) -> str:
    """Hash the rows of a run with what else decides them.

    Rows of one household share most of their parts, so each part is encoded once.
    """
    parts: dict[int, Any] = {}
    encoded = canonical.encode([[_plain(household, parts) for household in households], _plain(versions, parts)])
    return hashlib.sha256(encoded).hexdigest()


def _plain(value: Any, parts: dict[int, Any]) -> Any:  # noqa: ANN401 - a part of a household, then JSON
    if value is None or isinstance(value, str | int | float):
        return value
    if id(value) not in parts:
        parts[id(value)] = _encoded(value, parts)
    return parts[id(value)]


def _encoded(value: Any, parts: dict[int, Any]) -> Any:  # noqa: ANN401 - as `_plain`
    if dataclasses.is_dataclass(value):
        return [_plain(getattr(value, one.name), parts) for one in dataclasses.fields(value)]
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [_plain(one, parts) for one in value]
    return str(value)
