"""Samples of the tax office, FranceConnect, Compte Mobilité, a product and calendars, beside the repository."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fixtures import documents
from vault import readers, types
from vault.readers import Reading, Unreadable, sentences
from vault.types import envelope

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "samples"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared samples are not beside this repository")


def read(data: bytes) -> Reading:
    reading = readers.read(io.BytesIO(data), trust_test_authority=False)
    for record in reading.records:
        envelope.validate(record)
    return reading


def read_file(name: str) -> Reading:
    return read((FOLDER / name).read_bytes())


def facts(reading: Reading) -> dict[str, str]:
    return {fact.code: fact.value for fact in reading.facts}


@pytest.mark.parametrize(
    ("name", "year", "quality"),
    [("svair_single-person.html", 2014, None), ("svair_situation-partielle.html", 2017, ["truncated"])],
)
def test_a_notice_on_the_tax_office_s_page(name: str, year: int, quality: list[str] | None) -> None:
    (record,) = read_file(f"dgfip/{name}").records
    payload = record["payload"]
    assert types.validate("fiscal.avis_ir", payload) == []
    assert payload["annee_revenus"] == year
    assert (payload["revenu_fiscal_reference"], payload["nombre_parts"], payload["personnes_a_charge"]) == (
        17580,
        1,
        0,
    )
    assert (payload["impot_revenu_net"], payload["declarant1"], payload["situation_familiale"]) == (
        1665,
        "MARTIN Jean",
        "Célibataire",
    )
    assert payload["adresse"]["voie"] == "34 RUE DE L'EGLISE" and payload["adresse"]["code_postal"] == "75009"
    assert record["provenance"].get("quality") == quality


def claims(name: str) -> list[dict[str, Any]]:
    with (FOLDER / "franceconnect" / name).open(encoding="utf-8") as file:
        rows = [
            row for row in csv.DictReader(line for line in file if line.strip()) if row["login"] and row["birthdate"]
        ]
    return [{key: value for key, value in row.items() if key not in {"login", "password"}} for row in rows]


def identities(name: str) -> list[dict[str, Any]]:
    """Return the identities. Some lack a name, or have the gender “unspecified”, which is left out."""
    found = []
    for one in claims(name):
        payload = read(documents.as_json(one)).records[0]["payload"]
        missing = {problem.pointer[1:] for problem in types.problems("identite.pivot", payload)}
        absent = {claim for claim in ("family_name", "given_name", "birthdate", "birthcountry") if not one[claim]}
        assert missing == absent | ({"gender"} if one["gender"] not in {"female", "male"} else set())
        found.append(payload)
    return found


def test_the_fictional_identities() -> None:
    found = identities("fc_test_identities.csv")
    assert len(found) == 38
    assert sum(one["birthcountry"] != "99100" for one in found) == 10
    assert sum(not one["birthplace"] for one in claims("fc_test_identities.csv")) == 9
    assert all("birthplace" not in one for one in found if one["birthcountry"] != "99100")
    assert sum("preferred_username" in one for one in found) == 9
    assert {"1992-11-00", "1992-00-00"} <= {one["birthdate"] for one in found}


def test_the_fictional_taxpayers() -> None:
    assert len(identities("fc_test_identities_dgfip.csv")) == 146


SCHEMAS = {
    "identity": "identity",
    "personalInformation": "personal-information",
    "caf": "fr-caf-information",
    "mesri": "fr-mesri-information",
}


@pytest.mark.parametrize(("name", "schema"), SCHEMAS.items())
def test_our_documents_of_the_mobility_account_match_its_schemas(name: str, schema: str) -> None:
    rules = json.loads((FOLDER / "mobilite" / f"cms_{schema}.schema.json").read_text(encoding="utf-8"))
    document = documents.MOBILITY[name]
    jsonschema.Draft202012Validator(rules).validate(document)
    assert read(documents.as_json(document)).format == "compte_mobilite"


@pytest.mark.parametrize("path", sorted((FOLDER / "mobilite").glob("cms_*.json")), ids=lambda path: path.stem)
def test_a_schema_is_not_a_document(path: Path) -> None:
    with pytest.raises(Unreadable):
        read(path.read_bytes())


def test_a_loaf_of_bread() -> None:
    found = facts(read_file("alimentation/off_v2_product_3029330003533.json"))
    assert found["barcode"] == "3029330003533" and found["mass"] == "0.73"
    assert found["agribalyse"] == "7111 Pain de mie, complet"
    assert found["co2_per_kg"].startswith("1.753379618") and found["co2_of_pack"] == "1.27997"
    assert [found[name] for name in ("nutriscore", "nova", "environment_grade", "environment_score")] == [
        "B",
        "4",
        "A",
        "82",
    ]


@pytest.mark.parametrize(
    ("name", "totals", "first"),
    [
        (
            "created_calendar_with_unicode_fields.ics",
            {"events": "3", "occurrences": "2", "without_date": "1"},
            "2010-10-10T10:00:00+00:00",
        ),
        ("example.ics", {"events": "3", "occurrences": "3"}, "2022-01-01"),
        (
            "rfc_5545_RDATE_example.ics",
            {"events": "6", "added_dates": "31", "occurrences": "31"},
            "1997-07-14T12:30:00+02:00",
        ),
        ("timezone_rdate.ics", {"events": "1", "occurrences": "1"}, "2012-02-13T10:00:00+01:00"),
    ],
)
def test_a_calendar(name: str, totals: dict[str, str], first: str) -> None:
    reading = read_file(f"agenda/{name}")
    assert facts(reading) == totals
    assert reading.records[0]["payload"]["debut"] == first
    assert (sentences.EVENT_WITHOUT_DATE in reading.warnings) == ("without_date" in totals)
    for record in reading.records:
        assert types.validate("agenda.evenement", record["payload"]) == []
