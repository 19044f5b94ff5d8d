"""A product of Open Food Facts (API v2 and v3): what it weighs, how it is scored, what its carbon weighs.

It is reference data about a product, not about a person: it gives facts and no record. Agribalyse's `co2_total` is per kilogram of
product, so a pack's needs its mass; a volume is no mass. The environmental score was called `ecoscore_…` until schema 999,
`environmental_score_…` since.
"""

import dataclasses
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from vault.readers import sentences
from vault.readers.files import plain
from vault.readers.files.opening import guarded, json_has, json_of
from vault.readers.found import Found
from vault.readers.reading import Ask, Reading, Unreadable

FORMAT = "open_food_facts"
VERSION = "1.0.0"
SHOWS = (
    *(
        "nutriscore_grade",
        "nova_group",
        "ecoscore_grade",
        "ecoscore_data",
        "environmental_score_grade",
        "environmental_score_data",
    ),
    *("product_quantity", "categories_tags", "nutriments"),
)
NOT_FOUND = ("product_not_found", "product not found")
GRADES = set("abcdef")
KILOGRAMS = {"g": Decimal("0.001"), "kg": Decimal(1), "mg": Decimal("0.000001")}
WRITTEN = re.compile(r"(\d{1,6}(?:[.,]\d{1,4})?)\s*(k?g|mg)\b", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Product:
    """`co2_per_kg` is in kgCO2e per kg of product, `mass` in kg."""

    code: str | None
    name: str | None
    mass: Decimal | None
    agribalyse_code: str | None
    agribalyse_name: str | None
    co2_per_kg: Decimal | None
    nutriscore: str | None
    nova: int | None
    environment_grade: str | None
    environment_score: int | None

    @property
    def co2_of_pack(self) -> Decimal | None:
        return None if self.mass is None or self.co2_per_kg is None else self.mass * self.co2_per_kg


def recognises(data: bytes, ask: Ask) -> bool:
    known = json_has(data, "product", "product_name") and json_has(data, *SHOWS)
    return known or (
        json_has(data, "status_verbose", "result")
        and json_has(data, "code")
        and any(one.encode() in data[:4096] for one in NOT_FOUND)
    )


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    answer = json_of(data)
    if not isinstance(answer, dict):
        raise Unreadable("damaged")
    found = Found(data, reader=FORMAT, version=VERSION, media_type="application/json")
    told = answer.get("product", answer if "product_name" in answer else None)
    if not isinstance(told, dict):
        found.check("product_known", "failed")
        return found.reading()
    _tell(product(told | {"code": told.get("code", answer.get("code"))}), found)
    return found.reading()


def product(told: Mapping[str, Any]) -> Product:
    scored = _part(told, "environmental_score_data") or _part(told, "ecoscore_data")
    impact = _part(scored, "agribalyse")
    nova = plain.integer(told.get("nova_group"))
    return Product(
        code=plain.text(told.get("code")),
        name=plain.text(told.get("product_name")) or plain.text(told.get("product_name_fr")),
        mass=_mass(told),
        agribalyse_code=plain.text(impact.get("code")) or plain.text(impact.get("agribalyse_food_code")),
        agribalyse_name=plain.text(impact.get("name_fr")) or plain.text(impact.get("name_en")),
        co2_per_kg=plain.amount(impact.get("co2_total")),
        nutriscore=_grade(told.get("nutriscore_grade")),
        nova=nova if nova in {1, 2, 3, 4} else None,
        environment_grade=_grade(told.get("environmental_score_grade", told.get("ecoscore_grade"))),
        environment_score=plain.integer(told.get("environmental_score_score", told.get("ecoscore_score"))),
    )


def _tell(seen: Product, found: Found) -> None:
    found.fact("product_name", seen.name)
    found.fact("barcode", seen.code)
    found.fact("mass", seen.mass and format(seen.mass.normalize(), "f"), "kg")
    found.fact("agribalyse", plain.joined(seen.agribalyse_code, seen.agribalyse_name))
    found.fact("co2_per_kg", seen.co2_per_kg, "kgCO2e/kg")
    found.fact("co2_of_pack", seen.co2_of_pack and f"{seen.co2_of_pack:.5f}", "kgCO2e")
    found.fact("nutriscore", seen.nutriscore and seen.nutriscore.upper())
    found.fact("nova", seen.nova)
    found.fact("environment_grade", seen.environment_grade and seen.environment_grade.upper())
    found.fact("environment_score", seen.environment_score)
    if seen.co2_per_kg is None:
        found.warn(sentences.NO_FOOTPRINT)
    elif seen.mass is None:
        found.warn(sentences.NO_MASS)


def _mass(told: Mapping[str, Any]) -> Decimal | None:
    """`product_quantity` with its unit, else the quantity as it is printed. Without a unit it is in grams only if the print says so."""
    printed = WRITTEN.search(plain.text(told.get("quantity")) or "")
    number, unit = plain.amount(told.get("product_quantity")), plain.text(told.get("product_quantity_unit"))
    if unit is None and number is not None and printed:
        unit = "g"
    if number is not None and number > 0 and unit in KILOGRAMS:
        return number * KILOGRAMS[unit]
    if number is None and printed:
        return Decimal(printed[1].replace(",", ".")) * KILOGRAMS[printed[2].lower()]
    return None


def _grade(value: object) -> str | None:
    written = (plain.text(value) or "").lower()
    return written if written in GRADES or written in {"a-plus"} else None


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = data.get(name)
    return part if isinstance(part, dict) else {}
