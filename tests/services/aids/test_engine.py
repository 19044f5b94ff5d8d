"""Compare our vectorised run with stock OpenFisca. Reproduce each trap of the engine, then check that it is closed."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from openfisca_core import periods

from bench.simulate import as_json
from services.aids import benefits, catalogue
from services.aids.asking import questions
from services.aids.engine import fast_periods
from services.aids.engine import run as engine
from services.aids.household import Household, Income, PaidBenefit, Person, months
from services.aids.household.from_json import read
from services.aids.results import sweep
from tests.services.aids import people, stock

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "samples" / "aids"
SAMPLES = sorted(FOLDER.glob("*.json"))
pytestmark = pytest.mark.slow


def one(household: Household, *, stock: bool = True, steady: bool = True) -> engine.Run:
    return engine.run([household], stock=stock, steady=steady)


@pytest.mark.skipif(not SAMPLES, reason="the shared samples are not beside this repository")
@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_the_shared_households_give_the_expected_amounts_and_steady_state(file):
    case = json.loads(file.read_text())
    run = one(read(case))
    expected = {key: value for key, value in case["expected"].items() if not key.startswith("parent_absent")}
    first_pass, steady = ({name: found[name] for name in expected} for found in (run.first[0], run.steady[0]))
    assert first_pass == pytest.approx(expected, abs=0.02)
    assert steady == pytest.approx(expected | case["differs_in_steady_state"], abs=0.02)
    first = one(read(case), steady=False)
    read_back = {name: first.value(0, name) for name in case["expected_conditions"]}
    assert read_back == pytest.approx(case["expected_conditions"], abs=0.02)


@pytest.mark.skipif(not SAMPLES, reason="the shared samples are not beside this repository")
def test_the_shared_households_in_one_batch_give_what_they_give_alone():
    households = [read(json.loads(file.read_text())) for file in SAMPLES]
    together = engine.run(households, stock=True)
    for row, household in enumerate(households):
        alone = one(household)
        assert together.first[row] == pytest.approx(alone.first[0], abs=0.02)
        assert together.steady[row] == pytest.approx(alone.steady[0], abs=0.02)


FROZEN = {
    "single": (
        people.single(),
        {
            "ppa": 322.48,
            "aide_logement": 153.0,
            "rsa": 0.0,
            "css_participation_forfaitaire": 14.0,
            "cheque_energie": 48.0,
        },
    ),
    "family": (
        people.family(),
        {"af": 151.8, "asf": 400.37, "rsa": 0.0, "cmu_c": True, "ars": 425.6, "cheque_energie": 176.0},
    ),
}


@pytest.mark.parametrize("name", FROZEN)
def test_our_own_households_equal_stock_to_the_cent(name):
    household = read(FROZEN[name][0])
    found = stock.compute(as_json(household, past=True, notices=True), household.month)
    ours = one(household, steady=False).first[0]
    for variable, entity, _ in engine.OUTPUTS:
        keys = [f"{person.id}.{variable}" for person in household.people] if entity == "individu" else [variable]
        assert [float(ours[key]) for key in keys] == pytest.approx(
            [float(value) for value in found[variable]], abs=0.01
        ), variable


@pytest.mark.parametrize("name", FROZEN)
def test_our_own_households_give_the_amounts_of_the_law_of_november_2025(name):
    document, amounts = FROZEN[name]
    first = one(read(document), steady=False).first[0]
    assert {key: first[key] for key in amounts} == pytest.approx(amounts, abs=0.02)


def test_the_steady_state_equals_three_separate_stock_runs():
    household = read(people.single())
    document = as_json(household, past=True, notices=True)
    found = stock.compute(document, household.month)
    recent = months.between(months.shift(household.month, -4), months.shift(household.month, -1))
    for _ in range(2):
        for name in engine.INJECTED:
            entity = "individus" if engine.ENTITY[name] == "individu" else "familles"
            for lines, value in zip(document[entity].values(), found[name], strict=True):
                if round(float(value), 2):
                    lines.setdefault(name, {}).update(dict.fromkeys(recent, round(float(value), 2)))
        found = stock.compute(document, household.month)
    steady = one(household).steady[0]
    assert steady["ppa"] == pytest.approx(found["ppa"][0], abs=0.01) and steady["ppa"] != pytest.approx(
        322.48, abs=0.5
    )
    assert {name: steady[name] for name in ("rsa", "aide_logement", "af")} == pytest.approx(
        {name: found[name][0] for name in ("rsa", "aide_logement", "af")}, abs=0.01
    )


def test_memoised_periods_are_stock_periods():
    asked = ["2025-11", "2024", "2025-11-03", "month:2024-02:3", "year:2023-04", 2024]
    names = ("stop", "last_month", "n_2", "this_year", "last_3_months", "size_in_days")

    def answers():
        built = [periods.period(value) for value in asked]
        moved = [repr(period.offset(-3)) for period in built]
        return (
            [str(period) for period in built]
            + moved
            + [repr(getattr(period, name)) for period in built for name in names]
        )

    fast_periods.install()
    fast = answers() + answers()
    fast_periods.uninstall()
    slow = answers()
    fast_periods.install()
    assert fast == slow + slow


# The traps, numbered as in docs/aids.md


def test_trap_1_a_payslip_gives_net_taxable_and_gross():
    """With net alone, family benefits and housing aid would see a household without income."""
    run = one(read(people.single()), steady=False)
    for variable, figure in (("salaire_net", 900), ("salaire_imposable", 933.3), ("salaire_de_base", 1153.84)):
        assert run.value(0, variable, "2025-10", "p1") == pytest.approx(figure, abs=0.01)


def test_trap_2_family_benefits_read_the_year_before_last():
    """The school grant depends on income of the year before last, not on last year's."""
    base = read(people.family())
    rich_then = replace(base, people=tuple(_with_year(person, 2023, 9000) for person in base.people))
    rich_last_year = replace(base, people=tuple(_with_year(person, 2024, 9000) for person in base.people))
    run = engine.run([base, rich_then, rich_last_year], stock=True, steady=False)
    ars = [amounts["ars"] for amounts in run.first]
    assert ars[0] > 0 and ars[1] == 0 and ars[2] == ars[0]


def _with_year(person: Person, year: int, net: float) -> Person:
    if not person.incomes:
        return person
    kept = tuple(replace(income, first="2025-01") for income in person.incomes)
    extra = Income("salary", f"{year}-01", f"{year}-12", net=net, taxable=net * 1.037, gross=net * 1.282)
    return replace(person, incomes=(*kept, extra))


def test_trap_3_one_person_paid_by_the_month_and_one_by_another_span_do_not_clash():
    household = read(people.family())
    pension = Income("disability_pension", "2025-09", "2025-09", net=100)
    partner = Person(
        "p2", "partner", date(1990, 1, 1), status="inactive", incomes=(pension,), nationality="FR", marital="marie"
    )
    one(replace(household, people=(*household.people, partner)))


def test_trap_4_a_grant_given_for_one_household_does_not_switch_off_anothers():
    """The pupil's grant is computed; another household of the batch without a grant must not switch it off."""
    pupil = people.family()
    pupil["people"][1] |= {"birth_date": "2013-03-10", "school": "college"}
    student = people.person(
        people.single(), status="student", school="enseignement_superieur", boursier=True, incomes=[]
    )
    run = engine.run([read(pupil), read(student)], stock=True)
    assert run.value(0, "boursier", person="k1") and run.value(1, "boursier", person="p1")
    assert run.first[0] == one(read(pupil)).first[0]


def test_trap_5_past_benefits_are_data_and_change_the_result():
    household = read(people.family())
    nothing = one(household, steady=False).first[0]["ppa"]
    paid = one(
        replace(household, benefits=(PaidBenefit("aide_logement", 300.0), PaidBenefit("asf", 400.0))), steady=False
    ).first[0]["ppa"]
    assert paid < nothing - 100


def test_trap_6_unknown_home_is_a_question_not_a_zero():
    unsaid = read(people.without(people.single(), "housing"))
    assert "logement" in [question.key for question in questions.open_questions(unsaid)]
    free = read(people.single(housing={"status": "free", "rent": 0, "insee": "17300"}))
    homeless = read(people.single(housing={"status": "homeless", "rent": 0, "insee": "17300"}))
    run = engine.run([free, homeless], stock=True)
    assert run.value(0, "rsa_forfait_logement") > 0 and run.value(1, "rsa_forfait_logement") == 0


def test_trap_7_zone_comes_from_the_insee_code_and_the_fictional_commune_has_a_reference():
    homes = [
        read(people.single(housing={**people.single()["housing"], "insee": code}))
        for code in ("75101", "17300", "23030")
    ]
    run = engine.run(homes, stock=True)
    assert [run.value(row, "zone_apl") for row in range(3)] == ["zone_1", "zone_2", "zone_3"]
    assert catalogue.reference_communes()["00042"] == "17300"


def test_trap_8_variables_that_are_no_benefit_are_not_displayed():
    shown = {variable for benefit in benefits.ALL for variable in benefit.variables}
    assert not shown & {"mva", "acs", "garantie_jeunes", "aefa"}
    pupil = people.person(people.single(), birth_date="2009-02-02", status="inactive", school="lycee", incomes=[])
    pupil["people"][0]["lives_with_parents"] = True
    assert one(read(pupil)).first[0]["p1.contrat_engagement_jeune"] == 0


def test_trap_9_an_unborn_child_brings_the_birth_grant_and_nothing_else():
    couple = people.single()
    couple["people"][0] |= {"pregnant": True}
    listed = people.single()
    listed["people"] = [
        *couple["people"],
        {"id": "k1", "role": "child", "birth_date": "2026-01-15", "status": "inactive", "incomes": []},
    ]
    published, ours = one(read(listed)).first[0], one(read(listed), stock=False)
    assert published["paje_base"] > 0 and published["paje_naissance"] > 0
    assert ours.first[0]["paje_base"] == 0 and ours.first[0]["paje_naissance"] == published["paje_naissance"]
    due = read(couple).with_person("p1", due_date=date(2026, 1, 15))
    assert one(due, stock=False).first[0]["paje_naissance"] == published["paje_naissance"]
    assert set(ours.first[0]) == set(published)


def test_trap_10_amounts_follow_the_month_not_the_year():
    march, april = (read(people.single(date=month)) for month in ("2025-03", "2025-04"))
    assert one(march).value(0, "rsa_socle") < one(april).value(0, "rsa_socle")


def test_c2s_counts_months_m_13_to_m_2():
    """The engine sums M-12..M-1 but the rule is M-13..M-2, so income of thirteen months ago counts."""
    old = Income("salary", "2024-10", "2024-10", net=12000, taxable=12444, gross=15384)
    household = read(people.single()).with_person("p1", incomes=(old,))
    assert one(household).value(0, "css_cmu_base_ressources") < 5000
    assert one(household, stock=False).value(0, "css_cmu_base_ressources") > 11000


def test_the_caf_reads_months_m_4_to_m_2():
    """A wage in the last month alone has no effect yet."""
    first_wage = Income("salary", "2025-10", "2025-11", net=2000, taxable=2074, gross=2564)
    household = read(people.single()).with_person("p1", incomes=(first_wage,), status="employed")
    assert one(household, steady=False).first[0]["rsa"] > 400


def test_rsa_and_aah_are_never_added_up_from_first_passes():
    disabled = people.person(people.single(), disability_rate=0.8, status="inactive", incomes=[])
    run = one(read(disabled))
    assert run.first[0]["rsa"] > 0 and run.first[0]["p1.aah"] > 1000
    assert run.steady[0]["rsa"] == 0 and run.steady[0]["p1.aah"] > 1000


def test_a_student_on_the_parents_notice_is_their_dependent():
    student = people.person(
        people.single(), birth_date="2005-05-05", status="student", school="enseignement_superieur", incomes=[]
    )
    student["people"][0] |= {
        "tax_dependent_of_parents": True,
        "boursier": True,
        "school_status": "public",
        "crous_parent_resources": 18000,
    }
    run = one(read(student))
    assert run.first[0]["p1.bourse_criteres_sociaux"] > 0 and run.first[0]["cheque_energie"] == 0


def test_a_sweep_of_a_thousand_rows_is_one_run_and_falls_with_income():
    household = read(people.single())
    run = engine.run([sweep.scaled(household, share / 100) for share in range(0, 300, 3)], stock=True)
    rsa = [amounts["rsa"] for amounts in run.steady]
    assert rsa[0] > 500 and rsa == sorted(rsa, reverse=True) and rsa[-1] == 0
