"""A vectorised OpenFisca run that recomputes only the values affected by past benefits.

The steady state ("once everything is claimed") runs the law three times. Between two passes only the benefits of
M-4..M-1 change, so the run records the readers of each cell and forgets only the readers of those. A test compares it
with three separate stock runs.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from openfisca_core import periods
from openfisca_core.periods import Period
from openfisca_core.simulations import Simulation

from services.aids.engine.inputs import Arrays, Layout
from services.aids.household import months

Cell = tuple[str, Period]
ROLES: Final = {
    "famille": ("famille", "famille_role"),
    "foyer_fiscal": ("foyer", "foyer_role"),
    "menage": ("menage", "menage_role"),
}


class TrackedSimulation(Simulation):  # type: ignore[misc]  # OpenFisca is untyped
    """A simulation with stock results, which answers cached cells without the tracer and records the readers of each
    cell.
    """

    def __init__(self, system: Any, populations: Any) -> None:  # noqa: ANN401 - OpenFisca is untyped
        super().__init__(system, populations)
        self._reading: list[Cell] = []
        self._readers: dict[Cell, set[Cell]] = defaultdict(set)
        self._given: set[Cell] = set()
        self._known: dict[Cell, Any] = {}
        self.month = ""

    def calculate(self, variable_name: str, period: Any) -> Any:  # noqa: ANN401 - numpy array
        cell = (variable_name, periods.period(period))
        if self._reading:
            self._readers[cell].add(self._reading[-1])
        known = self._known.get(cell)
        if known is not None:
            return known
        holder = self.get_variable_population(variable_name).get_holder(variable_name)
        known = holder.get_array(cell[1])
        if known is not None:
            self._known[cell] = known
            return known
        self._reading.append(cell)
        try:
            return super().calculate(variable_name, cell[1])
        finally:
            self._reading.pop()

    def give(self, variable_name: str, period: str, values: Any) -> None:  # noqa: ANN401 - numpy array
        cell = (variable_name, periods.period(period))
        holder = self.get_variable_population(variable_name).get_holder(variable_name)
        if hasattr(holder.variable, "possible_values") and holder.variable.possible_values is not None:
            values = holder.variable.possible_values.encode(values)
        holder.put_in_cache(values, cell[1])
        self._given.add(cell)
        self._known.pop(cell, None)

    def is_given(self, variable_name: str, period: Any) -> bool:  # noqa: ANN401 - OpenFisca's
        return (variable_name, periods.period(period)) in self._given

    def take_back(self, variable_name: str, period: Any) -> None:  # noqa: ANN401 - OpenFisca's
        """Let a value that was given be computed again."""
        cell = (variable_name, periods.period(period))
        if cell in self._given:
            self._given.remove(cell)
            self._known.pop(cell, None)
            self.get_holder(variable_name).delete_arrays(cell[1])

    def purge_cache_of_invalid_values(self) -> None:
        if self.invalidated_caches and not self.tracer.stack:
            self._known.clear()
        super().purge_cache_of_invalid_values()

    def forget_readers(self, cells: Iterable[Cell]) -> None:
        """Drop every computed cell that read one of `cells`, directly or through others."""
        waiting = list(cells)
        seen = set(waiting)
        while waiting:
            for reader in self._readers.pop(waiting.pop(), ()):
                if reader not in seen:
                    seen.add(reader)
                    waiting.append(reader)
                    if reader not in self._given:
                        self._known.pop(reader, None)
                        self.get_holder(reader[0]).delete_arrays(reader[1])


def build(system: Any, seats: Layout, filled: Arrays, month: str) -> TrackedSimulation:  # noqa: ANN401 - OpenFisca's
    populations = system.instantiate_entities()
    persons = populations["individu"]
    persons.ids, persons.count = np.arange(len(seats.persons)), len(seats.persons)
    for key, (group_name, role_name) in ROLES.items():
        group = populations[key]
        members = np.array(getattr(seats, group_name), dtype=np.int64)
        group.count = int(members.max()) + 1
        group.ids = np.arange(group.count)
        group.members_entity_id = members
        group.members_role = _roles(group.entity, getattr(seats, role_name), members)
    simulation = TrackedSimulation(system, populations)
    simulation.month = month
    # Months before M-14 run no formula: their inputs are given. A later start gives wrong results.
    simulation.start_computation_period = periods.period(months.shift(month, -14))
    for (variable, period), values in filled.items():
        simulation.give(variable, period.lower() if period == "ETERNITY" else period, values)
    return simulation


def _roles(entity: Any, names: list[str], members: Any) -> list[Any]:  # noqa: ANN401 - OpenFisca is untyped
    """Assign roles. Subroles (parent: demandeur, then conjoint) go in order of arrival within each group."""
    roles = {role.key: role for role in entity.roles}
    dealt: dict[tuple[int, str], int] = defaultdict(int)
    found = []
    for name, group in zip(names, members, strict=True):
        role = roles[name]
        if role.subroles:
            rank = dealt[int(group), name]
            dealt[int(group), name] += 1
            role = role.subroles[rank]
        found.append(role)
    return found
