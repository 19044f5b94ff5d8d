"""A product's facts in every version of the database; a pack of unknown mass has no footprint."""

import io
from typing import Any

import pytest

from tests.fixtures import documents
from vault import readers
from vault.readers import Reading, sentences


def read(answer: object) -> Reading:
    return readers.read(io.BytesIO(documents.as_json(answer)), trust_test_authority=False)


def facts(**changes: Any) -> dict[str, str]:
    return {fact.code: fact.value for fact in read(documents.product(**changes)).facts}


def test_a_product_gives_facts_and_no_record() -> None:
    reading = read(documents.product())
    assert reading.records == [] and reading.warnings == [sentences.NOTHING_KEPT]
    assert {fact.code: (fact.value, fact.unit) for fact in reading.facts} == {
        "product_name": ("Pain de mie complet", ""),
        "barcode": ("3760000000000", ""),
        "mass": ("0.5", "kg"),
        "agribalyse": ("7111 Pain de mie, complet", ""),
        "co2_per_kg": ("1.75", "kgCO2e/kg"),
        "co2_of_pack": ("0.87500", "kgCO2e"),
        "nutriscore": ("B", ""),
        "nova": ("4", ""),
        "environment_grade": ("A", ""),
        "environment_score": ("82", ""),
    }


def test_the_score_is_read_under_its_older_name() -> None:
    assert read(documents.older(documents.product())).facts == read(documents.product()).facts


def test_the_footprint_of_a_pack_is_multiplied_by_its_mass() -> None:
    assert facts(product_quantity=2, product_quantity_unit="kg")["co2_of_pack"] == "3.50000"


@pytest.mark.parametrize(
    ("number", "unit", "printed"), [("750", "ml", "75 cl"), (None, None, "1 bouteille"), (0, "g", "0 g")]
)
def test_a_volume_is_not_a_mass(number: object, unit: str | None, printed: str) -> None:
    answer = documents.product(product_quantity=number, product_quantity_unit=unit, quantity=printed)
    reading = read(answer)
    assert {fact.code for fact in reading.facts}.isdisjoint({"mass", "co2_of_pack"})
    assert reading.warnings == [sentences.NO_MASS]


@pytest.mark.parametrize(
    ("number", "printed", "mass"), [("500", "500 g", "0.5"), (None, "2 x 1,5 kg", "1.5"), (None, "250 g", "0.25")]
)
def test_an_older_product_has_its_unit_in_print_only(number: object, printed: str, mass: str) -> None:
    assert facts(product_quantity=number, product_quantity_unit=None, quantity=printed)["mass"] == mass


def test_a_product_without_agribalyse_has_no_footprint() -> None:
    reading = read(documents.product(environmental_score_data={"agribalyse": {"warning": "missing_agribalyse_match"}}))
    assert {fact.code for fact in reading.facts}.isdisjoint({"co2_per_kg", "co2_of_pack"})
    assert reading.warnings == [sentences.NO_FOOTPRINT]


@pytest.mark.parametrize("grade", ["unknown", "not-applicable", 3])
def test_an_unknown_grade_is_none(grade: object) -> None:
    assert "nutriscore" not in facts(nutriscore_grade=grade)


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "3", "status": 0, "status_verbose": "product not found"},
        {"code": "3", "errors": [], "result": {"id": "product_not_found"}, "status": "failure"},
    ],
)
def test_an_unknown_product_is_reported(answer: object) -> None:
    reading = read(answer)
    assert [(check.code, check.outcome) for check in reading.checks] == [("product_known", "failed")]
