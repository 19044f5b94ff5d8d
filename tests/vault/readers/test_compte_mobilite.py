"""Compte Mobilité Standardisé: documents under one root or alone, with fields that name a source without proof."""

import copy
import io
from typing import Any

import pytest

from tests.fixtures import documents
from vault import readers, types
from vault.readers import Reading, Unreadable, sentences
from vault.types import envelope


def read(document: object) -> Reading:
    return readers.read(io.BytesIO(documents.as_json(document)), trust_test_authority=False)


def payloads(reading: Reading) -> dict[str, dict[str, Any]]:
    return {record["type"]: record["payload"] for record in reading.records}


def test_each_document_becomes_its_records() -> None:
    reading = read(documents.MOBILITY)
    for record in reading.records:
        envelope.validate(record)
        assert record["provenance"]["assurance"] == "declared"
        assert types.validate(record["type"], record["payload"]) == []
    assert payloads(reading) == {
        "identite.pivot": {
            "given_name": "Awa Marie",
            "family_name": "DIALLO",
            "birthdate": "1988-03-02",
            "gender": "female",
            "birthplace": "17300",
            "birthcountry": "99100",
        },
        "identite.contact": {
            "email": "awa@example.org",
            "telephone": "+33600000000",
            "adresse": {
                "lignes": ["AWA DIALLO", "12 BIS RUE DE L ETE", "01000 BOURG EN BRESSE"],
                "voie": "12 BIS RUE DE L ETE",
                "code_postal": "01000",
                "commune": "BOURG EN BRESSE",
            },
        },
        "social.quotient_familial": {"fournisseur": "CNAF", "valeur": 526, "annee": 2026, "mois": 10},
        "fiscal.avis_ir": {
            "annee_revenus": 2025,
            "declarant1": "DIALLO Awa",
            "revenu_fiscal_reference": 18250,
            "nombre_parts": 2.0,
            "revenu_brut_global": 20277,
            "revenu_imposable": 18250,
            "impot_revenu_net": 312,
        },
        "etudes.inscription": {"date_debut": "2026-09-01", "date_fin": "2027-08-31", "est_inscrit": True},
        "etudes.bourse": {"est_boursier": False},
    }


@pytest.mark.parametrize("name", documents.MOBILITY)
def test_each_document_is_read_alone_too(name: str) -> None:
    alone = payloads(read(documents.MOBILITY[name]))
    assert alone and alone.items() <= payloads(read(documents.MOBILITY)).items()


def test_each_field_s_source_is_the_holder() -> None:
    holders = {record["type"]: record["provenance"]["holder"] for record in read(documents.MOBILITY).records}
    assert holders == {
        "identite.pivot": "FranceConnect",
        "identite.contact": "Compte Mobilité",
        "social.quotient_familial": "caf",
        "fiscal.avis_ir": "dgfip",
        "etudes.inscription": "mesri_men",
        "etudes.bourse": "mesri_men",
    }


def test_the_month_of_a_quotient_is_that_of_its_certification_and_is_flagged() -> None:
    reading = read(documents.MOBILITY["caf"])
    assert reading.records[0]["provenance"]["quality"] == ["estimated"]
    assert reading.warnings == [sentences.MONTH_OF_CERTIFICATION]


def test_a_quotient_without_its_certification_has_no_month() -> None:
    bare = copy.deepcopy(documents.MOBILITY["caf"])
    del bare["familyQuotient"]["certificationDate"]
    assert payloads(read(bare))["social.quotient_familial"] == {"fournisseur": "CNAF", "valeur": 526}


def test_a_notice_of_a_declaration_is_about_the_year_before() -> None:
    assert payloads(read(documents.MOBILITY["dgfip"]))["fiscal.avis_ir"]["annee_revenus"] == 2025


@pytest.mark.parametrize("code", [0, 9, "x", None])
def test_an_unknown_gender_is_left_out(code: object) -> None:
    identity = documents.MOBILITY["identity"] | {"gender": documents.field(code)}
    assert "gender" not in payloads(read(identity))["identite.pivot"]


def test_the_schema_of_these_documents_is_not_recognised() -> None:
    with pytest.raises(Unreadable) as refusal:
        read(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {"familyQuotient": {"value": 1}}}
        )
    assert refusal.value.code == "unknown_data"
