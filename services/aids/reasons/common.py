"""What every explanation is made of, and the context that reads a run for one household."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np
from django.utils.translation import gettext as _

from core.templatetags.civic import money, number
from services.aids import engine, months, reform
from services.aids.household import WORK, Household, Person

EURO_MONTH: Final = "EUR/mois"
EURO_YEAR: Final = "EUR/an"
YEARS: Final = "ans"
COUNT: Final = "nombre"
RATE: Final = "taux"


#: First and last month that were counted.
Span = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Law:
    """Where a rule is written. `since`: the date of the value in force."""

    title: str
    link: str
    since: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """One condition, with this household's figure against the rule's. `ok` None: not known yet."""

    text: str
    ok: bool | None
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    law: Law | None = None
    figures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the calculation: what was counted, the key of the value it came from ("" for a rule), and over which months."""

    label: str
    value: float
    unit: str
    key: str = ""
    rule: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """The bar of the page: the household's figure and the limit, in the same unit."""

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
    """Why an aid is due, or is not: both with the same care."""

    code: str
    reasons: list[Reason] = field(default_factory=list)
    threshold: Threshold | None = None
    figures: list[Figure] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    yes: str = ""
    person: str = ""

    def span(self, key: str) -> Span | None:
        """The months that count for an income: benefits look at past ones, and the newest payslip may not be among them."""
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
    """Reads one row of a run, in the month asked. `stock` reads the law without our corrections."""

    run: engine.Run
    row: int
    stock: bool = False
    known: Household | None = None

    @property
    def household(self) -> Household:
        """What is known of the household: where the run had to assume a value, this one still says None."""
        return self.known or self.run.households[self.row]

    @property
    def month(self) -> str:
        return self.run.month

    @property
    def people(self) -> tuple[Person, ...]:
        """Who the run counted: the published engine counts an unborn child that is listed, we do not."""
        return tuple(
            person
            for person in self.household.people
            if self.stock or person.role != "child" or person.age(self.month) >= 0
        )

    @property
    def children(self) -> tuple[Person, ...]:
        return tuple(person for person in self.people if person.role == "child")

    def read(self, variable: str, period: str | None = None, person: Person | None = None) -> Any:  # noqa: ANN401 - the variable's own type
        return self.run.value(self.row, variable, period, person.id if person else None)

    def amount(self, name: str, person: Person | None = None) -> float:
        """The amount shown: the steady state."""
        return float(self.run.steady[self.row].get(f"{person.id}.{name}" if person else name, 0))

    def parameter(self, path: str, month: str | None = None) -> float:
        return float(_in_force(self.stock, path, month or self.month)[0])

    def scale(self, path: str, base: float) -> float:
        """A value read on a scale of the law."""
        node = engine.system(self.stock).get_parameters_at_instant(self.month)
        for step in path.split("."):
            node = getattr(node, step)
        return float(node.calc(np.array([base]))[0])

    def foyer(self, variable: str, year: str, person: Person) -> float:
        """A figure of the tax household that holds this person's notice."""
        return float(self.run.foyer_of(self.row, person.id, variable, year))

    def total(self, variable: str, first: str, last: str) -> float:
        return self.run.total(self.row, variable, first, last)

    def law(self, path: str) -> Law:
        return _law(self.stock, path, self.month)

    def quarter(self) -> tuple[str, str]:
        """Months M-4 to M-2: what the CAF looks at since March 2025."""
        return months.shift(self.month, -4), months.shift(self.month, -2)

    def ages(self) -> dict[str, int]:
        return {person.id: person.age(self.month) for person in self.household.people}

    def name(self, person: Person) -> str:
        """How a line speaks of a person: the page has no other name for them than their place in the family."""
        if person.role == "applicant":
            return _("vous")
        return (
            _("votre conjoint")
            if person.role == "partner"
            else _("votre enfant de %(age)s ans") % {"age": max(person.age(self.month), 0)}
        )

    def incomes(self, first: str, last: str, *, figure: str = "net") -> list[Figure]:
        """Monthly means of each income over a span of months, with the key of where they came from."""
        span = months.between(first, last)
        lines = []
        for person in self.household.people:
            for type in sorted({income.type for income in person.incomes or ()}):
                total = sum(_figure(person, type, month, figure) for month in span)
                if total:
                    label = _("%(income)s (%(person)s)") % {"income": income_label(type), "person": self.name(person)}
                    key = f"people[{person.id}].incomes.{type}"
                    lines.append(Figure(label, round(total / len(span), 2), EURO_MONTH, key, span=(first, last)))
        return lines

    def income_keys(self) -> tuple[str, ...]:
        """The incomes that count, by type; those of an adult without any, or of whom nothing is known, as a whole."""
        keys = []
        for person in self.household.people:
            counted = sorted({income.type for income in person.incomes or () if income.net > 0})
            keys += [f"people[{person.id}].incomes.{type}" for type in counted]
            if not counted and person.role != "child":
                keys.append(f"people[{person.id}].incomes")
        return tuple(keys)

    def works(self) -> bool:
        first, last = self.quarter()
        return any(
            person.received(month, *WORK) for person in self.household.parents for month in months.between(first, last)
        )


def _figure(person: Person, type: str, month: str, figure: str) -> float:
    """Means net when the document has no such figure."""
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
    """The reference of the value in force, else the newest before it, else that of our own correction. Scales: their last step’s."""
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


def _reference(found: Any, since: str) -> Law:  # noqa: ANN401 - OpenFisca's metadata: a text, an object or a list of either
    first = found[0] if isinstance(found, list) and found else found
    if isinstance(first, Mapping):
        return Law(str(first.get("title") or first.get("href") or ""), str(first.get("href") or ""), since)
    text = str(first or "")
    return Law(text, text if text.startswith("http") else "", since)


def age_reason(context: Context, person: Person, least: int, most: int | None, path: str, text: str) -> Reason:
    """An age against a span; `text` takes %(age)s."""
    age = person.age(context.month)
    ok = age >= least and (most is None or age <= most)
    limit = most if most is not None and age > most else least
    return Reason(text % {"age": age}, ok, age, limit, YEARS, context.law(path), (f"people[{person.id}].birth_date",))


def resources_reason(
    text_ok: str, text_over: str, have: float, limit: float, unit: str, law: Law, figures: Iterable[str]
) -> Reason:
    """Resources under a limit; both texts take %(have)s, %(limit)s and %(gap)s."""
    ok = round(have, 2) <= round(limit, 2)
    words = {"have": euros(have), "limit": euros(limit), "gap": euros(abs(have - limit))}
    return Reason(
        (text_ok if ok else text_over) % words, ok, round(have, 2), round(limit, 2), unit, law, tuple(figures)
    )


def euros(value: float) -> str:
    """Cents under a hundred euros, whole euros above: an estimate is no bill."""
    return money(round(value, 2) if abs(value) < 100 else round(value))


def count(value: float) -> str:
    return number(value)


def notice_figure(context: Context) -> list[Figure]:
    year = context.household.reference_year
    notice = context.household.notice(year)
    if notice is None:
        return []
    return [
        Figure(
            _("Revenu fiscal de référence"),
            notice.rfr,
            EURO_YEAR,
            f"tax_notices[{year}].rfr",
            _("Avis des revenus %(year)s") % {"year": year},
        )
    ]


def notice_key(context: Context) -> tuple[str, ...]:
    return (f"tax_notices[{context.household.reference_year}].rfr",)
