"""Each formula that we correct: the law's answer, the article, and the household that fails without it."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from django.core.management import call_command

from ops.cluster import ROOT
from services.aids import differences, reasons
from services.aids.benefits import BY_CODE
from services.aids.engine import corrected, law, reform
from services.aids.engine import run as engine
from services.aids.household import Household, Income, months
from services.aids.household.from_json import read
from services.aids.reasons.common import Context
from tests.services.aids import people
from tests.services.aids.test_edges import OFF, after_tax, is_as

pytestmark = pytest.mark.slow
LAW = Path(__file__).with_name("law")
CASES = sorted(path.stem for path in LAW.glob("*.json"))
#: Of tests/services/aids/edges.
EDGES = sorted(name for one in differences.ALL for name in one.cases if "/" in name)
#: Corrected by what the engine is told, and not by a formula.
INPUTS = {"date_debut_chomage", "duree_possession_titre_sejour", "caseP", "ass"}


def case(name: str) -> tuple[Household, dict[str, float]]:
    folder = LAW.with_name("edges") if "/" in name else LAW
    document = json.loads((folder / f"{name}.json").read_text())
    assert document["article"]
    return read(document["case"]), document["law"]


def amounts_of(household: Household, *, stock: bool = False) -> dict[str, float]:
    return after_tax(engine.run([household], stock=stock))[0]


@pytest.mark.parametrize("name", [*CASES, *EDGES])
def test_the_household_gets_what_the_law_gives_and_the_published_engine_something_else(name):
    household, due = case(name)
    assert is_as(due, amounts_of(household))
    assert not is_as(due, amounts_of(household, stock=True)), "the engine caught up: remove this correction"


def test_each_correction_is_a_difference_that_readers_see_with_its_case():
    named = {name for one in differences.ALL for name in one.variables} - INPUTS
    assert named == {one.__name__ for one in corrected.CLASSES}
    assert {name for one in differences.ALL for name in one.cases} == {*CASES, *EDGES}
    assert {one.benefit for one in differences.ALL} <= {*BY_CODE}
    assert all(one.article and str(one.rule) and one.stock != one.ours for one in differences.ALL)
    assert all(one.__doc__ for one in corrected.CLASSES)


@pytest.mark.parametrize("one", corrected.CLASSES, ids=lambda one: one.__name__)
def test_without_a_correction_its_case_fails(one, monkeypatch):
    """The published formula of this variable alone, everything else corrected."""
    difference = next(found for found in differences.ALL if one.__name__ in found.variables)
    loaded = law.load()
    reform.apply(loaded)
    published = engine.system(True).get_variable(one.__name__)
    loaded.replace_variable(type(published))
    monkeypatch.setattr(engine, "system", lambda _stock=False: loaded)
    assert not all(is_right(name) for name in difference.cases)


def is_right(name: str) -> bool:
    """Return whether a household gets what the law gives, but for the health cover, which follows from the RSA."""
    household, due = case(name)
    health = {"cmu_c", "css_participation_forfaitaire"} if not name.startswith("cmu_c/") else set()
    own = {name: euros for name, euros in due.items() if name not in health} or due
    return is_as(own, amounts_of(household))


# AEEH: 32 % of the base of November 2025 (474.37 €), and the complement of each category


@pytest.mark.parametrize(
    ("category", "couple", "alone"),
    [(1, 265.65, 265.65), (2, 460.14, 521.81), (3, 588.22, 673.61), (4, 828.11, 1098.50), (5, 1016.15, 1362.44)],
)
def test_complement_n_has_the_rate_n_and_a_lone_parent_its_increase(category, couple, alone):
    household, _due = case("aeeh_category_2")
    household = household.with_person("k1", aeeh_category=category)
    assert amounts_of(household)["aeeh"] == pytest.approx(couple, abs=OFF)
    one = replace(household, people=tuple(person for person in household.people if person.role != "partner"))
    assert amounts_of(one)["aeeh"] == pytest.approx(alone, abs=OFF)


# RSA after the last wages


def alone_since(last: str, kind: str = "salary") -> Household:
    """Return somebody of thirty, alone, who had 1,500 € a month of this income until `last`, then nothing."""
    household = read(people.person(people.single(), birth_date="1995-05-05", status="unemployed", incomes=[]))
    income = Income(kind, "2023-01", last, net=1500.0, taxable=1555.0, gross=1900.0)
    return household.with_person("p1", incomes=(income,))


@pytest.mark.parametrize("kind", ["salary", "unemployment"])
def test_the_rsa_is_the_same_in_whichever_month_the_income_stopped(kind):
    month = people.single()["date"]
    found = {amounts_of(alone_since(months.shift(month, -by), kind))["rsa"] for by in range(1, 6)}
    assert len(found) == 1 and found.pop() > 500


def test_who_still_has_a_job_or_a_benefit_that_replaces_it_keeps_the_earlier_income():
    stopped = alone_since(months.shift(people.single()["date"], -2))
    assert amounts_of(stopped.with_person("p1", status="employed"))["rsa"] < amounts_of(stopped)["rsa"]
    pay = Income("unemployment", stopped.month, stopped.month, net=900.0, taxable=930.0, gross=1000.0)
    earlier = stopped.applicant.incomes or ()
    assert amounts_of(stopped.with_person("p1", incomes=(*earlier, pay)))["rsa"] < amounts_of(stopped)["rsa"]


@pytest.mark.parametrize(("first", "told"), [("2025-05", False), ("2025-02", True)])
def test_who_may_be_owed_a_benefit_is_sent_to_ask_for_it(first, told):
    """Six months of wages in two years give a right to it, which would replace the RSA."""
    household, _due = case("short_job")
    pay = Income("salary", first, "2025-08", net=1500.0, taxable=1555.0, gross=1900.0)
    household = household.with_person("p1", incomes=(pay,))
    explained = reasons.explain_all(Context(engine.run([household]), 0))["rsa"]
    assert bool([text for text in explained.changes if "France Travail" in text]) == told


@pytest.mark.parametrize("by", range(1, 6))
def test_the_health_cover_is_free_whenever_the_rsa_is_due(by):
    for household in (alone_since(months.shift(people.single()["date"], -by)), *households_with_rsa()):
        amounts = amounts_of(household)
        if amounts["rsa"] > 0:
            assert amounts["cmu_c"] and not amounts["css_participation_forfaitaire"]


def households_with_rsa() -> list[Household]:
    return [case(name)[0] for name in CASES]


def test_the_health_cover_is_not_free_for_an_rsa_that_is_refused():
    """Wages that ended a year ago and came back: M-13 to M-2 would give the RSA that today's wages refuse."""
    month = people.single()["date"]
    household = alone_since(months.shift(month, -14)).with_person("p1", status="employed")
    pay = Income("salary", months.shift(month, -4), month, net=1900.0, taxable=1970.0, gross=2430.0)
    household = household.with_person("p1", incomes=(*(household.applicant.incomes or ()), pay))
    run = engine.run([household])
    assert run.steady[0]["rsa"] == 0
    assert bool(run.steady[0]["cmu_c"]) == (run.value(0, "css_cmu_base_ressources") <= run.value(0, "cmu_c_plafond"))


# Ages at a day


@pytest.mark.parametrize(("born", "paid"), [("2022-11-30", False), ("2022-11-01", False), ("2022-12-01", True)])
def test_the_base_allowance_ends_with_the_month_before_the_third_birthday(born, paid):
    household, _due = case("child_turns_3")
    child = next(one.id for one in household.children if one.age(household.month) < 4)
    household = household.with_person(child, birth_date=date.fromisoformat(born))
    assert (amounts_of(household)["paje_base"] > 0) == paid


@pytest.mark.parametrize(("born", "aah"), [("1963-12-01", True), ("1963-11-01", False), ("1961-06-01", False)])
def test_under_80_percent_the_disability_allowance_ends_at_62_and_the_old_age_one_begins(born, aah):
    household, _due = case("aah_60_percent_62")
    found = amounts_of(household.with_person("p1", birth_date=date.fromisoformat(born)))
    assert (found["p1.aah"] > 0, found["aspa"] > 0) == (aah, not aah)


# School grants


@pytest.mark.parametrize(("month", "granted"), [("2025-08", False), ("2025-09", True), ("2025-12", True)])
def test_a_school_year_reads_the_last_notice(month, granted):
    household, _due = case("lycee_grant")
    assert (amounts_of(replace(household, month=month))["bourse_lycee"] > 0) == granted


def test_without_the_last_notice_the_one_before_is_read():
    household, _due = case("lycee_grant")
    former = tuple(one for one in household.tax_notices or () if one.income_year == 2023)
    assert amounts_of(replace(household, tax_notices=former))["bourse_lycee"] == 0


def test_the_documentation_has_the_table_of_differences(capsys):
    call_command("list_differences")
    assert capsys.readouterr().out in (ROOT / "docs" / "aids.md").read_text()
