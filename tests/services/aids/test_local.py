"""The city's own aids: four answers, bands and shares, and what is shipped."""

from dataclasses import replace
from datetime import date

import pytest

from services.aids import catalogue, shipping
from services.aids.local import amounts, checking, evaluation
from services.aids.models import LocalAid

TODAY = date(2026, 11, 25)
AID = {
    "institution": {"level": "commune", "id": "00042", "name": "Ville de Villebrume"},
    "valid_from": "2026-01-01",
    "valid_to": None,
}
CASES = [(aid["code"], test) for aid in catalogue.local_aids() for test in aid["tests"]]


@pytest.mark.parametrize(("code", "case"), CASES, ids=[f"{code}: {case['persona']}" for code, case in CASES])
def test_each_persona_gets_the_expected_outcome(code, case):
    aid = next(aid for aid in catalogue.local_aids() if aid["code"] == code)
    found = evaluation.evaluate(aid, case["facts"], TODAY)
    assert (found.status, found.amount) == (case["expect"]["status"], case["expect"].get("amount"))


def test_without_reasons_the_outcome_is_the_same():
    for aid in catalogue.local_aids():
        for test in aid["tests"]:
            found, told = (evaluation.evaluate(aid, test["facts"], TODAY, explained=one) for one in (False, True))
            assert replace(told, reasons=()) == found
    closed = evaluation.evaluate(AID | {"valid_to": "2026-02-01"}, {}, TODAY, explained=False)
    assert (closed.status, closed.reasons) == ("refused", ())


def test_all_seventy_eight_personas_are_there():
    assert len(CASES) == 78 and len(catalogue.local_aids()) == 30


def read(rule, **facts):
    return evaluation.read(rule, facts, AID, TODAY)


AGE, MANUAL, QF = {"type": "age", "min": 18}, {"type": "manual", "text": "vu"}, {"type": "qf", "max": 500}


@pytest.mark.parametrize(
    ("rule", "facts", "answer"),
    [
        ({"all": [AGE, QF]}, {"age": 20, "qf": 400}, "ok"),
        ({"all": [AGE, QF]}, {"age": 20}, "missing"),
        ({"all": [AGE, QF]}, {"age": 10}, "no"),
        ({"all": [AGE, MANUAL]}, {"age": 20}, "manual"),
        ({"all": [MANUAL, QF]}, {}, "missing"),
        ({"any": [AGE, QF]}, {"age": 10}, "missing"),
        ({"any": [AGE, QF]}, {"age": 20}, "ok"),
        ({"any": [AGE, QF]}, {"age": 10, "qf": 900}, "no"),
        ({"any": [MANUAL, AGE]}, {"age": 10}, "manual"),
        ({"not": AGE}, {"age": 10}, "ok"),
        ({"not": AGE}, {}, "missing"),
        ({"not": MANUAL}, {}, "manual"),
        ({"type": "qf", "max": 6000, "period": "year"}, {"qf": 500}, "ok"),
        ({"type": "qf", "max": 500, "fallback": "rfr_parts_12"}, {"rfr": 12000, "parts": 2}, "ok"),
        ({"type": "qf", "max": 500}, {"rfr": 12000, "parts": 2}, "missing"),
        (
            {"type": "resources", "max": 900, "per": "consumption_unit"},
            {"resources_month": 1500, "consumption_units": 2},
            "ok",
        ),
        ({"type": "children", "age_min": 3, "age_max": 11}, {"children_ages": []}, "no"),
        ({"type": "children", "age_min": 3, "age_max": 11}, {}, "missing"),
        ({"type": "territory", "attached": True}, {"commune": "00042"}, "ok"),
        ({"type": "territory", "attached": True, "mode": "out"}, {"commune": "00042"}, "no"),
        ({"type": "single_parent"}, {"single_parent": False}, "no"),
        ({"type": "receives", "values": ["rsa"]}, {"receives": []}, "no"),
        ({"type": "date", "from": "2026-12-01"}, {}, "no"),
    ],
)
def test_a_condition_has_four_answers(rule, facts, answer):
    assert read(rule, **facts) == answer


def test_an_unknown_quotient_never_counts_as_zero():
    bands = {
        "kind": "bands",
        "on": "qf",
        "bands": [{"max": 300, "value": 0.5}, {"max": None, "value": 4.9}],
        "when_missing": 4.9,
    }
    assert amounts.amount_of(bands, {}) == 4.9 and amounts.amount_of(bands, {"qf": 300}) == 0.5
    del bands["when_missing"]
    assert amounts.amount_of(bands, {}) is None


def test_unknown_price_gives_no_amount():
    share = {"kind": "percent", "rate": 0.5, "cap": 10}
    assert amounts.amount_of(share, {}) is None and amounts.amount_of(share, {"price": 100}) == 10


def test_an_aid_is_closed_outside_its_dates():
    aid = {**catalogue.local_aids()[0], "valid_to": "2026-06-30"}
    facts = aid["tests"][0]["facts"]
    assert evaluation.evaluate(aid, facts, date(2026, 6, 30)).status == "granted"
    assert evaluation.evaluate(aid, facts, date(2026, 7, 1)).status == "refused"
    assert evaluation.evaluate(aid, facts, date(2025, 12, 31)).status == "refused"


@pytest.mark.parametrize("aid", catalogue.local_aids(), ids=lambda aid: aid["code"])
def test_every_condition_and_every_amount_has_a_text(aid):
    outcome = evaluation.evaluate(aid, aid["tests"][0]["facts"], TODAY)
    assert all(reason.text and "{" not in reason.text for reason in outcome.reasons)
    assert evaluation.price_words(aid, outcome, aid["tests"][0]["facts"])[0]
    assert checking.problems(aid) == []


@pytest.mark.django_db
def test_three_aids_are_shipped_by_default_and_thirty_on_demand():
    assert [aid.code for aid in shipping.load_local_aids()] == [
        "cantine-qf",
        "transport-moins-18",
        "carte-culture-jeune",
    ]
    shipping.load_local_aids(codes=[aid["code"] for aid in catalogue.local_aids()])
    assert LocalAid.objects.count() == 30


def test_a_group_inside_another_is_written_between_brackets():
    rule = {"all": [{"any": [AGE, QF]}, {"not": {"any": [{"type": "temp_agency"}]}}]}
    written = evaluation.condition_text(rule, AID).replace("\u00a0", " ")
    assert written == "(avoir au moins 18 ans ou quotient familial : au plus 500 €) et sauf : travailler en intérim"
