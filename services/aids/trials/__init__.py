"""“What if…”: a household copied with one change, month after month. Pure functions; the engine is not run here.

The engine simulates one month. A household as it will be in k months is therefore a copy of today's in which the last
months are k months older: the law of today looks back at months that have not come yet. The year before last stays as
it is: who reads it sees a change of income two years later.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from services.aids.asking.changes import spanning
from services.aids.asking.variants import Change
from services.aids.household import TENANTS, WORK, Household, Housing, Income, Person, months

#: How many months are looked at. Housing aid and health cover look back a year.
MONTHS: Final = 12
#: The months over which an income counts as going on today.
RECENT: Final = 2
#: Before these months, incomes stay where they are: further back, only the year before last is read.
LOOK_BACK: Final = 15
#: What is left of a gross wage at the minimum, of a net wage as unemployment benefit: usual shares, not a decision.
NET_OF_MINIMUM: Final = 0.7916
BENEFIT_OF_NET: Final = 0.72
OLD_ENOUGH: Final = 55
WORKING: Final = frozenset({"employed", "apprentice", "self_employed"})


@dataclass(frozen=True, slots=True)
class Trial:
    """One change that a resident may try. `value` is the number that its sentence says: a percentage or euros."""

    code: str
    group: str
    change: Change
    value: float = 0.0


def trials(household: Household, minimum_wage: float) -> list[Trial]:
    """Return the changes that make sense for this household.

    Args:
        minimum_wage: gross euros a month.
    """
    return [
        *_incomes(household),
        *_work(household, minimum_wage),
        Trial("naissance", "birth", _with_baby),
        *_moves(household),
        *([Trial("separation", "separation", alone)] if household.partner else []),
        *_retirement(household),
    ]


def rows(household: Household, trial: Trial) -> tuple[list[Household], list[Household]]:
    """Return the household before and after the change, for this month and each of the twelve that follow."""
    going_on = _going_on(household)
    changed = trial.change(going_on)
    return [later(going_on, k) for k in range(MONTHS + 1)], [later(changed, k) for k in range(MONTHS + 1)]


def expecting(household: Household) -> Household:
    """Return the household two months before a birth, when the birth grant is due."""
    due = f"{months.shift(household.month, 2)}-01"
    return household.with_person(household.applicant.id, pregnant=True, due_date=date.fromisoformat(due))


# Time


def _going_on(household: Household) -> Household:
    """Return the household whose incomes of today go on for the months looked at."""
    last = months.shift(household.month, MONTHS)
    people = tuple(
        replace(person, incomes=tuple(_prolonged(person.incomes, household.month, last)))
        if person.incomes is not None
        else person
        for person in household.people
    )
    return replace(household, people=people)


def _prolonged(incomes: tuple[Income, ...], month: str, last: str) -> Iterator[Income]:
    newest = {one.type: max(other.last for other in incomes if other.type == one.type) for one in incomes}
    for one in incomes:
        goes_on = one.last == newest[one.type] and one.last >= months.shift(month, -RECENT)
        yield replace(one, last=last) if goes_on else one


def later(household: Household, by: int) -> Household:
    """Return the household as it will be in `by` months, told as if that were its month."""
    people = tuple(_older(person, household, by) for person in household.people)
    home = household.housing
    if home is not None and home.moved_in is not None:
        home = replace(home, moved_in=_earlier(home.moved_in, by))
    return replace(household, people=people, housing=home)


def _older(person: Person, household: Household, by: int) -> Person:
    incomes = None
    if person.incomes is not None:
        border = min(f"{household.reference_year}-12", months.shift(household.month, -LOOK_BACK))
        incomes = tuple(found for one in person.incomes for found in _moved(one, border, household.month, by))
    return replace(
        person,
        birth_date=_earlier(person.birth_date, by),
        due_date=person.due_date and _earlier(person.due_date, by),
        incomes=incomes,
    )


def _moved(one: Income, border: str, month: str, by: int) -> Iterator[Income]:
    """Yield the part of an income up to `border` as it is, and what lies after it `by` months earlier."""
    yield from _within(one, one.first, border)
    for part in _within(one, months.shift(border, by + 1), months.shift(month, by)):
        yield replace(part, first=months.shift(part.first, -by), last=months.shift(part.last, -by))


def _within(one: Income, first: str, last: str) -> Iterator[Income]:
    first, last = max(one.first, first), min(one.last, last)
    if first <= last:
        yield replace(one, first=first, last=last)


def _earlier(day: date, by: int) -> date:
    year, month = map(int, months.shift(f"{day.year:04d}-{day.month:02d}", -by).split("-"))
    return date(year, month, min(day.day, 28) if by else day.day)


# Changes


def _until(household: Household, incomes: tuple[Income, ...] | None, ends: Callable[[Income], bool]) -> list[Income]:
    """Return the incomes, of which those that `ends` accepts stop before this month."""
    last = months.shift(household.month, -1)
    kept = []
    for one in incomes or ():
        kept += list(_within(one, one.first, last)) if ends(one) else [one]
    return kept


def _instead(household: Household, person: Person, type: str, net: float, ends: Callable[[Income], bool]) -> Household:
    """Replace incomes of the person by one of this type, from this month on."""
    new = spanning(type, net, household.month, months.shift(household.month, MONTHS))
    kept = _until(household, person.incomes, ends)
    return household.with_person(person.id, incomes=(*kept, *([new] if net else [])))


def now(household: Household, person: Person, *types: str) -> float:
    """Return the person's net income of these types, or of all, as it goes on today."""
    incomes = _prolonged(person.incomes or (), household.month, household.month)
    return sum(
        one.net for one in incomes if one.first <= household.month <= one.last and (not types or one.type in types)
    )


def scaled(percent: float) -> Change:
    """Multiply the applicant's incomes from this month on."""

    def change(household: Household) -> Household:
        person = household.applicant
        rest = [part for one in person.incomes or () for part in _within(one, household.month, one.last)]
        past = _until(household, person.incomes, lambda one: True)
        return household.with_person(person.id, incomes=(*past, *(times(one, 1 + percent / 100) for one in rest)))

    return change


def times(one: Income, share: float) -> Income:
    def of(value: float | None) -> float | None:
        return None if value is None else round(value * share, 2)

    return replace(one, net=round(one.net * share, 2), taxable=of(one.taxable), gross=of(one.gross))


def _incomes(household: Household) -> list[Trial]:
    if not now(household, household.applicant):
        return []
    return [
        Trial(f"revenu-{'plus' if percent > 0 else 'moins'}-{abs(percent)}", "income", scaled(percent), percent)
        for percent in (20, 50, -20, -50)
    ]


def _work(household: Household, minimum_wage: float) -> list[Trial]:
    person = household.applicant
    if now(household, person, "salary") and person.status in WORKING:
        return [Trial("emploi-perdu", "job", _unemployed, now(household, person, "salary") * BENEFIT_OF_NET)]
    if person.status in WORKING or person.status == "retired":
        return []
    full = round(minimum_wage * NET_OF_MINIMUM)
    return [
        Trial("emploi-temps-plein", "job", _hired(full), full),
        Trial("emploi-mi-temps", "job", _hired(full / 2), round(full / 2)),
    ]


def _unemployed(household: Household) -> Household:
    person = household.applicant
    net = now(household, person, "salary") * BENEFIT_OF_NET
    changed = _instead(household, person, "unemployment", net, lambda one: one.type in WORK)
    return changed.with_person(person.id, status="unemployed")


def _hired(net: float) -> Change:
    def change(household: Household) -> Household:
        person = household.applicant
        changed = _instead(household, person, "salary", net, lambda one: one.type == "unemployment")
        return changed.with_person(person.id, status="employed")

    return change


def _with_baby(household: Household) -> Household:
    born = date.fromisoformat(f"{household.month}-01")
    baby = Person("bebe", "child", born, status="inactive", incomes=(), nationality="FR", disability_rate=0.0)
    mother = household.applicant
    changed = household.with_person(mother.id, pregnant=False, due_date=None)
    return replace(changed, people=(*changed.people, baby))


def _moves(household: Household) -> list[Trial]:
    home = household.housing
    if home is None or home.status not in TENANTS or not home.rent:
        return [Trial(f"location-{rent}", "move", _rented(rent), rent) for rent in (400, 600, 800)]
    less = [100] if home.rent > 150 else []
    found = [Trial(f"loyer-plus-{more}", "move", _moved_to(rent=home.rent + more), more) for more in (100, 200)]
    found += [Trial(f"loyer-moins-{by}", "move", _moved_to(rent=home.rent - by), -by) for by in less]
    if home.status != "tenant_social":
        found.append(Trial("logement-social", "move", _moved_to(status="tenant_social")))
    return [*found, Trial("heberge", "move", _moved_to(status="free", rent=0.0))]


def _rented(rent: float) -> Change:
    return _moved_to(status="tenant_private_unfurnished", rent=float(rent), crous=False, room=False)


def _moved_to(**values: object) -> Change:
    def change(household: Household) -> Household:
        day = date.fromisoformat(f"{household.month}-01")
        home = household.housing or Housing(shared=False, room=False, crous=False, charges=0.0)
        return replace(household, housing=replace(home, moved_in=day, **values))  # type: ignore[arg-type]

    return change


def alone(household: Household) -> Household:
    """Take the partner out, with their incomes and their share of the notices."""
    partner = household.partner
    if partner is None:
        return household
    mine, theirs = (now(household, person) for person in (household.applicant, partner))
    share = mine / (mine + theirs) if mine + theirs else 0.5
    notices = tuple(
        replace(
            notice,
            rfr=round(notice.rfr * share, 2),
            parts=None if notice.parts is None else max(1.0, notice.parts - 1),
            rni=None if notice.rni is None else round(notice.rni * share, 2),
            rbg=None if notice.rbg is None else round(notice.rbg * share, 2),
        )
        for notice in household.tax_notices or ()
        if notice.household == "ff"
    )
    people = tuple(person for person in household.people if person.id != partner.id)
    paid = household.benefits and tuple(one for one in household.benefits if one.person != partner.id)
    changed = replace(
        household,
        people=people,
        tax_notices=None if household.tax_notices is None else notices,
        benefits=paid,
        recently_alone=bool(household.children),
        partner_taxed_apart=False,
    )
    marital = "divorce" if household.applicant.marital == "marie" else "celibataire"
    return changed.with_person(household.applicant.id, marital=marital)


def _retirement(household: Household) -> list[Trial]:
    person = household.applicant
    earned = now(household, person)
    if person.status == "retired" or person.age(household.month) < OLD_ENOUGH or not earned:
        return []
    return [
        Trial(f"retraite-{percent}", "retirement", _retired(earned * percent / 100), percent) for percent in (75, 50)
    ]


def _retired(net: float) -> Change:
    def change(household: Household) -> Household:
        person = household.applicant
        changed = _instead(household, person, "pension", net, lambda one: one.type in {*WORK, "unemployment"})
        return changed.with_person(person.id, status="retired")

    return change


def monthly(household: Household) -> float:
    """Return the household's net incomes of its month."""
    return sum(now(household, person) for person in household.people)


def rent(household: Household) -> float:
    home = household.housing
    return float((home and home.rent) or 0)
