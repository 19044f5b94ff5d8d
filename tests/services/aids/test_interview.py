"""The chain of questions: counted from what is open, none that no longer matters, and back keeps everything."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.utils.translation import override

from bench import question_order
from services.aids import benefits, results
from services.aids.asking import variants
from services.aids.engine import run as engine
from services.aids.household import months
from services.aids.household.from_json import read
from services.aids.interview import order, running, slots
from services.aids.interview.chain import Chain
from services.aids.interview.state import Interview
from tests.services.aids import people, stock
from tests.services.aids.interviews import CITY, COUPLE, SINGLE, STORIES, blank, give, plain, replay, tell, told
from vault.types import geography

pytestmark = pytest.mark.slow
FOLDER = Path(__file__).resolve().parents[4] / "shared" / "samples" / "aids"
SAMPLES = {file.stem: file for file in sorted(FOLDER.glob("*.json"))}
MOST_ANSWERS = 25


# The stories


@pytest.mark.parametrize("case", STORIES)
def test_a_story_ends_within_its_number_of_answers_and_gives_our_amounts_in_stock_openfisca(case):
    _interview, found, count = told(case)
    assert count <= MOST_ANSWERS and not found.refused
    household = variants.assume(found.household, [question for _name, question in found.waiting])
    ours = engine.run([household], stock=True, steady=False).first[0]
    theirs = stock.compute(stock.document(household), household.month)
    for variable, entity, _kind in engine.OUTPUTS:
        keys = [f"{person.id}.{variable}" for person in household.people] if entity == "individu" else [variable]
        expected = [float(value) for value in theirs[variable]][: len(keys)]
        assert [float(ours[key]) for key in keys] == pytest.approx(expected, abs=0.01), variable


@pytest.mark.skipif(not SAMPLES, reason="the shared samples are not beside this repository")
@pytest.mark.parametrize("case", STORIES)
def test_the_amounts_of_the_case_lie_within_the_range_that_its_story_shows(case):
    _interview, found, _count = told(case)
    shown, true = results.compute(found.household), results.compute(read(json.loads(SAMPLES[case].read_text())))
    assert outside(shown, true) == (WITHOUT_TAXABLE | CHARGED).get(case, {})


#: Amounts of cases that leave out a notice's net taxable income, which OpenFisca takes for zero: parents with 30,000
#: euros would pay no tax, and their child's allowance be the full one. The next test gives the case its income.
WITHOUT_TAXABLE = {"17": {"cej": 561.68}}
#: Amounts of cases whose pension pays 7.4 % of contributions, from which so small a one is exempt (L136-8 CSS).
CHARGED = {"05": {"aspa": 364.74}, "18": {"aspa": 525.82, "aide_logement": 225.0}}


@pytest.mark.skipif(not SAMPLES, reason="the shared samples are not beside this repository")
@pytest.mark.parametrize("case", WITHOUT_TAXABLE)
def test_an_amount_outside_lies_within_once_the_case_has_the_taxable_income_that_it_lacks(case):
    _interview, found, _count = told(case)
    household = read(json.loads(SAMPLES[case].read_text()))
    notices = tuple(replace(one, rni=one.rfr) for one in household.tax_notices or ())
    completed = results.compute(replace(household, tax_notices=notices))
    assert outside(results.compute(found.household), completed) == {}


@pytest.mark.skipif(not SAMPLES, reason="the shared samples are not beside this repository")
@pytest.mark.parametrize("case", CHARGED)
def test_an_amount_outside_lies_within_once_the_small_pension_is_exempt(case):
    _interview, found, _count = told(case)
    household = read(json.loads(SAMPLES[case].read_text()))
    for person in household.parents:
        exempt = tuple(replace(one, taxable=one.net, gross=one.net) for one in person.incomes or ())
        household = household.with_person(person.id, incomes=exempt)
    assert outside(results.compute(found.household), results.compute(household)) == {}


def outside(shown, true):
    """Return the true amounts that lie outside of the range shown."""
    found = {}
    for benefit in benefits.ALL:
        amount, range_ = true.get(benefit.code).amount, shown.get(benefit.code)
        if not range_.low - 0.02 <= amount <= range_.high + 0.02:
            found[benefit.code] = round(amount, 2)
    return found


def test_who_knows_their_parents_income_reads_one_amount():
    story = STORIES["17"]
    _interview, found, _count = tell(story["answers"], story["commune"])
    assert results.compute(found.household).get("cej").exact


def test_a_single_tenant_with_one_job_gives_twelve_answers_at_most():
    _interview, found, count = tell(SINGLE)
    assert count <= 12 and not found.waiting
    assert all(step.value is not None for step in found.steps)


def test_a_couple_with_two_children_gives_nineteen_answers_at_most():
    """The nationality of each is one: a spouse without the permit asked for does not count (L262-5 CASF)."""
    _interview, found, count = tell(COUPLE)
    assert count <= 19 and not found.waiting
    assert all(step.value is not None for step in found.steps)


def test_a_first_amount_comes_before_the_details():
    interview = blank()
    while (found := replay(interview)).before_first_amount:
        give(interview, found.next, SINGLE[plain(dict(found.waiting)[found.next].text)])
    assert len(interview.answers) <= 5


#: The first estimate of this story has the aid of a parent of her age, which she does not give, and not the sum of it
#: and of what her answer takes away: the next estimate has it.
LATER = {"11"}


@pytest.mark.django_db
@pytest.mark.parametrize("case", STORIES)
def test_estimates_narrow_and_hold_the_final_amount(case):
    story = STORIES[case]
    spans: list[tuple[float, float]] = []
    interview = blank()
    while (name := (found := replay(interview, story["commune"])).next) != "":
        if not found.before_first_amount and (not spans or len(found.waiting) == 1):
            running.estimate(interview, found)
            spans.append((interview.estimate["low"], interview.estimate["high"]))
        text = plain(dict(found.waiting)[name].text)
        if text in story["answers"]:
            give(interview, name, story["answers"][text], story["commune"], found)
        else:
            interview.answer(name, None)
    low, high = results.compute(found.household, combined=running.COMBINED).span(benefits.MONTH)
    (first_low, first_high), (last_low, last_high) = spans[0], spans[-1]
    assert last_high - last_low <= first_high - first_low
    if case not in LATER:
        assert first_low <= low + 1 and high - 1 <= first_high
    assert last_low <= low + 1 and high - 1 <= last_high


@pytest.mark.django_db
def test_who_waits_for_no_slot_keeps_the_wider_estimate(monkeypatch):
    def busy(longest: float) -> None:
        raise slots.Busy

    monkeypatch.setattr(slots, "held", busy)
    interview, found, _count = told("16")
    former = {"low": 0.0, "high": 1034.0, "aids": 9, "mark": "of before"}
    interview = blank(answers=dict(interview.answers), estimate=dict(former))
    interview.answers.popitem()
    running.estimate(interview, replay(interview))
    assert interview.estimate == former and interview.runs == 0


# The commune


def test_another_commune_changes_the_zone_of_the_rent_and_no_other_answer():
    interview, found, _count = tell(SINGLE)
    give(interview, "loyer", "900")
    here = replay(interview)
    give(interview, "commune", "Paris 75")
    there = replay(interview)
    assert [insee_of(one) for one in (found, here, there)] == [CITY, CITY, "75056"]
    assert there.waiting == here.waiting
    assert [step.name for step in there.in_order] == [step.name for step in here.in_order] != []
    amounts = [results.compute(one.household).get("aide_logement").amount for one in (here, there)]
    assert amounts[0] < amounts[1]


def insee_of(found: Chain) -> str | None:
    assert found.household.housing is not None
    return found.household.housing.insee


def test_a_former_commune_is_the_one_of_today():
    interview = blank()
    give(interview, "commune", "Châtillon-en-Michaille")
    former = geography.search(geography.COMMUNE, "Châtillon-en-Michaille")[0]
    assert interview.answers["commune"] == former.today != former.code


# The chain


def test_questions_are_counted_up_to_the_most_that_there_may_be():
    interview = blank()
    places = []
    while (name := (found := replay(interview)).next) != "":
        places.append(found.rank(name))
        give(interview, name, SINGLE[plain(dict(found.waiting)[name].text)])
    assert [place for place, _total in places] == list(range(1, len(places) + 1))
    assert all(place <= total for place, total in places)


@pytest.mark.parametrize("case", STORIES)
def test_the_most_questions_said_never_grows_and_is_never_passed(case):
    """The counter of before went from 10 to 22 under the reader's eyes."""
    story, interview, most = STORIES[case], blank(), []
    while (name := (found := replay(interview, story["commune"])).next) != "":
        most.append(found.rank(name)[1])
        text = plain(dict(found.waiting)[name].text)
        if text in story["answers"]:
            give(interview, name, story["answers"][text], story["commune"], found)
        else:
            interview.answer(name, None)
    assert most == sorted(most, reverse=True) and most[-1] >= len(most)


def test_back_keeps_everything():
    interview, found, _count = tell(SINGLE)
    names = [step.name for step in found.steps]
    assert found.previous(names[3]) == names[2] and found.previous(names[0]) == ""
    give(interview, names[2], SINGLE[plain(found.steps[2].question.text)])
    assert [step.value for step in replay(interview).steps] == [step.value for step in found.steps]


def test_a_single_person_is_asked_nothing_about_a_partner_nor_a_childless_one_about_children():
    interview = blank()
    give(interview, "couple", "no")
    give(interview, "enfants", "0")
    names = [name for name, _question in replay(interview).waiting]
    assert not [name for name in names if "conjoint" in name or "enfant" in name]
    assert "seul_depuis" not in names and "garde" not in names


def test_a_changed_answer_drops_those_that_depended_on_it():
    interview, _found, _count = tell(COUPLE)
    give(interview, "activite", "retraite")
    assert "revenus" not in interview.answers and interview.answers["revenus-conjoint"] == "900.00"
    give(interview, "couple", "no")
    assert not [name for name in interview.answers if "conjoint" in name]
    give(interview, "enfants", "1")
    assert not [name for name in interview.answers if "-enfant-" in name]


def test_the_same_answer_again_drops_nothing():
    interview, found, _count = tell(COUPLE)
    give(interview, "couple", "yes")
    assert len(interview.answers) == len(found.steps)


def test_an_unknown_answer_stays_a_question_of_the_result_and_widens_its_range():
    known = results.compute(tell(SINGLE)[1].household)
    disability = "La MDPH a-t-elle reconnu un handicap ?"
    unsure, found, _count = tell({text: told for text, told in SINGLE.items() if text != disability})
    assert unsure.answers["handicap"] is None and not found.waiting
    shown = results.compute(found.household)
    low, high = shown.span(benefits.MONTH)
    assert low <= known.span(benefits.MONTH)[0] <= high and high - low > 20
    assert "handicap" in {asked.question.key for asked in shown.asked}


def test_an_impossible_answer_is_refused_and_counts_as_unknown():
    interview, _found, _count = tell(COUPLE)
    interview.answer("naissance_enfant-enfant-1", "1970-01-01")
    found = replay(interview)
    assert list(found.refused.values()) == ["cet enfant serait plus âgé que ses parents"]
    refused = found.step(next(iter(found.refused)))
    assert refused is not None and refused.value is None


def test_a_child_s_birth_is_not_compared_with_an_assumed_one():
    interview = blank()
    give(interview, "enfants", "1")
    give(interview, "naissance_enfant-enfant-1", "3 2 1980")
    assert replay(interview).refused == {}


def test_several_disabled_people_are_each_asked_about():
    interview, _found, _count = tell(COUPLE)
    give(interview, "handicap_foyer", "plusieurs")
    names = {name for name, _question in replay(interview).waiting}
    assert {"handicap", "handicap-conjoint", "handicap_enfant-enfant-1", "handicap_enfant-enfant-2"} <= names


def test_only_the_person_concerned_is_asked_about_a_disability():
    interview, _found, _count = tell(COUPLE)
    give(interview, "handicap_foyer", "@conjoint")
    found = replay(interview)
    assert [name for name, _question in found.waiting] == ["handicap-conjoint"]
    assert [person.disability_rate for person in found.household.people] == [0, None, 0, 0]


def test_an_income_that_began_this_year_asks_what_came_before():
    seeker = STORIES["07"]["answers"]
    _interview, found, _count = tell(seeker, "69383")
    by_month = {
        month: sum(one.net for one in found.household.applicant.incomes or () if one.first == month)
        for month in months.between("2024-10", "2025-11")
    }
    assert by_month["2024-12"] == 1600 and by_month["2025-01"] == 980 and by_month["2025-11"] == 980


def test_a_person_without_income_since_this_year_is_asked_what_came_before():
    interview = blank()
    for name, text in (("activite", "inactif"), ("revenus", "0"), ("mois", "2025-06")):
        give(interview, name, text)
    assert "avant" in {name for name, _question in replay(interview).waiting}
    give(interview, "avant", "1700")
    found = replay(interview).household
    by_month = {one.first: one.net for one in found.applicant.incomes or () if one.type == "salary"}
    assert (by_month["2025-05"], by_month["2025-06"], by_month["2025-11"]) == (1700, 0, 0)


def test_an_interview_kept_past_midnight_speaks_of_the_same_months():
    late = Interview(started="2025-11-30T23:30:00+01:00")
    assert late.day.isoformat() == "2025-11-30" and replay(late).household.month == "2025-11"


# The order


def test_the_order_comes_from_a_table_that_the_engine_gives_again():
    """Measure the committed respondents again: their changes must be those of the table."""
    table = order.table()
    assert table["month"] == question_order.MONTH and len(table["proofs"]) == question_order.PROOFS
    assert question_order.changed() == []


def test_the_first_questions_are_those_that_change_the_result_most():
    first = [question.key for _name, question in replay(blank()).waiting]
    effects = [order.table()["contexts"]["?|?|?"][key][0] for key in first if key in order.FIRST]
    assert len(effects) >= 5 and first[: len(effects)] == [key for key in first if key in order.FIRST]
    assert effects[0] == max(effects)


@pytest.mark.parametrize(
    ("measured", "asked"), [([0, 30, 0], False), ([0, 29, 0], True), ([0, 30, 12], True), ([5, 40, 90], True)]
)
def test_a_question_is_left_out_where_it_changed_nothing_over_many_households(measured, asked, monkeypatch):
    """So many that no answer is likely to matter, the smallest changes included."""
    household = read(people.single())
    question = variants.Question(key="ass", text="", field="foyer.situation#/ass_ouverte", keys=(), answers=())
    context = order.context(household)
    monkeypatch.setattr(order, "table", lambda: {"contexts": {order.wider(context)[-1]: {"ass": measured}}})
    assert order.may_matter(question, household) == asked


def test_an_income_is_asked_after_the_activity_of_the_same_person():
    interview = blank()
    give(interview, "couple", "yes")
    names = [name for name, _question in replay(interview).waiting]
    assert names.index("activite") < names.index("revenus")
    assert names.index("activite-conjoint") < names.index("revenus-conjoint")


def test_a_range_says_its_currency_once_in_french_and_before_each_amount_in_english():
    from services.aids.presenting import results as presenting

    with override("fr"):
        assert plain(presenting.range_words(1033.3, 1500)) == "1 033 à 1 500 €"
        assert plain(presenting.range_words(0, 90.2)) == "jusqu’à 90 €"
        assert plain(presenting.range_words(120, 120.4)) == "120 €"
    with override("en"):
        assert plain(presenting.range_words(1033.3, 1500)) == "€1,033 to €1,500"
