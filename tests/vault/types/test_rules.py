"""Each type's rules follow their schema and name fields that the type has."""

import json
from typing import Any

import pytest
from django.utils import translation
from jsonschema import Draft202012Validator

from vault import types
from vault.types import figures, plausible, rules
from vault.types.rules import Rules, Validity

SCHEMA = json.loads((types.FOLDER / "rules.schema.json").read_text(encoding="utf-8"))
FILES = sorted(types.FOLDER.glob("*/rules.json"))
ALL = types.all_types()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_rules_follow_their_schema(path):
    written = json.loads(path.read_text(encoding="utf-8"))
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(written)] == []


@pytest.mark.parametrize(
    "written", [{}, {"surprise": True}, {"single": True}, {"validity": {"until": "a", "months_after": 3}}]
)
def test_the_schema_refuses_wrong_rules(written):
    assert not Draft202012Validator(SCHEMA).is_valid(written)


def test_the_schema_and_the_dataclasses_have_the_same_rules():
    validity = SCHEMA["properties"]["validity"]["properties"]
    assert set(Rules.__dataclass_fields__) == set(SCHEMA["properties"])
    assert set(Validity.__dataclass_fields__) == set(validity)
    assert [name for name in {**SCHEMA["properties"], **validity} if not _described(name)] == []


def test_an_unknown_rule_is_refused_when_loading(tmp_path):
    path = tmp_path / "rules.json"
    path.write_text('{"surprise": true}')
    with pytest.raises(TypeError):
        rules.load(path)


def test_defaults_hold_without_a_file(tmp_path):
    assert rules.load(tmp_path / "rules.json") == Rules()


def test_rules_belong_to_a_type():
    assert [path.parent.name for path in FILES if not types.is_known(path.parent.name)] == []


@pytest.mark.parametrize("data_type", ALL, ids=lambda one: one.code)
def test_each_field_that_a_rule_names_exists(data_type):
    written = json.loads((types.FOLDER / data_type.code / "rules.json").read_text(encoding="utf-8"))
    named = [name for rule, value in written.items() for name in _fields(rule, value)]
    assert [name for name in named if f"/{name}" not in data_type.fields] == []


@pytest.mark.parametrize("data_type", [one for one in ALL if one.rules.typed], ids=lambda one: one.code)
def test_each_number_that_a_resident_may_type_has_a_usual_range(data_type):
    numbers = {name[1:] for name, info in data_type.fields.items() if info.kind in {"int", "number", "decimal"}}
    dated = {name for name in numbers if name in plausible.OLDEST_YEARS or name.startswith("mois")}
    assert numbers - dated - set(data_type.rules.usual) == set()
    assert all(low < high for low, high in data_type.rules.usual.values())


@pytest.mark.parametrize("data_type", ALL, ids=lambda one: one.code)
def test_validity_reads_fields_that_the_type_has(data_type):
    validity, names = data_type.rules.validity, data_type.fields
    assert not validity.years_after_income or "/annee_revenus" in names
    assert not validity.months_after or {"/annee", "/mois"} <= set(names)


@pytest.mark.parametrize("data_type", [one for one in ALL if one.rules.blocks], ids=lambda one: one.code)
def test_a_block_has_a_start_a_step_and_values(data_type):
    assert {"/debut", "/pas_s", "/valeurs"} <= set(data_type.fields)


def test_figures_are_those_of_types_of_data():
    assert set(figures.FIGURES) <= types.data_codes()


@pytest.mark.parametrize("code", figures.FIGURES)
def test_a_record_adds_only_to_figures_of_its_type(code):
    amounts = figures.amounts(code, types.example(code))
    assert amounts and set(amounts) <= {figure.code for figure in figures.FIGURES[code]}


@pytest.mark.parametrize(
    ("language", "count", "noun"),
    [
        ("fr", 0, "opération"),
        ("fr", 1, "opération"),
        ("fr", 2, "opérations"),
        ("en", 0, "transactions"),
        ("en", 1, "transaction"),
        ("en", 2, "transactions"),
    ],
)
def test_zero_is_one_in_french_and_many_in_english(language, count, noun):
    with translation.override(language):
        assert types.get("banque.operation").noun(count) == noun


def test_a_type_without_a_word_for_its_records_has_no_noun():
    assert types.get("fiscal.avis_ir").noun(2) == ""


def test_field_ids_refuse_an_unknown_field():
    assert types.field_ids("foyer.composition", "enfants") == ("foyer.composition#/enfants",)
    with pytest.raises(types.UnknownType):
        types.field_ids("foyer.composition", "nothing")


def _fields(rule: str, value: Any) -> list[str]:
    if rule == "validity":
        return [value["until"]] if "until" in value else []
    if rule == "usual":
        return list(value)
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []


def _described(name: str) -> bool:
    rules = {**SCHEMA["properties"], **SCHEMA["properties"]["validity"]["properties"]}
    return bool(rules[name].get("description"))
