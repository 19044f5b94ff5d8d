"""API Impôt particulier's answers: one notice or several, with masked fields, and errors."""

import io
from typing import Any

import pytest

from tests.fixtures import answers
from vault import readers, types
from vault.readers import Ask, Reading, sentences
from vault.types import envelope


def read(body: object, endpoint: str = answers.ENDPOINTS["impot"]) -> Reading:
    return readers.read(io.BytesIO(answers.as_json(body)), trust_test_authority=False, ask=Ask(endpoint=endpoint))


def notice(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (answers.IMPOT | changes).items() if value is not None}


def test_a_notice_is_read_whole() -> None:
    (record,) = read(notice()).records
    envelope.validate(record)
    assert types.validate("fiscal.avis_ir", record["payload"]) == []
    assert record["payload"] == {
        "annee_revenus": 2025,
        "declarant1": "LE GOFF AWA",
        "declarant2": "LE GOFF PAUL-HENRI",
        "revenu_fiscal_reference": 18250,
        "nombre_parts": 2.75,
        "revenu_brut_global": 20277,
        "revenu_imposable": 18250,
        "impot_revenu_net": 312,
        "situation_familiale": "M",
        "personnes_a_charge": 1,
        "date_mise_en_recouvrement": "2026-07-31",
        "date_etablissement": "2026-07-08",
        "adresse": {"voie": "12 BIS RUE DE L ETE", "code_postal": "01000", "commune": "BOURG EN BRESSE"},
        "type_document": "api",
    }
    assert record["provenance"]["holder"] == "dgfip"


def test_it_is_recognised_without_its_path() -> None:
    assert read(notice(), "").format == "impot_particulier"


@pytest.mark.parametrize("field", answers.IMPOT)
def test_any_field_may_be_masked(field: str) -> None:
    reading = read(notice(**{field: None}))
    (record,) = reading.records
    missing = field in {"rfr", "nbPart"}
    assert (sentences.MASKED in reading.warnings) == missing
    assert (types.validate("fiscal.avis_ir", record["payload"]) != []) == missing


def test_the_year_comes_from_the_path_if_missing_in_the_answer() -> None:
    assert read(notice(annRevenu=None)).records[0]["payload"]["annee_revenus"] == 2025


def test_the_tax_number_comes_from_the_path() -> None:
    reading = read(notice(), "/spi/0123456789012/situations/ir/assiettes/annrev/2025")
    assert reading.records[0]["payload"]["numero_fiscal_declarant1"] == "0123456789012"


def test_several_notices_are_several_records() -> None:
    body = {"situationsIR": [notice(annRevenu=2024), notice(annRevenu=2025), "x"]}
    reading = read(body, "/situations/ir/assiettes/multiple/annrev/2025")
    assert [record["payload"]["annee_revenus"] for record in reading.records] == [2024, 2025]


def test_a_postal_address_in_one_line_is_kept_unchanged() -> None:
    payload = read(notice(aftDetail=None, aft="12 BIS RUE DE L ETE 01000 BOURG EN BRESSE")).records[0]["payload"]
    assert payload["adresse"] == {"lignes": ["12 BIS RUE DE L ETE 01000 BOURG EN BRESSE"]}


@pytest.mark.parametrize("shares", [2.3, -1, 0, "beaucoup"])
def test_impossible_tax_shares_are_left_out(shares: object) -> None:
    assert "nombre_parts" not in read(notice(nbPart=shares)).records[0]["payload"]


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"erreur": {"code": 40410, "message": "Pas de situation fiscale"}}, "inconclusive"),
        ({"code": 404, "message": "Not found"}, "inconclusive"),
        ({"erreur": {"code": 50301, "message": "Indisponible"}}, "failed"),
        ({"message": "Unauthorized"}, "failed"),
    ],
)
def test_an_error_is_reported_and_adds_no_record(body: object, outcome: str) -> None:
    reading = read(body)
    assert reading.records == []
    assert [(check.code, check.outcome) for check in reading.checks] == [("holder_answer", outcome)]


@pytest.mark.parametrize(
    "path", ["/situations/ir/factures/annrev/2025", "/situations/th/assiettes/principale/annrev/2025"]
)
def test_bills_and_housing_tax_have_no_type(path: str) -> None:
    reading = read({"montant": 1}, path)
    assert reading.records == []
    assert {check.code for check in reading.checks} == {"holder_answer", "no_type"}
