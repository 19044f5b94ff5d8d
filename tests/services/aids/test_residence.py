"""The right to reside: what the minimum incomes ask of foreigners, and who is told that only an office can say."""

from datetime import date
from typing import Any

import pytest

from services.aids import results
from services.aids.asking import questions
from services.aids.household import Household
from services.aids.household.from_json import read
from tests.services.aids import people

pytestmark = pytest.mark.slow


def foreigner(**values: Any) -> Household:
    """Return somebody of thirty, alone, who has nothing."""
    nothing = {"birth_date": "1995-05-05", "status": "inactive", "incomes": []}
    return read(people.person(people.single(), **nothing | values))


def status(household: Household, code: str = "rsa") -> str:
    return next(one.status for one in results.compute(household).results if one.code == code)


@pytest.mark.parametrize(
    ("person", "rsa"),
    [
        ({"nationality": "FR"}, "eligible"),
        ({"nationality": "MA", "permit_years": 4}, "not_eligible"),
        ({"nationality": "MA", "permit_years": 5}, "eligible"),
        ({"nationality": "SY", "permit": "protected"}, "eligible"),
        ({"nationality": "DZ", "permit": "resident"}, "eligible"),
        ({"nationality": "IT", "permit_years": 1}, "unknown"),
        ({"nationality": "IT", "permit_years": 6}, "eligible"),
        ({"nationality": "CH", "permit_years": 0.1}, "not_eligible"),
    ],
)
def test_the_rsa_is_open_refused_or_not_known_by_nationality_and_permit(person, rsa):
    assert status(foreigner(**person)) == rsa


def test_a_european_without_a_known_right_to_reside_asks_for_health_cover_at_its_own_office():
    found = results.compute(foreigner(nationality="IT", permit_years=1))
    cover = next(one for one in found.results if one.code == "c2s")
    assert (cover.status, cover.amount) == ("unknown", 0)
    assert ["demandez à l’Assurance maladie" in reason.text for reason in cover.explanation.open] == [True]
    assert status(foreigner(nationality="IT", permit_years=6), "c2s") == "eligible"


def test_a_european_of_less_than_three_months_reads_of_three_months_and_of_no_permit():
    found = results.compute(foreigner(nationality="CH", permit_years=0.1))
    rsa = next(one for one in found.results if one.code == "rsa")
    assert any("depuis trois mois" in reason.text for reason in rsa.explanation.failed)
    assert not any("titre de séjour" in reason.text for reason in rsa.explanation.reasons)


def test_a_european_without_work_gets_no_amount_and_is_sent_to_the_caf():
    found = results.compute(foreigner(nationality="IT", permit_years=1))
    rsa, bonus = (next(one for one in found.results if one.code == code) for code in ("rsa", "prime_noel"))
    assert rsa.amount == rsa.high == 0 and bonus.status == "unknown"
    [reason] = rsa.explanation.open
    assert "demandez à la CAF" in reason.text and reason.law and "L262-6" in reason.law.title


@pytest.mark.parametrize(
    ("values", "aspa"),
    [
        ({"nationality": "MA", "permit_years": 9}, "not_eligible"),
        ({"nationality": "MA", "permit_years": 10}, "eligible"),
        ({"nationality": "MA", "permit": "resident", "permit_years": 6}, "not_eligible"),
        ({"nationality": "AF", "permit": "protected"}, "eligible"),
        ({"nationality": "PT", "permit_years": 2}, "unknown"),
    ],
)
def test_the_aspa_asks_for_ten_years_of_permit_but_of_a_refugee(values, aspa):
    assert status(foreigner(birth_date="1955-05-05", **values), "aspa") == aspa


FAMILY_AIDS = ("af", "cf", "paje_base", "ars", "aide_logement", "rsa")


def family_of(**values: Any) -> dict[str, results.Result]:
    """Return the aids of a couple with three young children, who rent and have nothing."""
    family = people.with_partner(people.family(), birth_date="1995-05-05", status="inactive", incomes=[], **values)
    family["people"] = family["people"][:2] + [
        {"id": f"k{year}", "role": "child", "birth_date": f"{year}-01-10", "status": "inactive", "incomes": []}
        for year in (2015, 2018, 2024)
    ]
    alone = people.person(family, birth_date="1994-04-04", status="inactive", incomes=[], **values)
    return {one.code: one for one in results.compute(read(alone)).results}


def test_no_family_or_housing_aid_is_promised_to_europeans_without_a_known_right_to_reside():
    for code, aid in family_of(nationality="ES", permit_years=1).items():
        if code in FAMILY_AIDS and not aid.explanation.failed:
            assert (aid.status, aid.amount) == ("unknown", 0), code
            assert any("demandez à la CAF" in reason.text for reason in aid.explanation.open)


@pytest.mark.parametrize("values", [{"nationality": "FR"}, {"nationality": "ES", "permit_years": 6}])
def test_family_and_housing_aids_are_promised_to_who_has_the_right_to_reside(values):
    found = family_of(**values)
    assert found["af"].status == found["aide_logement"].status == "eligible"


def test_a_disabled_european_without_work_is_sent_to_the_caf():
    assert status(foreigner(nationality="ES", permit_years=1, disability_rate=0.85), "aah") == "unknown"
    assert status(foreigner(nationality="ES", permit_years=6, disability_rate=0.85), "aah") == "eligible"


def test_a_european_student_is_sent_to_the_crous_for_a_grant():
    student = {"status": "student", "incomes": [], "birth_date": "2005-05-05", "nationality": "ES", "permit_years": 1}
    asked = {"study_year": "licence_1", "school_status": "public", "crous_parent_resources": 0}
    aids = {one.code: one for one in results.compute(foreigner(**student, **asked)).results}
    assert (aids["bourse_crous"].status, aids["bourse_crous"].amount) == ("unknown", 0)
    assert any("demandez au Crous" in reason.text for reason in aids["bourse_crous"].explanation.open)


@pytest.mark.parametrize(
    ("values", "rsa"),
    [
        ({"status": "retired", "incomes": [{"type": "pension", "net": 300, "gross": 320, "taxable": 311}]}, "unknown"),
        ({"status": "self_employed", "incomes": []}, "unknown"),
        (
            {"status": "employed", "incomes": [{"type": "salary", "net": 300, "gross": 390, "taxable": 311}]},
            "eligible",
        ),
    ],
)
def test_a_status_or_a_pension_alone_does_not_show_that_a_european_works_here(values, rsa):
    dated = [{"from": "2024-01", "to": "2025-11", **one} for one in values["incomes"]]
    assert status(foreigner(nationality="ES", permit_years=1, **values | {"incomes": dated})) == rsa


def student_couple(applicant: dict[str, Any], partner: dict[str, Any]) -> Household:
    couple = people.with_partner(people.single(), birth_date="2001-05-05", **partner)
    document = people.person(couple, birth_date="2001-05-05", **applicant)
    return read({**document, "date": "2026-10"})


STUDENT = {
    "status": "student",
    "incomes": [],
    "nationality": "MA",
    "permit": "other",
    "permit_years": 3,
    "boursier": False,
}
FRENCH = {"status": "inactive", "incomes": [], "nationality": "FR"}


def test_the_housing_aid_of_a_couple_does_not_depend_on_which_of_them_asks():
    first, second = (status(student_couple(*pair), "aide_logement") for pair in ((STUDENT, FRENCH), (FRENCH, STUDENT)))
    assert first == second == "eligible"


def test_a_student_from_outside_europe_is_sent_to_the_caf_since_only_some_permits_close_the_housing_aid():
    assert status(student_couple(STUDENT, STUDENT), "aide_logement") == "unknown"


def asked(household: Household) -> list[str]:
    return [one.key for one in questions.open_questions(household) if one.key in {"nationalite", "titre", "sejour"}]


def test_a_permit_is_asked_before_its_years_and_the_years_only_where_they_count():
    blank = foreigner(nationality="XX")
    unknown = blank.with_person("p1", permit=None, permit_years=None)
    assert asked(unknown) == ["titre"]
    assert asked(unknown.with_person("p1", permit="other")) == ["sejour"]
    assert asked(unknown.with_person("p1", permit="protected")) == []
    assert asked(unknown.with_person("p1", permit="resident")) == []
    old = date(1950, 5, 5)
    assert asked(unknown.with_person("p1", permit="resident", birth_date=old)) == ["sejour"]
    assert asked(unknown.with_person("p1", nationality="ES")) == ["sejour"]


def test_the_nationality_of_a_partner_is_asked_too():
    couple = read(people.with_partner(people.single()))
    assert asked(couple.with_person("p2", nationality=None)) == ["nationalite"]
