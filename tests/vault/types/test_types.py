"""The catalogue of types: every field has its words in both languages, and every wrong value its sentence."""

import json

import pytest
from django.utils import translation

from ops import messages
from ops.cluster import ROOT
from vault import types

#: The fields of each type's version 1.0.0, and which of them it required.
FIRST = json.loads((ROOT / "tests/fixtures/first_types.json").read_text())
ALL = [(info.id, info) for data_type in types.all_types() for info in data_type.fields.values()]
NOTICE = {"annee_revenus": 2025, "revenu_fiscal_reference": 18250, "nombre_parts": 2.5}


@pytest.mark.parametrize(("field_id", "info"), ALL, ids=[field_id for field_id, _ in ALL])
def test_each_field_is_named_asked_and_justified_in_both_languages(field_id: str, info: types.FieldInfo) -> None:
    for one in (info, *info.items.values()):
        for key in ("label", "question", "why", "asked_by"):
            assert one.words[key].fr and one.words[key].en, f"{one.id}: {key}"
        for value, label in one.options.items():
            assert label.fr and label.en, f"{one.id}: {value}"


@pytest.mark.parametrize("code", [data_type.code for data_type in types.all_types()])
def test_labels_and_schema_have_the_same_fields(code: str) -> None:
    data_type = types.get(code)
    assert {pointer[1:] for pointer in data_type.fields} == set(data_type.schema["properties"])


def test_french_words_use_french_spaces_and_apostrophes() -> None:
    for path in types.FOLDER.glob("*/labels.json"):
        french = [node["fr"] for node in _walk(json.loads(path.read_text())) if "fr" in node]
        for sentence in french:
            assert "'" not in sentence, sentence
            assert messages.spaced(sentence) == sentence, "run `python -m ops.messages space`"


def test_a_label_follows_the_reader_s_language() -> None:
    info = types.field("fiscal.avis_ir#/revenu_fiscal_reference")
    assert info.label == "Revenu fiscal de référence"
    with translation.override("en"):
        assert info.label == "Reference tax income"


def test_a_field_inside_a_list_is_named_with_a_star() -> None:
    assert types.field("foyer.composition#/enfants/*/date_naissance").kind == "partial_date"


@pytest.mark.parametrize(
    "wrong",
    [
        "fiscal.avis_ir#/nothing",
        "nothing#/at_all",
        "../../etc#/passwd",
        "fiscal.avis_ir",
        "foyer.composition#/enfants/*/x",
    ],
)
def test_an_unknown_field_is_refused(wrong: str) -> None:
    assert not types.field_exists(wrong)
    with pytest.raises(types.UnknownType):
        types.field(wrong)


@pytest.mark.parametrize(
    ("code", "payload", "pointers"),
    [
        ("fiscal.avis_ir", NOTICE, []),
        ("fiscal.avis_ir", NOTICE | {"nombre_parts": 2.3}, ["/nombre_parts"]),
        ("fiscal.avis_ir", NOTICE | {"date_etablissement": "2026-02-30"}, ["/date_etablissement"]),
        ("fiscal.avis_ir", {"annee_revenus": "2025"}, ["/annee_revenus", "/revenu_fiscal_reference", "/nombre_parts"]),
        ("fiscal.avis_ir", NOTICE | {"surprise": 1}, ["/surprise"]),
        ("logement.domicile", {"adresse": {"commune": "Villebrume"}, "loyer": 480}, ["/loyer"]),
        ("logement.domicile", {"adresse": {"code_postal": "420"}, "loyer": "480.50"}, ["/adresse/code_postal"]),
        ("emploi.revenu", {"mois": "2026-3", "net_avant_impot": "1 200"}, ["/mois", "/net_avant_impot"]),
        ("handicap.decision", {"taux_incapacite": 80}, ["/taux_incapacite"]),
        ("foyer.composition", {"allocataires": [], "enfants": [{"prenoms": "Zoé"}]}, ["/enfants/0/nom_naissance"]),
    ],
)
def test_each_wrong_value_has_its_pointer(code: str, payload: dict[str, object], pointers: list[str]) -> None:
    assert [problem.pointer for problem in types.problems(code, payload)] == pointers


@pytest.mark.parametrize(
    ("date", "right"),
    [("1993-04-12", True), ("1992-11-00", True), ("1992-00-00", True), ("1992-00-12", False), ("2023-02-31", False)],
)
def test_a_birth_date_may_be_partly_unknown_but_not_impossible(date: str, right: bool) -> None:
    child = {"nom_naissance": "Diallo", "prenoms": "Zoé", "date_naissance": date}
    assert (not types.validate("foyer.composition", {"allocataires": [], "enfants": [child]})) is right


def test_a_problem_is_a_sentence_that_names_the_field() -> None:
    assert types.validate("fiscal.avis_ir", NOTICE | {"annee_revenus": None}) == [
        "Année des revenus\u00a0: écrivez un nombre entier."
    ]
    with translation.override("en"):
        [problem] = types.problems("fiscal.avis_ir", NOTICE | {"annee_revenus": None})
    assert problem.sentence == "enter a whole number."


@pytest.mark.parametrize("code", [code for code in FIRST if types.get(code).version.startswith("1.")])
def test_a_type_keeps_every_field_of_its_first_version(code: str) -> None:
    """A minor version adds optional fields; only a major one may drop or require any."""
    schema = types.get(code).schema
    assert set(FIRST[code]["fields"]) <= set(schema["properties"])
    assert FIRST[code]["required"] == schema["required"]


def _walk(node: object) -> list[dict[str, str]]:
    if isinstance(node, dict):
        return [node, *(found for value in node.values() for found in _walk(value))]
    return [found for value in node for found in _walk(value)] if isinstance(node, list) else []
