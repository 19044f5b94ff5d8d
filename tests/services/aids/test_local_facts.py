"""What the city's rules read of a vault, and the questions that they ask only when the answer changes an aid."""

from datetime import date
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from services.aids.actions import simulations
from services.aids.facts import answers, local_facts, purposes
from services.aids.local import evaluation
from services.aids.local.questions import city_questions
from services.aids.models import LocalAid
from services.aids.results import Results
from tests.services.aids.test_from_vault import ME, family, home, identity, member, notice, payslip, read, record
from vault import types

TODAY = date(2025, 11, 20)
CHILD = UUID("00000000-0000-4000-8000-0000000000cc")
NO_RESULT = cast("Results", SimpleNamespace(asked=[], get=lambda code: SimpleNamespace(receiving=False)))
INSTITUTION = {"level": "commune", "id": "00042", "name": "Ville de Villebrume"}
MONTHS = [f"2025-{month:02}" for month in range(1, 11)]


def aid(
    *conditions: dict[str, Any], amount: dict[str, Any] | None = None, audience: str = "person", code: str = "aide"
) -> LocalAid:
    rules = {
        "institution": INSTITUTION,
        "audience": audience,
        "kind": "money",
        "conditions": {"all": list(conditions)},
        "amount": amount or {"kind": "fixed", "value": 100, "unit": "EUR"},
    }
    return LocalAid(code=code, label=code, valid_from=date(2025, 1, 1), review_on=date(2026, 1, 1), rules=rules)


def situation(**payload):
    return record("foyer.situation", payload)


def vault(*more, **told):
    return read(identity(), family(), *more, *([situation(**told)] if told else []))


def facts(found):
    base = local_facts.household_facts(found, "00042")
    return local_facts.person_facts(found.household.applicant, found.household, base)


def answer(rule, found):
    return evaluation.read(rule, facts(found), aid().rule, TODAY)


@pytest.mark.parametrize(
    ("rule", "told", "expected"),
    [
        ({"type": "family_status", "values": ["seul"]}, {}, "ok"),
        ({"type": "family_status", "values": ["couple"]}, {}, "no"),
        ({"type": "family_status", "values": ["veuf"]}, {}, "missing"),
        ({"type": "family_status", "values": ["marie"]}, {}, "no"),
        ({"type": "family_status", "values": ["veuf"]}, {"statut_marital": "V"}, "ok"),
        ({"type": "family_status", "values": ["veuf"]}, {"statut_marital": "C"}, "no"),
        ({"type": "resident_months", "min": 12}, {}, "missing"),
        ({"type": "resident_months", "min": 12}, {"commune_depuis": "2024-11-01"}, "ok"),
        ({"type": "resident_months", "min": 12}, {"commune_depuis": "2024-11-02"}, "no"),
        ({"type": "scheme", "values": ["agricole"]}, {}, "missing"),
        ({"type": "scheme", "values": ["agricole"]}, {"regime_social": "agricole"}, "ok"),
        ({"type": "health_social_training"}, {}, "missing"),
        ({"type": "health_social_training"}, {"formation_sanitaire_sociale": False}, "no"),
        ({"type": "bac_honours", "values": ["tb"]}, {}, "missing"),
        ({"type": "bac_honours", "values": ["tb"]}, {"mention_baccalaureat": "tb_felicitations"}, "ok"),
        ({"type": "bac_honours", "values": ["tb_felicitations"]}, {"mention_baccalaureat": "tb"}, "no"),
        ({"type": "temp_agency"}, {}, "missing"),
        ({"type": "temp_agency"}, {"interimaire": True}, "ok"),
        ({"type": "housing_difficulty"}, {}, "missing"),
        ({"type": "housing_difficulty"}, {"difficulte_logement": True}, "ok"),
        ({"type": "profile", "values": ["stagiaire"]}, {"activite": "etudiant"}, "missing"),
        ({"type": "profile", "values": ["stagiaire"]}, {"activite": "etudiant", "engagement": "stage"}, "ok"),
        ({"type": "profile", "values": ["service_civique"]}, {"activite": "inactif", "engagement": "aucun"}, "no"),
        (
            {"type": "profile", "values": ["professionnalisation"]},
            {"activite": "actif", "engagement": "professionnalisation"},
            "ok",
        ),
        ({"type": "profile", "values": ["stagiaire"]}, {"activite": "retraite"}, "no"),
        ({"type": "profile", "values": ["retraite"]}, {"activite": "retraite"}, "ok"),
        ({"type": "profile", "values": ["retraite"]}, {"activite": "chomeur"}, "no"),
        ({"type": "study_year", "values": ["bac_2"]}, {"activite": "etudiant", "annee_etude": 2}, "ok"),
        ({"type": "study_year", "values": ["bts_2"]}, {"activite": "etudiant", "annee_etude": 2}, "missing"),
        ({"type": "study_year", "values": ["bts_1"]}, {"activite": "etudiant", "annee_etude": 2}, "no"),
        ({"type": "study_year", "values": ["bac_2"]}, {"activite": "etudiant", "niveau_etude": "but_2"}, "ok"),
        ({"type": "study_year", "values": ["terminale"]}, {"niveau_etude": "terminale"}, "ok"),
    ],
)
def test_a_condition_finds_its_fact_in_the_vault_or_is_unknown(rule, told, expected):
    assert answer(rule, vault(**told)) == expected


def test_resources_are_those_of_the_household_of_a_person_or_of_a_unit():
    wages = [payslip(month, net="900.00") for month in MONTHS]
    found = vault(*wages)
    assert answer({"type": "resources", "op": "<=", "value": 900}, found) == "ok"
    assert answer({"type": "resources", "op": "<", "value": 900, "per": "person"}, found) == "no"
    child = read(identity(), family(member("Moussa", "2018-03-10")), *wages)
    assert facts(child)["consumption_units"] == 1.3
    assert answer({"type": "resources", "max": 700, "per": "consumption_unit"}, child) == "ok"
    assert answer({"type": "resources", "max": 9000}, vault()) == "missing"


def test_months_in_the_home_suffice_and_never_refuse():
    old, new = (vault(home(depuis=day)) for day in ("2020-01-01", "2025-10-01"))
    assert answer({"type": "resident_months", "min": 12}, old) == "ok"
    assert answer({"type": "resident_months", "min": 12}, new) == "missing"
    assert answer({"type": "resident_months", "op": "<=", "value": 500}, old) == "missing"


def test_a_postcode_is_that_of_the_home():
    there = vault(record("logement.domicile", {"adresse": {"cog": "00042", "code_postal": "00420"}}))
    assert answer({"type": "postcode", "values": ["00420"]}, there) == "ok"
    assert answer({"type": "territory", "level": "postcode", "values": ["99999"]}, there) == "no"
    assert answer({"type": "postcode", "values": ["00420"]}, vault()) == "missing"


def test_a_benefit_that_nothing_tells_is_unknown_rather_than_refused():
    told = vault(record("social.prestation", {"prestation": "rsa", "est_beneficiaire": True}))
    assert answer({"type": "receives", "values": ["apa"]}, told) == "missing"
    assert answer({"type": "receives", "values": ["aah"]}, told) == "no"


def asked(found, *aids):
    known = simulations._facts(found, "00042")
    lines = [simulations._local(one, known, found, TODAY) for one in aids]
    return [one.question.key for one in simulations.ask_for_local(found, (), lines, "00042", TODAY)]


SCHEME = {"type": "scheme", "values": ["general"]}


def test_a_question_is_asked_only_if_it_changes_an_aid():
    assert asked(vault(), aid(SCHEME)) == ["regime"]
    assert asked(vault(regime_social="autre"), aid(SCHEME)) == []
    # Refused by age whatever the scheme.
    assert asked(vault(), aid(SCHEME, {"type": "age", "max": 17})) == []
    assert asked(vault()) == []
    both = aid({"any": [SCHEME, {"type": "age", "min": 18}]})
    assert asked(vault(), both) == []


def test_an_amount_that_needs_an_answer_asks_for_it():
    by_honours = {"kind": "map", "on": "bac_honours", "values": {"tb": 150, "b": 80}, "unit": "EUR"}
    assert asked(vault(), aid(amount=by_honours)) == ["mention"]


def test_values_that_the_engine_asks_for_are_asked_for_the_city_too():
    assert "logement" in asked(vault(), aid({"type": "housing_status", "values": ["owner"]}))


@pytest.mark.parametrize("question", city_questions(vault().household), ids=lambda one: one.key)
def test_each_question_writes_a_value_that_answers_it(question):
    """The answer is a valid record, and the question no longer arises."""
    found = vault()
    way = answers.WAYS[question.key]
    values = {answers.YES_NO: True, answers.DATE: date(2020, 5, 1)}
    value = values[way.kind] if way.kind in values else way.choices[0]
    (put,) = answers.answer(question, value, found).puts
    after = vault(record(put.type, put.payload))
    assert question.key not in {one.key for one in city_questions(after.household)}
    assert types.field_exists(question.field) and purposes.purpose_of(question) and question.text


def test_a_child_of_fifteen_is_asked_about_school_and_not_about_work():
    found = read(identity(), family(member("Moussa", "2009-03-10", id=CHILD)), notice(2024))
    keys = {one.key for one in city_questions(found.household) if one.person == str(CHILD)}
    assert {"niveau", "mention"} <= keys and not keys & {"regime", "interim"}
    assert ME
