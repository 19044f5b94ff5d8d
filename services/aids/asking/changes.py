"""The changes that possible answers make to a household, and the ratios between the amounts of one payslip."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from services.aids.asking.variants import Change
from services.aids.household import Household, Housing, Income, Person, TaxNotice, months

NET_TO_TAXABLE: Final = 1.037
NET_TO_GROSS: Final = 1.282
AFTER_ALLOWANCE: Final = 0.9
# Taxable and gross amounts of one euro net. The unemployed pay fewer contributions than employees.
UNEMPLOYMENT: Final = (1.03, 1 / 0.906)
# The same of a pension of so many euros net a month at most. The rate follows from the reference income of the year
# before last (L136-8 CSS); for 2026: none up to 13,048 €, 4.3 % up to 17,057 €, then 7.4 % as the most usual one.
PENSIONS: Final = ((1208.0, (1.0, 1.0)), (1511.0, (1.005, 1 / 0.957)), (math.inf, (1.025, 1 / 0.926)))
# The income that comes with a status; `inactive` adults and students may have a wage too.
OF_STATUS: Final[Mapping[str, str]] = {
    "retired": "pension",
    "unemployed": "unemployment",
    "self_employed": "micro_turnover_profit",
}
# Incomes of which only the net amount is known to the law.
NET_ONLY: Final = frozenset({"disability_pension", "alimony_received", "apprentice_pay", "micro_turnover_profit"})


def ratios(type: str, net: float) -> tuple[float, float]:
    """Return (taxable, gross) of one euro net of this income, of which `net` euros are paid a month."""
    if type == "disability_pension":
        return (1.0, 1.0)
    if type == "pension":
        return next(found for most, found in PENSIONS if net <= most)
    return UNEMPLOYMENT if type == "unemployment" else (NET_TO_TAXABLE, NET_TO_GROSS)


def types_of(status: str | None) -> tuple[str, ...]:
    """Return the types of income of a status. The law reads an apprentice's pay in two of them."""
    if status == "apprentice":
        return ("salary", "apprentice_pay")
    return (OF_STATUS.get(status or "", "salary"),)


def income(type: str, net: float, household: Household) -> Income:
    """Return an income that is the same every month since January of the year before last."""
    return spanning(type, net, f"{household.reference_year}-01", household.month)


def spanning(type: str, net: float, first: str, last: str) -> Income:
    if type in NET_ONLY:
        return Income(type, first, last, net=round(net, 2))
    taxable, gross = ratios(type, net)
    return Income(type, first, last, net=round(net, 2), taxable=round(net * taxable, 2), gross=round(net * gross, 2))


def set_person(person: Person, **values: object) -> Change:
    return lambda household: household.with_person(person.id, **values)


def no_or_yes(person: Person, name: str) -> tuple[Change, Change]:
    return set_person(person, **{name: False}), set_person(person, **{name: True})


def same(household: Household) -> Household:
    return household


# The family


def with_partner(couple: bool) -> Change:
    def change(household: Household) -> Household:
        if not couple or household.partner is not None:
            return household
        return replace(household, people=(household.applicant, _partner(household), *household.people[1:]))

    return change


def with_children(count: int) -> Change:
    def change(household: Household) -> Household:
        people = (*household.parents, *(_child(household, rank) for rank in range(count)))
        return replace(household, people=people)

    return change


def _partner(household: Household) -> Person:
    return Person(
        id="conjoint",
        role="partner",
        birth_date=household.applicant.birth_date,
        status="inactive",
        incomes=(),
        nationality="FR",
        marital="pacse",
        disability_rate=0.0,
        pregnant=False,
        ass_open=False,
        worked_two_years=False,
    )


def _child(household: Household, rank: int) -> Person:
    """Return a child of 8, then one of 4; younger if the applicant would have been a minor."""
    first = max(household.applicant.birth_date.year + 18, int(household.month[:4]) - 8)
    year = min(first + 4 * rank, int(household.month[:4]) - 1)
    return Person(
        id=f"enfant{rank + 1}",
        role="child",
        birth_date=date(year, 1, 1),
        status="inactive",
        incomes=(),
        disability_rate=0.0,
    )


def born(household: Household, age: int) -> date:
    return date(int(household.month[:4]) - age, 1, 1)


def with_custody(shared: bool) -> Change:
    def change(household: Household) -> Household:
        people = tuple(
            replace(person, shared_custody=shared) if person.role == "child" else person for person in household.people
        )
        return replace(household, people=people)

    return change


# Incomes


def with_income(id: str, net: float) -> Change:
    def change(household: Household) -> Household:
        if not net:
            return household.with_person(id, incomes=())
        types = types_of(household.person(id).status)
        return household.with_person(id, incomes=tuple(income(type, net, household) for type in types))

    return change


def with_more(id: str, type: str, net: float) -> Change:
    """Add an income to those of the person."""

    def change(household: Household) -> Household:
        if not net:
            return household
        others = household.person(id).incomes or ()
        return household.with_person(id, incomes=(*others, income(type, net, household)))

    return change


def only_recent(id: str) -> Change:
    """Change the household as if the person's incomes had started four months ago."""

    def change(household: Household) -> Household:
        start = months.shift(household.month, -4)
        kept = tuple(
            replace(income, first=max(income.first, start))
            for income in household.person(id).incomes or ()
            if income.last >= start
        )
        return household.with_person(id, incomes=kept)

    return change


def earned_before(id: str, net: float) -> Change:
    """Add a wage in the months before the person's first income."""

    def change(household: Household) -> Household:
        earned = [one.first for one in household.person(id).incomes or () if one.net > 0]
        first, last = f"{household.reference_year}-01", months.shift(min(earned, default=household.month), -1)
        if not net or last < first:
            return household
        others = household.person(id).incomes or ()
        return household.with_person(id, incomes=(*others, spanning("salary", net, first, last)))

    return change


# Home and money


def housed(status: str, rent: float) -> Change:
    return lambda household: replace(
        household, housing=replace(household.housing or Housing(), status=status, rent=rent)
    )


def with_home(**values: object) -> Change:
    return lambda household: replace(
        household,
        housing=replace(household.housing or Housing(), **values),  # type: ignore[arg-type]
    )


def declared(year: int, rfr: float | None, parts: float | None) -> Change:
    """Add a tax notice and the months of its year. Without `rfr`, derive both from the current incomes."""

    def change(household: Household) -> Household:
        value = yearly_taxable(household) * AFTER_ALLOWANCE if rfr is None else rfr
        notices = (*(household.tax_notices or ()), TaxNotice(year, round(value), parts, rni=round(value)))
        people = tuple(_in_year(household, person, year, value / AFTER_ALLOWANCE / 12) for person in household.people)
        return replace(household, people=people, tax_notices=notices)

    return change


def with_parts(year: int, parts: float) -> Change:
    def change(household: Household) -> Household:
        notices = tuple(
            replace(notice, parts=parts) if notice.income_year == year else notice
            for notice in household.tax_notices or ()
        )
        return replace(household, tax_notices=notices)

    return change


def _in_year(household: Household, person: Person, year: int, monthly: float) -> Person:
    """Give the person their share of the year's income, unless months of that year are known."""
    known = any(one.first <= f"{year}-12" and one.last >= f"{year}-01" for one in person.incomes or ())
    if person.role == "child" or person.incomes is None or known or person.tax_dependent_of_parents:
        return person
    total = sum(monthly_net(household, adult) for adult in household.parents)
    share = monthly_net(household, person) / total if total else float(person.role == "applicant")
    type = types_of(person.status)[0]
    net = monthly * share / ratios(type, monthly * share)[0]
    if not net or type in NET_ONLY:
        return person
    return replace(person, incomes=(*person.incomes, spanning(type, net, f"{year}-01", f"{year}-12")))


def monthly_net(household: Household, person: Person) -> float:
    """Return the mean of the three months that the CAF reads."""
    span = months.between(months.shift(household.month, -4), months.shift(household.month, -2))
    return sum(one.net for month in span for one in person.incomes or () if one.first <= month <= one.last) / 3


def yearly_taxable(household: Household) -> float:
    last = months.shift(household.month, -2)
    total = 0.0
    for person in household.people:
        for one in person.incomes or ():
            if one.first <= last <= one.last and one.type != "apprentice_pay":
                total += 12 * (one.net if one.taxable is None else one.taxable)
    return total


def tax_parts(household: Household) -> float | None:
    """Return the usual number of parts, or None if the notice is the parents'."""
    if household.applicant.tax_dependent_of_parents:
        return None
    count = len(household.children)
    alone = household.partner is None and count > 0
    disabled = sum((person.disability_rate or 0) >= 0.8 for person in household.people)
    children = 0.5 * min(count, 2) + max(count - 2, 0)
    return 1 + (household.partner is not None) + children + 0.5 * alone + 0.5 * disabled
