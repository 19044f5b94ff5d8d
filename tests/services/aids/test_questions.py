"""Unknown values: never zero, asked only if the answer affects a result, within one run."""

from dataclasses import replace
from datetime import date

import pytest
from django.utils.translation import override

from services.aids import results
from services.aids.asking import questions, variants
from services.aids.facts import answers, purposes
from services.aids.household import Household, Housing, Person, TaxNotice
from services.aids.household.from_json import read
from services.aids.interview.chain import ASIDE
from services.aids.local.questions import city_questions
from tests.services.aids import people
from vault import types

pytestmark = pytest.mark.slow


UNKNOWN_FAMILY = ("household.people", "household.partner", "household.children")


def keys(found: results.Results) -> set[str]:
    return {asked.question.key for asked in found.asked}


def test_nothing_is_asked_when_everything_is_known():
    found = people.computed(read(people.family()))
    assert found.open == [] and found.asked == [] and not found.of("unknown")


def test_the_answers_are_extra_households_of_the_same_run(monkeypatch):
    """A page with variants costs one run."""
    runs = people.counting(monkeypatch)
    unsure = read(people.without(people.single(), "tax_notices")).with_person(
        "p1", disability_rate=None, nationality=None
    )
    people.computed(unsure)
    assert runs == [12]


UNKNOWN = {
    "incomes": (
        "revenus",
        lambda: people.without(people.single(), "incomes", rank=0),
        ("rsa", "prime_activite", "c2s"),
    ),
    "rent": (
        "loyer",
        lambda: people.single(housing={"status": "tenant_social", "insee": "17300"}),
        ("aide_logement",),
    ),
    "home": ("logement", lambda: people.without(people.single(), "housing"), ("aide_logement", "cheque_energie")),
    "notice": ("avis", lambda: people.without(people.single(), "tax_notices"), ("cheque_energie",)),
    "status": ("activite", lambda: people.without(people.single(), "status", rank=0), ("rsa",)),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_is_a_question_and_never_a_zero(name):
    key, make, codes = UNKNOWN[name]
    found = people.computed(read(make()))
    if name != "status":
        assert key in keys(found)
    for code in codes:
        result = found.get(code)
        if result.low != result.high:
            assert result.status != "not_eligible"
            assert (result.status == "unknown") == (result.low == 0)


def test_unknown_income_neither_grants_nor_refuses():
    """Zero income would grant the RSA; a wage would refuse it."""
    found = people.computed(read(people.without(people.single(), "incomes", rank=0)))
    rsa = found.get("rsa")
    assert rsa.status == "unknown" and rsa.low == 0 and rsa.high > 500
    assert rsa.explanation.threshold is None and not rsa.explanation.failed
    assert "revenus" in rsa.sentence


def test_missing_notice_is_not_zero_income():
    """Older simulators gave the energy voucher to every household without a notice."""
    found = people.computed(read(people.without(people.single(), "tax_notices")))
    assert found.get("cheque_energie").status == "unknown"
    assert found.get("bourse_college").status == "not_eligible"


def test_question_without_effect_is_not_asked():
    """A disability has no effect with an ASPA above every other minimum; nor has rent for an owner."""
    owner = people.single(housing={"status": "owner", "insee": "17300"})
    assert "loyer" not in keys(people.computed(read(owner)))
    rich = people.paid(people.single(), 9000)
    rich["tax_notices"] = [{"income_year": year, "rfr": 100000, "parts": 1} for year in (2023, 2024)]
    unsure = read(rich).with_person("p1", nationality=None)
    assert [question.key for question in people.computed(unsure).open] == ["nationalite"]
    assert keys(people.computed(unsure)) == set()


def test_question_gives_its_largest_effect():
    unsure = read(people.single()).with_person("p1", disability_rate=None)
    asked = people.computed(unsure).asked[0]
    assert asked.question.key == "handicap" and "aah" in asked.codes
    with_aah = people.computed(read(people.single()).with_person("p1", disability_rate=0.8)).get("aah").amount
    assert asked.most >= with_aah


def test_figure_that_depends_on_an_assumed_value_is_hidden():
    found = people.computed(read(people.without(people.single(), "housing")))
    texts = [reason.text for reason in found.get("aide_logement").explanation.reasons]
    assert all("Il nous manque votre réponse" in text for text in texts)
    assert found.get("aide_logement").explanation.figures == []


def test_reason_independent_of_the_unknown_value_is_kept():
    found = people.computed(read(people.family()).with_person("p1", disability_rate=None))
    assert found.get("af").status == "eligible" and found.get("af").exact
    assert found.get("cf").status == "not_eligible"


def test_amount_that_depends_on_an_answer_is_its_minimum():
    unsure = replace(read(people.family()), recently_alone=None)
    rsa = people.computed(unsure)
    moved = [result for result in rsa.results if not result.exact]
    assert moved and all(result.low <= result.amount <= result.high for result in moved)


def nearly_empty(**known) -> Household:
    """A household with its notices only: one adult of unknown age."""
    person = Person("me", "applicant", date(1985, 1, 1), **known)
    notices = read(people.single()).tax_notices
    return Household(
        "2025-11",
        (person,),
        housing=None,
        tax_notices=notices,
        benefits=None,
        unknown=frozenset({"people[me].birth_date", *UNKNOWN_FAMILY}),
    )


def test_with_a_tax_notice_only_nothing_is_promised_and_nothing_is_refused_for_a_supposed_family():
    found = people.computed(nearly_empty())
    assert found.claims == []
    assert {"naissance", "couple", "enfants", "revenus", "logement"} <= {asked.question.key for asked in found.asked}
    for result in found.of("not_eligible"):
        assert result.high == 0
    for code in ("rsa", "af", "aspa", "aide_logement", "aah"):
        assert found.get(code).status == "unknown", code


def test_two_adults_with_the_same_unknown_are_asked_apart():
    couple = people.with_partner(people.family())
    unsure = read(couple).with_person("p1", status=None).with_person("p2", status=None)
    places = [question.place for question in questions.open_questions(unsure)]
    assert places == ["activite-p1", "activite-p2"]


def test_a_disability_is_asked_once_for_the_household_then_of_each_person_concerned():
    couple = people.with_partner(people.family())
    unsure = read(couple).with_person("p1", disability_rate=None).with_person("p2", disability_rate=None)
    assert [question.place for question in questions.open_questions(unsure)] == ["handicap_foyer"]
    apart = [question.place for question in questions.open_questions(replace(unsure, apart=True))]
    assert apart == ["handicap-p1", "handicap-p2"]


def test_a_pregnancy_is_asked_once_of_a_couple():
    couple = people.with_partner(people.family())
    unsure = read(couple).with_person("p1", pregnant=None).with_person("p2", pregnant=None)
    asked = questions.open_questions(unsure)
    assert [question.place for question in asked] == ["grossesse-p1"]
    expecting = asked[0].answers[1](unsure)
    assert [person.pregnant for person in expecting.parents] == [True, False]


def test_the_months_of_the_year_of_a_notice_are_tried_with_it():
    """Family benefits read the twelve months of that year, not the notice's total."""
    unsure = read(people.without(people.family(), "tax_notices"))
    (wage,) = (unsure.applicant.incomes or ())[:1]
    recent = unsure.with_person("p1", incomes=(replace(wage, first="2024-10"),))
    rich = next(one for one in questions.open_questions(recent) if one.key == "avis").answers[2](recent)
    year = [float(one.taxable or 0) for one in rich.applicant.incomes or () if one.first == "2023-01"]
    assert sum(year) > 4000


def test_every_question_has_a_way_to_answer_it():
    seen = {
        question.key: question for household in every_unknown() for question in questions.open_questions(household)
    }
    for question in seen.values():
        assert types.field_exists(question.field), question.field
        assert len(question.answers) >= 2
    aside = [ask(nearly_empty()) for ask in ASIDE.values()]
    assert all(question is not None and types.field_exists(question.field) for question in aside)
    of_city = {one.key for one in city_questions(nearly_empty())}
    assert {*seen, *ASIDE, *of_city} == set(answers.WAYS) and [one.key for one in aside if one] == list(ASIDE)


def every_unknown() -> list[Household]:
    blank = Person("me", "applicant", date(2002, 1, 1))
    student = replace(blank, status="student", school="enseignement_superieur")
    foreign = replace(blank, nationality="XX", status="unemployed", incomes=())
    with_permit = replace(foreign, permit="other")
    child = Person("k", "child", date(2020, 1, 1))
    parent = replace(blank, incomes=(), id="me", status="inactive", disability_rate=0.5)
    incomes = frozenset(
        {
            "people[me].incomes.alimony_received",
            "people[me].incomes.disability_pension",
            "people[me].incomes.before",
            "people[me].incomes",
            "people[k].birth_date",
        }
    )
    alone = Household("2025-11", (parent, child), housing=None, tax_notices=None, benefits=None, unknown=incomes)
    renting = replace(
        nearly_empty(), housing=read(people.single(housing={"status": "tenant_social", "insee": "17300"})).housing
    )
    partner = Person("p", "partner", date(2001, 1, 1), pregnant=True)
    disabled = replace(child, disability_rate=0.8)
    couple = Household(
        "2025-11",
        (blank, partner, disabled),
        housing=Housing("residence", 300.0),
        unknown=frozenset({"people[p].birth_date"}),
    )
    attached = replace(blank, tax_dependent_of_parents=True)
    return [
        nearly_empty(),
        Household("2025-11", (attached,), tax_notices=(TaxNotice(2023, 9000.0),)),
        Household("2025-11", (student,)),
        Household("2025-11", (replace(student, school=None),)),
        Household("2025-11", (foreign,)),
        Household("2025-11", (with_permit,)),
        alone,
        renting,
        couple,
    ]


def test_the_number_of_rows_stays_bounded_when_everything_is_missing():
    plan = variants.plan(nearly_empty(), questions.open_questions(nearly_empty()))
    assert variants.PRODUCT <= len(plan.households) < 600
    assert plan.answered[0] == tuple([0] * len(plan.answered[0]))


def test_each_question_says_in_a_sentence_or_two_what_its_answer_changes():
    assert purposes.purposes().keys() == answers.WAYS.keys()
    assert all(
        text.endswith(".") and text.count(". ") <= 1 and len(text) < 150 for text in purposes.purposes().values()
    )
    with override("en"):
        english = purposes.purposes()
    assert all(english[key] != text for key, text in purposes.purposes().items())
