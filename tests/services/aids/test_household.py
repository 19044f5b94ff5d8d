"""Impossible households are refused with the field's name; a missing key means unknown, not zero."""

import copy
from typing import Any

import pytest

from services.aids.household import BadHousehold
from services.aids.household.from_json import read
from tests.services.aids import people


def changed(path: list[Any], value):
    household = copy.deepcopy(people.family())
    target = household
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return household


WRONG = {
    "people[1].birth_date": changed(["people", 1, "birth_date"], "1980-01-01"),
    "people[0].incomes[0].net": changed(["people", 0, "incomes", 0, "net"], -1),
    "people[0].incomes[0].taxable": changed(["people", 0, "incomes", 0, "taxable"], -0.5),
    "people[0].incomes[0].from": changed(["people", 0, "incomes", 0, "from"], "2025-13"),
    "people[0].incomes[0].to": changed(["people", 0, "incomes", 0, "to"], "2022-01"),
    "people[0].incomes[0].type": changed(["people", 0, "incomes", 0, "type"], "lottery"),
    "people[0].status": changed(["people", 0, "status"], "wizard"),
    "people[0].birth_date": changed(["people", 0, "birth_date"], "1850-01-01"),
    "people[0].age": changed(["people", 0, "age"], 32),
    "people[0].disability_rate": changed(["people", 0, "disability_rate"], 80),
    "people[1].role": changed(["people", 1, "role"], "cousin"),
    "people[2].id": changed(["people", 2, "id"], "k1"),
    "people": changed(["people", 0, "role"], "partner"),
    "date": changed(["date"], "novembre"),
    "housing.rent": changed(["housing", "rent"], -10),
    "housing.garden": changed(["housing", "garden"], True),
    "housing.status": changed(["housing", "status"], "castle"),
    "tax_notices[0].rfr": changed(["tax_notices", 0, "rfr"], -100),
    "tax_notices[0].parts": changed(["tax_notices", 0, "parts"], 0),
    "tax_notices[1].income_year": changed(["tax_notices", 1, "income_year"], 2023),
    "benefits_received[0].monthly": changed(["benefits_received"], [{"type": "af", "monthly": -5}]),
    "benefits_received[0].person": changed(["benefits_received"], [{"type": "aah", "monthly": 5, "person": "x"}]),
    "benefits_received[0].type": changed(["benefits_received"], [{"type": "gold", "monthly": 5}]),
    "wallet": changed(["wallet"], 1),
}


@pytest.mark.parametrize("field", WRONG, ids=str)
def test_impossible_household_is_refused_with_its_field(field):
    with pytest.raises(BadHousehold) as refusal:
        read(WRONG[field])
    assert refusal.value.field == field
    assert refusal.value.sentence


HOSTILE = [
    (["people", 0, "incomes", 0, "net"], 10**400),
    (["people", 0, "incomes", 0, "net"], 1e308),
    (["people", 0, "incomes", 0, "net"], None),
    (["people", 0, "birth_date"], None),
    (["people", 0, "nationality"], "ZZ²"),
    (["people", 0, "id"], "\ud800"),
    (["people", 0, "aeeh_category"], 99),
    (["people", 0, "study_year"], "²"),
    (["housing", "insee"], "²²²²²"),
    (["housing", "insee"], "1" * 100_000),
    (["housing", "rent"], 1e300),
    (["tax_notices", 0, "income_year"], -5),
    (["tax_notices", 0, "rfr"], 1e300),
    (["date"], None),
    (["people"], None),
]


@pytest.mark.parametrize(("path", "value"), HOSTILE)
def test_what_no_engine_could_compute_is_refused_with_its_field(path, value):
    with pytest.raises(BadHousehold) as refusal:
        read(changed(path, value))
    assert refusal.value.field.startswith(str(path[0])) and len(refusal.value.sentence) < 200


def test_a_household_of_a_thousand_people_is_refused():
    family = people.family()
    family["people"] += [{**family["people"][-1], "id": f"many{rank}"} for rank in range(1000)]
    with pytest.raises(BadHousehold, match="people"):
        read(family)


@pytest.mark.parametrize("value", [[], "x", 3, None])
def test_other_json_is_refused(value):
    with pytest.raises(BadHousehold):
        read(value)


def test_a_missing_compulsory_key_is_named():
    with pytest.raises(BadHousehold) as refusal:
        read(people.without(people.single(), "birth_date", rank=0))
    assert refusal.value.field == "people[0].birth_date"


def test_missing_key_is_unknown_and_empty_list_is_known():
    household = read(
        people.without(
            people.without(people.single(), "tax_notices", "benefits_received", "housing"), "incomes", rank=0
        )
    )
    assert household.applicant.incomes is None
    assert household.tax_notices is None and household.benefits is None and household.housing is None
    assert read(people.single()).benefits == ()


def test_ages_are_counted_in_whole_years_at_the_start_of_the_month():
    person = read(people.person(people.single(), birth_date="2000-11-01")).applicant
    assert (person.age("2025-10"), person.age("2025-11")) == (24, 25)
    later = read(people.person(people.single(), birth_date="2000-11-02")).applicant
    assert (later.age("2025-11"), later.age("2025-12")) == (24, 25)


def test_two_tax_households_may_hold_a_notice_for_the_same_year():
    notices = [
        {"income_year": 2023, "rfr": 1, "parts": 1},
        {"income_year": 2023, "rfr": 2, "parts": 1, "household": "ff2"},
    ]
    assert len(read(people.single(tax_notices=notices)).tax_notices or ()) == 2
