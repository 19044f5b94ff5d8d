"""Each kind of condition and of amount, whichever it is, has what every page, file and calculation needs of it."""

from datetime import date
from typing import Any

import pytest
from django import forms as django_forms
from django.utils.translation import override

from services.aids.facts import answers, purposes
from services.aids.household import CityFacts, Person
from services.aids.local import checking, evaluation, importing, reading, sheets
from services.aids.local.amounts import AMOUNTS, Basis, amount_of
from services.aids.local.conditions import ASKED, FACTS, KINDS
from services.aids.local.conditions.kinds import MANUAL, MISSING, NO, YES, Sort
from services.aids.local.conditions.shapes import word
from services.aids.local.forms import AmountForm, ConditionForm
from services.versions import yaml_files
from vault import types

TODAY = date(2026, 11, 25)
AID = importing.blank(
    code="aide", label="Aide", institution={"level": "commune", "id": "00042", "name": "Villebrume"}, today=TODAY
) | {"version": 1}
#: Two values of a fact of each sort: one of them meets a condition written with `typed`.
CASES = {
    Sort.FLAG: (True, False),
    Sort.WHOLE: (0, 1000),
    Sort.NUMBER: (1, 1000),
    Sort.MONEY: (0, 1000),
    Sort.CODE: ("00042", "99999"),
    Sort.AGES: ([12] * 12, []),
    Sort.DAY: ("2026-11-25", "2028-01-01"),
}
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
each_amount = pytest.mark.parametrize("kind", AMOUNTS.values(), ids=lambda kind: kind.code)
each_question = pytest.mark.parametrize(("asked", "fact"), ASKED.values(), ids=ASKED)
each_list = pytest.mark.parametrize(
    "fact", [fact for fact in FACTS.values() if fact.sort == Sort.LIST], ids=lambda fact: fact.name
)


def typed(form: ConditionForm | AmountForm) -> dict[str, Any]:
    """Return an answer for each field: one of its choices, or the same number, day, code or text."""
    sent: dict[str, Any] = {}
    for name, field in form.fields.items():
        choices = [value for value, _label in getattr(field, "choices", ())]
        if isinstance(field, django_forms.MultipleChoiceField):
            sent[name] = choices[-1:]
        elif choices:
            sent[name] = choices[1] if name == "level" else choices[0]
        elif name == "lines":
            sent[name] = "tb ; 40" if form.kind.code == "map" else "400 ; 40\n; 20"
        else:
            sent |= {name: "00042" if name == "codes" else "12"}
            sent |= {f"{name}_day": "25", f"{name}_month": "11", f"{name}_year": "2026"}
    return sent


def written(kind) -> dict[str, Any]:
    form = ConditionForm(typed(ConditionForm(kind=kind.code)), kind=kind.code)
    assert form.is_valid(), form.errors
    return form.rule()


def facts_for(rule, rank: int) -> dict[str, Any]:
    """Return a value of each fact that a rule reads: the one or the other of its sort."""
    found = {name: FACTS[name] for name in KINDS[rule["type"]].facts_of(rule, AID)}
    return {
        name: ([[*fact.values][-1]], [])[rank] if fact.sort == Sort.LIST else CASES[fact.sort][rank]
        for name, fact in found.items()
    }


def test_the_table_names_each_kind_and_each_fact_once():
    declared = [fact.name for kind in KINDS.values() for fact in kind.facts]
    assert sorted([*declared, "price"]) == sorted(FACTS)
    public = [name for kind in KINDS.values() for name in kind.public]
    assert len(public) == len(set(public)) and importing.PUBLIC.keys() == set(public)
    assert len(ASKED) == sum(fact.asked is not None for fact in FACTS.values())


@each_kind
def test_a_condition_written_in_its_form_is_valid_and_comes_back(kind):
    rule = written(kind)
    assert rule["type"] == kind.code and checking.condition_problems(rule) == []
    form = ConditionForm(kind=kind.code, rule=rule)
    sent = {name: form[name].value() for name in form.fields}
    days = [(name, day) for name, day in sent.items() if isinstance(day, date)]
    sent |= {f"{name}_{part}": getattr(day, part) for name, day in days for part in ("day", "month", "year")}
    again = ConditionForm({name: value for name, value in sent.items() if value is not None}, kind=kind.code)
    assert again.is_valid() and again.rule() == rule, again.errors


@each_kind
def test_a_condition_has_words_in_both_languages(kind):
    rule = written(kind)
    assert str(kind.label) and evaluation.condition_text(rule, AID)
    with override("en"):
        english = str(kind.label), evaluation.condition_text(rule, AID)
    assert english[0] != str(kind.label) and "%(" not in english[1]
    if kind.code not in {"manual", "postcode"}:  # an author's words, a code
        assert english[1] != evaluation.condition_text(rule, AID)


@each_kind
def test_a_condition_holds_fails_or_waits_for_a_fact(kind):
    rule = written(kind)
    both = [facts_for(rule, rank) for rank in (0, 1)]
    known = [evaluation.read(rule, facts, AID, evaluation.day_of(facts, TODAY)) for facts in both]
    unknown = evaluation.read(rule, {}, AID, TODAY)
    if kind.code == "manual":
        assert {*known, unknown} == {MANUAL}
    else:
        assert set(known) == {YES, NO} and unknown == (YES if kind.code == "date" else MISSING)


@each_kind
def test_each_fact_of_a_condition_is_in_a_case_and_in_the_vault(kind):
    rule = written(kind)
    aid = {**AID, "conditions": {"all": [rule]}}
    names = reading.facts_of(aid)
    assert set(names) <= reading.STATED and set(names) <= {fact.name for fact in kind.facts}
    form = sheets.CaseForm(rule=aid)
    assert all(str(form.fields[f"fact_{name}"].label) != name for name in names)
    for fact in kind.facts:
        assert fact.beside in {"", *FACTS} and (fact.read or fact.name == "on")
        assert not fact.undecided or fact.sort == Sort.LIST


@each_list
def test_each_value_of_a_list_has_words(fact):
    """Those of the table, or the vault's, for a value that the vault has too."""
    of_vault = {*(fact.asked.choices if fact.asked else ()), *(f"bac_{year}" for year in range(1, 6))}
    assert fact.values and [value for value, words in fact.values.items() if not words and value not in of_vault] == []
    assert all("_" not in word(fact, value) for value in fact.values)


@each_question
def test_a_question_fills_a_value_of_the_vault_and_of_the_household(asked, fact):
    holder, _sep, name = asked.value.rpartition(".")
    assert name in (CityFacts if holder else Person).__dataclass_fields__ and holder in {"", "city"}
    choices = [value for value, _label in types.field(asked.vault_field).choices]
    assert set(asked.choices) <= set(choices) and asked.sort in answers.OF_SORT
    assert answers.WAYS[asked.key].choices == tuple(asked.choices) and purposes.purposes()[asked.key]


@each_kind
def test_a_condition_goes_out_as_a_file_and_comes_back(kind):
    aid = {**AID, "conditions": {"all": [written(kind)]}}
    assert importing.read(yaml_files.dump(aid).encode(), code="aide", today=TODAY).item == aid


@each_amount
def test_an_amount_written_in_its_form_is_valid_and_comes_back(kind):
    form = AmountForm(typed(AmountForm(kind=kind.code, amount={})), kind=kind.code, amount={})
    assert form.is_valid(), form.errors
    amount = form.amount()
    assert checking.structure_problems({**AID, "amount": amount}) == []
    again = AmountForm(kind=kind.code, amount=amount)
    sent = {name: value for name in again.fields if (value := again[name].value()) is not None}
    same = AmountForm(sent, kind=kind.code, amount=amount)
    assert same.is_valid() and same.amount() == amount, same.errors


@each_amount
def test_an_amount_is_computed_and_explained(kind):
    form = AmountForm(typed(AmountForm(kind=kind.code, amount={})), kind=kind.code, amount={})
    assert form.is_valid()
    amount = form.amount()
    facts = {"qf": 300, "price": 100, "bac_honours": ["tb"], "children_ages": [12]}
    assert (amount_of(amount, facts) is None) == (kind.code in {"none", "decided"})
    assert str(kind.label) and kind.operation(amount, Basis(what="Âge", words="30", value=300))
    assert set(reading.facts_of({**AID, "conditions": {"all": []}, "amount": amount})) <= FACTS.keys()
