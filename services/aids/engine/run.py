"""OpenFisca-France in process: loaded and warmed once, then one vectorised run per page.

Cost, measured: loading 0.5 s and 90 MB (`law.py`); first run 0.5 s; then under 0.1 s for one household, 0.2 ms each
among a thousand. Only processes that simulate may import this module; a test checks it.
"""

import gc
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from importlib.metadata import version
from typing import Any, Final

import numpy as np
from openfisca_core import periods

from core.telemetry import counters
from services.aids import household as hh
from services.aids.engine import fast_periods, inputs, law, reform, simulation
from services.aids.household import Household, Housing, Income, Person, TaxNotice, months

# (variable, entity key, period kind) of every output. "y" variables are yearly.
OUTPUTS: Final[tuple[tuple[str, str, str], ...]] = (
    *(
        (name, "famille", "m")
        for name in (
            "rsa",
            "ppa",
            "aide_logement",
            "apl",
            "als",
            "alf",
            "af",
            "cf",
            "asf",
            "paje_base",
            "paje_naissance",
            "aeeh",
            "aspa",
            "cmu_c",
            "css_participation_forfaitaire",
            "bourse_college",
            "bourse_lycee",
        )
    ),
    *(
        (name, "individu", "m")
        for name in (
            "aah",
            "caah",
            "asi",
            "ass",
            "bourse_criteres_sociaux",
            "contrat_engagement_jeune",
            "mobili_jeune",
            "pass_culture",
            "pass_sport",
            "locapass_eligibilite",
            "crous_repas_un_euro_eligibilite",
        )
    ),
    ("ars", "famille", "y"),
    ("cheque_energie", "menage", "y"),
    ("visale_eligibilite", "menage", "m"),
)
ENTITY: Final = {name: entity for name, entity, _ in OUTPUTS}
# Computed benefits that are put back as paid in M-4..M-1 between two passes.
INJECTED: Final = tuple(name for name in (*hh.PAID_TO_FAMILY, *hh.PAID_TO_PERSON) if name in ENTITY)
# Results that come from a side row: see `_with_side_rows`.
FROM_BIRTH: Final = frozenset({"paje_naissance"})
FROM_SHIFTED: Final = frozenset(
    {
        "cmu_c",
        "css_participation_forfaitaire",
        "css_cmu_base_ressources",
        "cmu_c_plafond",
        "acs_plafond",
        "css_cmu_acs_eligibilite",
    }
)
LOCK: Final = threading.Lock()
Amount = float | bool


class NotKept(LookupError):
    """A run brought back from what was kept has not this value: it has to be made again."""


@lru_cache(maxsize=1)
def versions() -> str:
    """Return the versions that a result depends on; they are part of its fingerprint."""
    engine = " / ".join(f"{package} {version(package)}" for package in ("openfisca-france", "openfisca-core"))
    return f"{engine} / garant {reform.VERSION}"


def system(stock: bool = False) -> Any:  # noqa: ANN401 - OpenFisca is untyped
    return _loaded(stock)


@lru_cache(maxsize=2)
def _loaded(stock: bool) -> Any:  # noqa: ANN401 - OpenFisca is untyped
    """Trap: the cache is asked by position, since `f()` and `f(False)` would each load a law of 60 MB."""
    fast_periods.install()
    loaded = law.load()
    return loaded if stock else reform.apply(loaded)


def warm(month: str | None = None) -> None:
    """Load the law and run one family, so that the first request does not wait. Takes about 1 s."""
    with LOCK:
        run([_dummy(month or date.today().strftime("%Y-%m"))])
        gc.freeze()  # the law is never freed: the collector can skip it


def _dummy(month: str) -> Household:
    year = int(month[:4])
    pay = Income("salary", f"{year - 2}-01", month, net=1200.0, taxable=1244.0, gross=1538.0)
    people = (
        Person("p1", "applicant", date(year - 35, 1, 1), status="employed", incomes=(pay,)),
        Person("k1", "child", date(year - 8, 1, 1), status="inactive", incomes=(), school="primaire"),
    )
    notices = tuple(TaxNotice(income_year, 13000.0, 1.5) for income_year in (year - 2, year - 1))
    return Household(
        month, people, housing=Housing("tenant_social", 400.0, 0.0, "17300"), tax_notices=notices, benefits=()
    )


#: Positions in the arrays of an entity: of the side rows, of the rows that they serve, of who is in a side row only.
Sides = tuple[Any, Any, Any]


@dataclass
class Batch:
    """Rows with the same signature, simulated together."""

    simulation: simulation.TrackedSimulation
    seats: inputs.Layout
    rows: list[int]
    main: list[int]

    def index(self, local: int, entity: str, person: str | None) -> int:
        if entity == "individu":
            return self.seats.place[local, person or ""]
        groups = {
            "famille": self.seats.main_famille,
            "menage": self.seats.main_menage,
            "foyer_fiscal": self.seats.main_foyer,
        }
        return groups[entity][local]

    @cached_property
    def side_families(self) -> Sides:
        families = self.seats.main_famille
        pairs = [(families[local], families[main]) for local, main in enumerate(self.main) if local != main]
        return _places([seat for seat, _source in pairs], [source for _seat, source in pairs], [])

    @cached_property
    def side_people(self) -> Sides:
        seats, sources, alone = [], [], []
        for (local, person), seat in self.seats.place.items():
            main = self.main[local]
            if local != main and (main, person) in self.seats.place:
                seats.append(seat)
                sources.append(self.seats.place[main, person])
            elif local != main:
                alone.append(seat)
        return _places(seats, sources, alone)


def _places(seats: list[int], sources: list[int], alone: list[int]) -> Sides:
    return np.array(seats, dtype=np.intp), np.array(sources, dtype=np.intp), np.array(alone, dtype=np.intp)


@dataclass(slots=True)
class Run:
    """The results of a batch of households.

    `first` and `steady` hold the displayed amounts; `value` reads any variable of the last pass. `read` has each value
    read so far: with `steady`, that is all that explains a result again without the engine (`engine/kept.py`).
    """

    month: str
    households: list[Household]
    first: list[dict[str, Amount]] = field(default_factory=list)
    steady: list[dict[str, Amount]] = field(default_factory=list)
    read: dict[str, Any] = field(default_factory=dict)
    _places: dict[int, tuple[Batch, int]] = field(default_factory=dict)
    _side: dict[tuple[int, str], int] = field(default_factory=dict)

    def value(
        self,
        row: int,
        variable: str,
        period: str | None = None,
        person: str | None = None,
    ) -> Any:  # noqa: ANN401 - the variable's own type
        """Return a variable. C2S variables come from the row with shifted incomes, the birth grant from the row with
        the unborn child.

        Raises:
            NotKept
        """
        cell = f"{row}|{variable}|{period or self.month}|{person or ''}"
        if cell not in self.read:
            self._require_engine()
            self.read[cell] = self._value(row, variable, period, person)
        return self.read[cell]

    def _value(self, row: int, variable: str, period: str | None, person: str | None) -> Any:  # noqa: ANN401 - its own
        kind = "shifted" if variable in FROM_SHIFTED else "birth" if variable in FROM_BIRTH else ""
        batch, local = self._places[self._side.get((row, kind), row)]
        entity = batch.simulation.tax_benefit_system.get_variable(variable).entity.key
        values = batch.simulation.calculate(variable, period or self.month)
        found = values[batch.index(local, entity, person or self.households[row].applicant.id)]
        return _plain(values, found)

    def foyer_of(self, row: int, person: str, variable: str, year: str) -> Any:  # noqa: ANN401 - its own type
        """Return a variable of the person's tax household, which may be that of the parents. Raises as `value`."""
        cell = f"{row}|foyer|{variable}|{year}|{person}"
        if cell not in self.read:
            self._require_engine()
            self.read[cell] = self._foyer_of(row, person, variable, year)
        return self.read[cell]

    def _require_engine(self) -> None:
        if not self._places:
            raise NotKept

    def _foyer_of(self, row: int, person: str, variable: str, year: str) -> Any:  # noqa: ANN401 - its own type
        batch, local = self._places[row]
        return batch.simulation.calculate(variable, year)[batch.seats.foyer[batch.seats.place[local, person]]].item()

    def total(self, row: int, variable: str, first: str, last: str, person: str | None = None) -> float:
        return float(sum(self.value(row, variable, month, person) for month in months.between(first, last)))


def _plain(values: Any, found: Any) -> Any:  # noqa: ANN401 - numpy scalar to Python
    possible = getattr(values, "possible_values", None)
    if possible is not None:
        return list(possible)[int(found)].name
    return found.decode() if isinstance(found, bytes) else found.item() if hasattr(found, "item") else found


def run(households: Sequence[Household], *, stock: bool = False, steady: bool = True) -> Run:
    """Simulate complete households of one month together. `stock` uses the published engine, without the corrections
    of `reform`.
    """
    counters.add("garant_engine_runs_total")
    done = Run(households[0].month, list(households))
    rows = [(household, row) for row, household in enumerate(households)]
    if not stock:
        rows = _with_side_rows(done, rows)
    for batch in _batches(done, rows, stock):
        past = _past_of(batch)
        results = _results(batch, done.month)
        first = _amounts(batch, results)
        shown = _amounts(batch, _steady(batch, results, past, done.month)) if steady else first
        for local, row in enumerate(batch.rows):
            done._places[row] = (batch, local)  # noqa: SLF001 - Run is built here only
            _store(done, row, first[local], shown[local])
    _take_side_results(done, len(households))
    return done


def run_many(groups: Sequence[Sequence[Household]]) -> list[Run]:
    """Simulate the rows of many residents together, all of one month. Return a run for each group.

    Cost, measured: half a millisecond a row among ten thousand of a few shapes.
    """
    whole = run([household for rows in groups for household in rows])
    sides: dict[int, list[tuple[str, int]]] = {}
    for (row, kind), side in whole._side.items():  # noqa: SLF001 - as in `run`
        sides.setdefault(row, []).append((kind, side))
    found, first = [], 0
    for rows in groups:
        last = first + len(rows)
        one = Run(whole.month, list(rows), first=whole.first[first:last], steady=whole.steady[first:last])
        for row in range(first, last):
            one._places[row - first] = whole._places[row]  # noqa: SLF001
            for kind, side in sides.get(row, ()):
                # A side row comes after the rows of all groups, so its number is none of this group's own.
                one._side[row - first, kind], one._places[side] = side, whole._places[side]  # noqa: SLF001
        found.append(one)
        first = last
    return found


def _store(done: Run, row: int, first: dict[str, Amount], shown: dict[str, Amount]) -> None:
    for kept, amounts in ((done.first, first), (done.steady, shown)):
        kept.extend({} for _ in range(row + 1 - len(kept)))
        kept[row] = dict(amounts)


def _with_side_rows(done: Run, rows: list[tuple[Household, int]]) -> list[tuple[Household, int]]:
    """Add a row for each correction that needs a variant of the household.

    An unborn child brings the birth grant two months before term, but the engine also pays the monthly PAJE and a
    higher prime d'activité before birth: the main row leaves the child out, and the side row lists it for the grant
    alone. C2S reads M-13..M-2 (R. 861-8 CSS) but the engine sums M-12..M-1: the incomes of the side row are one month
    later.
    """
    full: list[tuple[Household, int]] = []
    extra: list[tuple[Household, int]] = []
    for household, row in rows:
        born = _born(household)
        full.append((born, row))
        if (expecting := _expecting(household)) is not None:
            done._side[row, "birth"] = len(rows) + len(extra)  # noqa: SLF001 - Run is built here only
            extra.append((expecting, row))
        if (shifted := _shifted(born)) is not born:
            done._side[row, "shifted"] = len(rows) + len(extra)  # noqa: SLF001 - Run is built here only
            extra.append((shifted, row))
    return full + extra


def _born(household: Household) -> Household:
    people = tuple(person for person in household.people if person.role != "child" or person.age(household.month) >= 0)
    return household if len(people) == len(household.people) else replace(household, people=people)


def _expecting(household: Household) -> Household | None:
    if _born(household) is not household:
        return household
    mother = next((person for person in household.parents if person.pregnant and person.due_date), None)
    if mother is None or mother.due_date is None:
        return None
    unborn = Person("unborn", "child", mother.due_date, status="inactive", incomes=())
    return replace(household, people=(*household.people, unborn))


def _shifted(household: Household) -> Household:
    if all(_steady_income(income, household.month) for person in household.people for income in person.incomes or ()):
        return household
    people = tuple(replace(person, incomes=_later(person.incomes, household.month)) for person in household.people)
    return replace(household, people=people)


def _steady_income(income: Income, month: str) -> bool:
    """Return True if the income is the same from M-13 to M-1, so that a shift has no effect."""
    return income.first <= months.shift(month, -13) and income.last >= months.shift(month, -1)


def _later(incomes: tuple[Income, ...] | None, month: str) -> tuple[Income, ...]:
    return tuple(
        Income(
            income.type,
            months.shift(income.first, 1),
            months.shift(income.last, 1),
            income.net,
            income.taxable,
            income.gross,
        )
        for income in incomes or ()
    )


def _batches(done: Run, rows: list[tuple[Household, int]], stock: bool) -> Iterable[Batch]:
    """Group rows by signature. A side row joins the batch of the row that it serves; `Batch.main` gives the index of
    that row.
    """
    groups: dict[frozenset[str], list[int]] = {}
    for number, (household, source) in enumerate(rows):
        groups.setdefault(inputs.signature(household) | inputs.signature(rows[source][0]), []).append(number)
    for chosen in groups.values():
        households = [rows[number][0] for number in chosen]
        seats = inputs.layout(households)
        filled = inputs.arrays(households, seats)
        if not stock:
            filled |= inputs.beside_stock(filled, seats, done.month)
        place = {number: local for local, number in enumerate(chosen)}
        main = [place[rows[number][1]] for number in chosen]
        yield Batch(simulation.build(system(stock), seats, filled, done.month), seats, chosen, main)


def _past_of(batch: Batch) -> dict[str, Any]:
    last = periods.period(months.shift(batch.simulation.month, -1))
    return {name: batch.simulation.get_holder(name).get_array(last) for name in INJECTED}


def _results(batch: Batch, month: str) -> dict[str, Any]:
    """Return every output. A side row has the RSA of the row that it serves: where it is due, C2S is free (L861-2)."""
    if batch.main != list(range(len(batch.rows))):
        batch.simulation.take_back("rsa", month)
        due = _of_main(batch, "rsa", batch.simulation.calculate("rsa", month))
        batch.simulation.give("rsa", periods.period(month), due)
    return {name: batch.simulation.calculate(name, month[:4] if kind == "y" else month) for name, _, kind in OUTPUTS}


def _steady(batch: Batch, results: dict[str, Any], past: Mapping[str, Any], month: str) -> dict[str, Any]:
    """Return the results once everything is claimed: put the results back as paid in M-4..M-1 and run the law again,
    twice.
    """
    recent = [months.shift(month, -by) for by in (4, 3, 2, 1)]
    for _ in range(2):
        cells = []
        for name in INJECTED:
            found = np.round(_of_main(batch, name, results[name]), 2).astype(np.float32)
            given = np.where(found != 0, found, past[name])
            for period in recent:
                cells.append((name, periods.period(period)))
                batch.simulation.give(name, period, given * _may_have(batch, name, period))
        batch.simulation.forget_readers(cells)
        results = _results(batch, month)
    return results


def _may_have(batch: Batch, name: str, month: str) -> Any:  # noqa: ANN401 - numpy array, or 1 for everybody
    """Return who could have a benefit in a past month: nobody has the ASS beside an unemployment benefit (L5423-1)."""
    return batch.simulation.calculate("chomage_net", month) == 0 if name == "ass" else 1


def _of_main(batch: Batch, name: str, values: Any) -> Any:  # noqa: ANN401 - numpy array
    """Replace the values of each side row by those of the row that it serves."""
    if batch.main == list(range(len(batch.rows))):
        return values
    taken = values.copy()
    seats, sources, alone = batch.side_families if ENTITY[name] == "famille" else batch.side_people
    taken[seats] = values[sources]
    taken[alone] = 0.0
    return taken


def _amounts(batch: Batch, results: Mapping[str, Any]) -> list[dict[str, Amount]]:
    """Return the amounts of each row, rounded to the cent, under keys such as "rsa" or "p1.aah"."""
    lists = {
        name: (values if values.dtype == bool else np.round(values.astype(np.float64), 2)).tolist()
        for name, values in results.items()
    }
    people: dict[int, list[tuple[str, int]]] = {}
    for (local, person), seat in batch.seats.place.items():
        if person != inputs.ABSENT:
            people.setdefault(local, []).append((person, seat))
    groups = {"famille": batch.seats.main_famille, "menage": batch.seats.main_menage}
    rows = []
    for local in range(len(batch.rows)):
        amounts: dict[str, Amount] = {}
        for name, entity, _ in OUTPUTS:
            values = lists[name]
            if entity == "individu":
                amounts.update({f"{person}.{name}": values[seat] for person, seat in people[local]})
            else:
                amounts[name] = values[groups[entity][local]]
        rows.append(amounts)
    return rows


def _take_side_results(done: Run, count: int) -> None:
    for (row, kind), side in done._side.items():  # noqa: SLF001 - Run is built here only
        names = FROM_BIRTH if kind == "birth" else FROM_SHIFTED
        for kept in (done.first, done.steady):
            kept[row].update({name: kept[side][name] for name in names if name in ENTITY})
    del done.first[count:], done.steady[count:]
    if any(person.age(done.month) < 0 for household in done.households for person in household.children):
        _name_unborn(done)


def _name_unborn(done: Run) -> None:
    """Give the unborn child zero amounts, so that each person of the household has the same keys."""
    for row, household in enumerate(done.households):
        for person in household.children:
            for kept in (done.first, done.steady):
                for name, entity, _ in OUTPUTS:
                    if entity == "individu":
                        kept[row].setdefault(f"{person.id}.{name}", name.endswith("eligibilite") and False or 0.0)
