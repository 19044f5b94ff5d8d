"""What holds for any household: two thousand of them, drawn by Hypothesis, in runs of a hundred."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from services.aids import reasons
from services.aids.benefits import ALL
from services.aids.engine import run as engine
from services.aids.household import Household, Housing, Income, Person, TaxNotice, months
from services.aids.reasons.common import Context

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Generating overly large repr")]
MONTH = "2025-11"
SINCE = "2023-01"
EACH, RUNS = 100, 20
many = settings(
    max_examples=RUNS,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
#: Incomes of who works or has worked, and a pension.
KINDS = ("salary", "unemployment", "pension", "micro_turnover_profit")
STATUS = {
    "salary": "employed",
    "unemployment": "unemployed",
    "pension": "retired",
    "micro_turnover_profit": "self_employed",
}
#: Benefits that one household never has together, with the article.
APART = (
    ("cmu_c", "css_participation_forfaitaire"),  # L861-1 and L861-3 CSS: free, or at a price
    ("paje_base", "cf"),  # L532-1 CSS
)
#: Least amounts paid: under them nothing is, so that one euro more takes as much away.
LEAST = {"rsa": 6.0, "ppa": 15.0, "aide_logement": 15.0, "aspa": 0.0}
#: Euros that an amount may move for one euro of income a month, where no limit is crossed. The housing aid counts
#: incomes by hundreds of euros a year, takes up to 3.31 % of them (R823-2 and D823-17 CCH) and is paid in whole euros.
SLOPE = {"rsa": 1.05, "ppa": 1.05, "aide_logement": 4.0, "aspa": 1.3}


def income(kind: str, net: int, first: str = SINCE, last: str = MONTH) -> Income:
    return Income(kind, first, last, net=float(net), taxable=round(net * 1.037, 2), gross=round(net * 1.282, 2))


@st.composite
def adults(draw: st.DrawFn, role: str, least: int = 18) -> Person:
    kind = draw(st.sampled_from((None, None, *KINDS)))
    age = draw(st.integers(62, 80)) if kind == "pension" else draw(st.integers(least, 61))
    stopped = draw(st.booleans()) if kind == "salary" else False
    net = draw(st.integers(50, 3500))
    last = months.shift(MONTH, -draw(st.integers(1, 8))) if stopped else MONTH
    return Person(
        "p1" if role == "applicant" else "p2",
        role,
        date(2025 - age, draw(st.integers(1, 12)), draw(st.integers(1, 28))),
        status=("unemployed" if stopped else STATUS[kind])
        if kind
        else draw(st.sampled_from(("inactive", "unemployed"))),
        incomes=(income(kind, net, last=last),) if kind else (),
        nationality="FR",
        permit="other",
        permit_years=0.0,
        pregnant=False,
        disability_rate=draw(st.sampled_from((0.0, 0.0, 0.0, 0.6, 0.8))) if kind is None else 0.0,
        rsdae=True,
        worked_two_years=False,
        ass_open=False,
        lives_with_parents=False,
        tax_dependent_of_parents=False,
    )


@st.composite
def households(draw: st.DrawFn, *, children: bool = True) -> Household:
    couple = draw(st.booleans())
    people = [draw(adults("applicant")), *([draw(adults("partner"))] if couple else [])]
    ages = draw(st.lists(st.integers(0, 21), max_size=4, unique=True)) if children else []
    for rank, age in enumerate(ages):
        born = date(2025 - age, draw(st.integers(1, 10)), draw(st.integers(1, 28)))
        people.append(
            Person(
                f"k{rank}", "child", born, status="inactive", incomes=(), nationality="FR", disability_rate=0.0,
                school="college" if 2025 - born.year in range(11, 16) else None, shared_custody=False, orphan=False,
            )
        )  # fmt: skip
    rent = draw(st.integers(200, 900))
    home = draw(st.sampled_from(("tenant_private_unfurnished", "tenant_social", "owner", "free")))
    taxable = sum(one.net * 12 * 0.9 for person in people for one in person.incomes or ())
    return Household(
        MONTH,
        tuple(people),
        housing=Housing(home, float(rent) if "tenant" in home else 0.0, 0.0, "17300", False, False, False),
        tax_notices=tuple(TaxNotice(year, round(taxable), 1.0 + couple) for year in (2023, 2024)),
        benefits=(),
        partner_taxed_apart=False,
        recently_alone=False,
    )


def groups(*, children: bool = True) -> st.SearchStrategy[list[Household]]:
    return st.lists(households(children=children), min_size=EACH, max_size=EACH)


def earning(household: Household, more: float) -> Household | None:
    """Return the household whose first wage is so many euros more each month, or None if nobody has one now."""
    person = next((one for one in household.parents for pay in one.incomes or () if pay.last == MONTH), None)
    if person is None or person.incomes is None:
        return None
    [pay] = person.incomes
    return household.with_person(person.id, incomes=(income(pay.type, int(pay.net + more)),))


def rent_reduction(household: Household) -> float:
    """Return the euros a month, at most, by which the rent of social housing rises over a limit, and the aid with it.

    L442-2-1 CCH; decree of 21 May 2025, zone 2: 47.49 with one child, and 6.90 for each other.
    """
    if household.housing is None or household.housing.status != "tenant_social":
        return 0
    return 47.49 + 6.90 * max(0, len(household.children) - 1)


def minimum(amounts: dict[str, float]) -> float:
    """Return what a household lives on at least: the minimum incomes, and the family benefits that they count."""
    people = sum(value for name, value in amounts.items() if name.endswith((".aah", ".asi", ".ass")))
    return people + sum(amounts[name] for name in ("rsa", "aspa", "af", "cf", "asf", "paje_base"))


@many
@given(groups())
def test_what_excludes_is_not_given_twice_and_the_health_cover_is_free_with_the_rsa(found):
    for amounts in engine.run(found).steady:
        assert not [pair for pair in APART if amounts[pair[0]] > 0 and amounts[pair[1]] > 0]
        assert not (amounts["rsa"] > 0 and not amounts["cmu_c"])
        alone = "p2.aah" not in amounts  # of a couple, one may have the AAH and the other the ASPA
        assert not (alone and amounts["p1.aah"] > 0 and amounts["aspa"] > 0)


@settings(many, max_examples=4)
@given(groups())
def test_nothing_is_granted_with_a_failed_condition(found):
    run = engine.run(found)
    for row in range(len(found)):
        context = Context(run, row)
        for benefit in ALL:
            if reasons.amount_of(context, benefit) > 0:
                failed = reasons.explain(context, benefit.code).failed
                assert not failed, (benefit.code, [reason.text for reason in failed], str(found[row].people))


@many
@given(groups())
def test_a_larger_loss_of_income_never_lowers_what_a_household_lives_on(found):
    pairs = [(one, changed) for one in found if (changed := halved(one)) is not None]
    assume(pairs)
    run = engine.run([one for pair in pairs for one in pair])
    for row, (before, _after) in enumerate(pairs):
        more, lost = run.steady[2 * row], run.steady[2 * row + 1]
        assert minimum(lost) >= minimum(more) - 0.05, str(before)


def halved(household: Household) -> Household | None:
    """Return the household whose incomes of this year are half, with the same notices."""
    if not any(person.incomes for person in household.parents):
        return None
    people = tuple(
        replace(
            person,
            incomes=tuple(income(one.type, int(one.net / 2), one.first, one.last) for one in person.incomes or ()),
        )
        for person in household.people
    )
    return replace(household, people=people)


@many
@given(groups())
def test_one_euro_more_moves_an_amount_by_what_its_rule_says(found):
    pairs = [(one, changed) for one in found if (changed := earning(one, 1)) is not None]
    assume(pairs)
    run = engine.run([one for pair in pairs for one in pair])
    for row, (before, _after) in enumerate(pairs):
        less, more = run.steady[2 * row], run.steady[2 * row + 1]
        for name, slope in SLOPE.items():
            crossed = min(less[name], more[name]) == 0
            # The RSA and the prime d'activité count a housing aid that is under their flat amount.
            moved = abs(more["aide_logement"] - less["aide_logement"]) if name in {"rsa", "ppa"} else 0
            most = (max(LEAST[name], slope) + 1 if crossed else slope) + moved
            if name == "aide_logement" and more[name] > less[name]:
                most += rent_reduction(before)
            assert abs(more[name] - less[name]) <= most, (name, less[name], more[name], str(before))


@many
@given(groups(children=False))
def test_a_partner_who_has_nothing_never_lowers_the_household_s_sum(found):
    """With children, a lone parent loses the support of L523-1 CSS and the increase of L262-9 CASF. In social housing
    the rent of a couple is reduced by more, and the aid by as much (L442-2-1 CCH).
    """
    alone = [one for one in found if one.partner is None and one.housing and one.housing.status != "tenant_social"]
    partner = Person(
        "p2", "partner", date(1990, 5, 5), status="inactive", incomes=(), nationality="FR", permit="other",
        permit_years=0.0, disability_rate=0.0, pregnant=False, worked_two_years=False, ass_open=False,
    )  # fmt: skip
    assume(alone)
    pairs = [(one, replace(one, people=(*one.people, partner))) for one in alone]
    run = engine.run([one for pair in pairs for one in pair])
    for row, (before, _more) in enumerate(pairs):
        single, couple = run.steady[2 * row], run.steady[2 * row + 1]
        money = ("rsa", "ppa", "aide_logement", "aspa")
        assert sum(couple[name] for name in money) >= sum(single[name] for name in money) - 0.05, str(before)
