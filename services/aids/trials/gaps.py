"""Why what is paid may differ from what is computed: the household as the CAF may have seen it. Pure functions.

Each reason comes from a value of the household and is a copy of it. Run with the household itself, it shows whether it
gives what is paid: a reason is named only if it does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.aids import trials
from services.aids.asking.changes import with_partner
from services.aids.household import Household, TaxNotice, months

#: How many months ago the CAF may have looked last: it looks again every three months.
AGO = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Seen:
    """The household as an organisation may have seen it. `words` are the numbers of its sentence."""

    reason: str
    household: Household
    words: tuple[str, ...] = ()


def seen(household: Household) -> list[Seen]:
    """Return the other ways to see the household that its values allow."""
    return [*_months(household), *_notice(household), *_rent(household), *_partner(household)]


def quarter(month: str) -> tuple[str, str]:
    """Return the first and the last month that the CAF reads for a payment of `month`."""
    return months.shift(month, -4), months.shift(month, -2)


def _months(household: Household) -> Iterator[Seen]:
    """Yield the household of the three months before, if its incomes were others."""
    earned = {
        month: sum(person.received(month, *{one.type for one in person.incomes or ()}) for person in household.people)
        for month in months.between(months.shift(household.month, -7), months.shift(household.month, -2))
    }
    if len({round(amount) for amount in earned.values()}) == 1:
        return
    for ago in AGO:
        first, last = quarter(months.shift(household.month, -ago))
        yield Seen("months", trials.later(household, -ago), (first, last))


def _notice(household: Household) -> Iterator[Seen]:
    """Yield the household with the income of another notice in place of that of the year before last."""
    year = household.reference_year
    read = household.notice(year)
    for other in household.tax_notices or ():
        if read is None or other.household != "ff" or other.income_year == year or abs(other.rfr - read.rfr) < 1:
            continue
        notices = tuple(_as_of(one, other) if one == read else one for one in household.tax_notices or ())
        share = other.rfr / read.rfr if read.rfr else 1.0
        people = tuple(
            replace(
                person,
                incomes=person.incomes
                and tuple(
                    trials.times(one, share) if one.first.startswith(str(year)) else one for one in person.incomes
                ),
            )
            for person in household.people
        )
        yield Seen(
            "notice", replace(household, people=people, tax_notices=notices), (str(other.income_year), str(year))
        )


def _as_of(read: TaxNotice, other: TaxNotice) -> TaxNotice:
    return replace(other, income_year=read.income_year)


def _rent(household: Household) -> Iterator[Seen]:
    home = household.housing
    if home is None or not home.rent:
        return
    if home.charges:
        rent = home.rent + home.charges
        yield Seen(
            "charges", replace(household, housing=replace(home, rent=rent)), (f"{rent:.2f}", f"{home.rent:.2f}")
        )
    if home.shared is not None:
        other = replace(home, shared=not home.shared)
        yield Seen("unshared" if home.shared else "shared", replace(household, housing=other))


def _partner(household: Household) -> Iterator[Seen]:
    if household.partner is not None:
        yield Seen("alone", trials.alone(household))
    else:
        yield Seen("couple", with_partner(True)(household))
