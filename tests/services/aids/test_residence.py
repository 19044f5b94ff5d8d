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
