"""The parts of an explanation, and the context that reads one household's row of a run."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np
from django.utils.translation import gettext as _

from core.templatetags.civic import money, number
from services.aids.engine import reform
from services.aids.engine import run as engine
from services.aids.household import WORK, Household, Person, months

EURO_MONTH: Final = "EUR/mois"
EURO_YEAR: Final = "EUR/an"
YEARS: Final = "ans"
COUNT: Final = "nombre"
RATE: Final = "taux"


#: First and last month counted, both included.
Span = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Law:
    """The text that states a rule; `since` is the first day of the value in force."""

    title: str
    link: str
    since: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One condition applied to this household; `conditions` has its constructors.

    `ok` is None while a value is missing. `keys` name the household's values that the condition reads.
    """

    text: str
    ok: bool | None
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    law: Law | None = None
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the calculation; `key` names the household's value it comes from and is empty for a result."""

    label: str
    value: float
    unit: str
    key: str = ""
    rule: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """The household's resources and their limit, drawn as a bar on the aid's page."""

    label: str
    have: float
    limit: float
    unit: str

    @property
    def gap(self) -> float:
        return round(abs(self.have - self.limit), 2)

    @property
    def over(self) -> bool:
        return self.have > self.limit


@dataclass(slots=True)
class Explanation:
    """The reasons for an aid's result. `yes` sums up a granted aid; `changes` are sentences about other possible
    results; `formula` is the operation on the figures that gives the amount.
    """

    code: str
    reasons: list[Reason] = field(default_factory=list)
    _: KW_ONLY
    threshold: Threshold | None = None
    figures: list[Figure] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    yes: str = ""
    formula: str = ""
    person: str = ""

    def span(self, key: str) -> Span | None:
        """Return the months over which the value under `key` was counted, if any."""
        return next((figure.span for figure in self.figures if figure.key == key), None)

    @property
    def failed(self) -> list[Reason]:
        return [reason for reason in self.reasons if reason.ok is False]

    @property
    def open(self) -> list[Reason]:
        return [reason for reason in self.reasons if reason.ok is None]


SOCIAL: Final = "prestations_sociales"
MINIMA: Final = f"{SOCIAL}.solidarite_insertion.minima_sociaux"
FAMILY: Final = f"{SOCIAL}.prestations_familiales"
HEALTH: Final = f"{SOCIAL}.prestations_etat_de_sante.invalidite"
SCHOOL: Final = f"{SOCIAL}.education"
HOUSING: Final = f"{SOCIAL}.aides_logement"


@dataclass(slots=True)
class Context:
    """One row of a run, read in the run's month. `stock` reads the law without the corrections of `reform`."""

    run: engine.Run
    row: int
    stock: bool = False
    known: Household | None = None

    @property
    def household(self) -> Household:
        """Return the household with its unknown values still None, although the run assumed answers for them."""
        return self.known or self.run.households[self.row]

    @property
    def month(self) -> str:
        return self.run.month

    @property
    def people(self) -> tuple[Person, ...]:
        """Return the people that the run counted. Only the published engine (`stock`) counts an unborn child."""
        return tuple(
            person
            for person in self.household.people
            if self.stock or person.role != "child" or person.age(self.month) >= 0
        )

    @property
    def children(self) -> tuple[Person, ...]:
        return tuple(person for person in self.people if person.role == "child")

    def read(self, variable: str, period: str | None = None, person: Person | None = None) -> Any:  # noqa: ANN401
        """Return a variable of the person or of the household, in its own type."""
        return self.run.value(self.row, variable, period, person.id if person else None)

    def amount(self, name: str, person: Person | None = None) -> float:
        """Return the steady-state amount, as displayed."""
        return float(self.run.steady[self.row].get(f"{person.id}.{name}" if person else name, 0))

    def parameter(self, path: str, month: str | None = None) -> float:
        return float(_in_force(self.stock, path, month or self.month)[0])

    def scale(self, path: str, base: float) -> float:
        """Apply a scale of the law to `base`."""
        node = engine.system(self.stock).get_parameters_at_instant(self.month)
        for step in path.split("."):
            node = getattr(node, step)
        return float(node.calc(np.array([base]))[0])

    def foyer(self, variable: str, year: str, person: Person) -> float:
        """Return a variable of the person's tax household."""
        return float(self.run.foyer_of(self.row, person.id, variable, year))

    def total(self, variable: str, first: str, last: str) -> float:
        return self.run.total(self.row, variable, first, last)

    def law(self, path: str) -> Law:
        return _law(self.stock, path, self.month)

    def quarter(self) -> tuple[str, str]:
        """Return months M-4 and M-2, the first and last that the CAF reads since March 2025."""
        return months.shift(self.month, -4), months.shift(self.month, -2)

    def ages(self) -> dict[str, int]:
        return {person.id: person.age(self.month) for person in self.household.people}

    def name(self, person: Person) -> str:
        """Return the words for a person in a figure's label. Names are not part of a household."""
        if person.role == "applicant":
            return _("vous")
        return (
            _("votre conjoint")
            if person.role == "partner"
            else _("votre enfant de %(age)s ans") % {"age": max(person.age(self.month), 0)}
        )

    def recent_incomes(self, *, since: int, figure: str = "net") -> list[Figure]:
        """Return the incomes of the `since` months before the run's month."""
        return self.incomes(months.shift(self.month, -since), months.shift(self.month, -1), figure=figure)

    def incomes(self, first: str, last: str, *, figure: str = "net") -> list[Figure]:
        """Return one figure per person and income type: the monthly mean from `first` to `last`."""
        span = months.between(first, last)
        lines = []
        for person in self.household.people:
            for type in sorted({income.type for income in person.incomes or ()}):
                total = sum(_figure(person, type, month, figure) for month in span)
                if total:
                    label = _("%(income)s (%(person)s)") % {"income": income_label(type), "person": self.name(person)}
                    mean = round(total / len(span), 2)
                    lines.append(per_month(label, mean, key=person.key(f"incomes.{type}"), span=(first, last)))
        return lines

    def income_keys(self) -> tuple[str, ...]:
        """Return one key per person and income type, or `incomes` for an adult without any known income."""
        keys = []
        for person in self.household.people:
            counted = sorted({income.type for income in person.incomes or () if income.net > 0})
            keys += [person.key(f"incomes.{type}") for type in counted]
            if not counted and person.role != "child":
                keys.append(person.key("incomes"))
        return tuple(keys)

    def works(self) -> bool:
        first, last = self.quarter()
        return any(
            person.received(month, *WORK) for person in self.household.parents for month in months.between(first, last)
        )


def _figure(person: Person, type: str, month: str, figure: str) -> float:
    """Sum one figure of the person's incomes of that month; net stands in for a missing taxable or gross."""
    found = 0.0
    for income in person.incomes or ():
        if income.type == type and income.first <= month <= income.last:
            value = getattr(income, figure)
            found += income.net if value is None else value
    return found


def income_label(type: str) -> str:
    labels: Mapping[str, Callable[[], str]] = {
        "salary": lambda: _("Salaire"),
        "unemployment": lambda: _("Allocation chômage"),
        "pension": lambda: _("Retraite"),
        "disability_pension": lambda: _("Pension d’invalidité"),
        "alimony_received": lambda: _("Pension alimentaire reçue"),
        "apprentice_pay": lambda: _("Salaire d’apprenti"),
        "internship": lambda: _("Gratification de stage"),
        "sick_pay": lambda: _("Indemnités journalières"),
        "micro_turnover_profit": lambda: _("Bénéfice de micro-entreprise"),
        "rents": lambda: _("Loyers reçus"),
    }
    return labels[type]()


@lru_cache(maxsize=4096)
def _in_force(stock: bool, path: str, month: str) -> tuple[Any, str]:
    node = reform.parameter(engine.system(stock), path)
    found = next(value for value in node.values_list if value.instant_str <= f"{month}-01")
    return found.value, found.instant_str


@lru_cache(maxsize=4096)
def _law(stock: bool, path: str, month: str) -> Law:
    """Return the legal reference of a parameter's value in force.

    Order of preference: the correction of `reform`, the newest reference not later than the value, the oldest
    reference. A scale uses its last bracket.
    """
    node = reform.parameter(engine.system(stock), path)
    if hasattr(node, "brackets"):
        path = f"{path}.{len(node.brackets) - 1}.threshold"
    since = _in_force(stock, path, month)[1]
    change = None if stock else reform.change_of(path, month)
    if change is not None and change.since == since:
        return Law(change.source, change.link, since)
    references = node.metadata.get("reference") or {}
    if not isinstance(references, Mapping):
        return _reference(references, since)
    dated = (
        sorted((str(day) for day in references if str(day) <= since), reverse=True) or sorted(map(str, references))[:1]
    )
    return _reference(references[dated[0]], since) if dated else Law("", "", since)


def _reference(found: Any, since: str) -> Law:  # noqa: ANN401 - a text, an object or a list of either
    first = found[0] if isinstance(found, list) and found else found
    if isinstance(first, Mapping):
        return Law(str(first.get("title") or first.get("href") or ""), str(first.get("href") or ""), since)
    text = str(first or "")
    return Law(text, text if text.startswith("http") else "", since)


def euros(value: float) -> str:
    """Format an amount with cents under 100 euros, without cents above."""
    return money(round(value, 2) if abs(value) < 100 else round(value))


def count(value: float) -> str:
    return number(value)


def per_month(label: str, value: float, *, key: str = "", rule: str = "", span: Span | None = None) -> Figure:
    return Figure(label=label, value=value, unit=EURO_MONTH, key=key, rule=rule, span=span)


def per_year(label: str, value: float, *, key: str = "", rule: str = "") -> Figure:
    return Figure(label=label, value=value, unit=EURO_YEAR, key=key, rule=rule)


def difference(high: float, low: float, amount: float) -> str:
    """Return “646,52 € − 377,58 €” if this is the amount paid, else ""."""
    return f"{cents(high)} − {cents(low)}" if amount > 0 and abs(high - low - amount) < 0.02 else ""


def total(parts: Sequence[float], amount: float) -> str:
    """Return “151,05 € + 75,90 €” if this is the amount paid, else ""."""
    return " + ".join(cents(part) for part in parts) if amount > 0 and abs(sum(parts) - amount) < 0.02 else ""


def product(amount: float, *factors: tuple[float, str]) -> str:
    """Return the words of the factors as “32 % × 474,37 €” if their product is the amount, else ""."""
    same = abs(math.prod(value for value, _words in factors) - amount) < 0.01
    return " × ".join(words for _value, words in factors) if same else ""


def percent(share: float) -> str:
    return f"{count(round(share * 100, 3))}\u00a0%"


def cents(value: float) -> str:
    """Format an amount of a calculation, to the cent, so that a reader can redo it."""
    return money(round(value, 2))


def notice_figure(context: Context, year: int | None = None) -> list[Figure]:
    """Return the reference income of a year, without one that of the year that most benefits read."""
    year = year or context.household.reference_year
    notice = context.household.notice(year)
    if notice is None:
        return []
    rule = _("Avis des revenus %(year)s") % {"year": year}
    return [per_year(_("Revenu fiscal de référence"), notice.rfr, key=f"tax_notices[{year}].rfr", rule=rule)]


def notice_key(context: Context, year: int | None = None) -> tuple[str, ...]:
    return (f"tax_notices[{year or context.household.reference_year}].rfr",)
