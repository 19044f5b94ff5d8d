"""A product of Open Food Facts (API v2 and v3): its mass, its scores, its carbon footprint.

It is reference data about a product, not about a person: the reading has facts and no record. Agribalyse's `co2_total`
is per kilogram of product, so the footprint of a pack needs its mass, not its volume. The environmental score is
`ecoscore_…` until schema 999, then `environmental_score_…`.
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
    """One product. `co2_per_kg` is in kgCO2e per kg of product, `mass` in kg."""

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
        raise Unreadable("other_shape")
    found = Found(data, reader=FORMAT, version=VERSION, media_type="application/json")
    entry = answer.get("product", answer if "product_name" in answer else None)
    if not isinstance(entry, dict):
        found.check("product_known", "failed")
        return found.reading()
    _add_facts(product(entry | {"code": entry.get("code", answer.get("code"))}), found)
    return found.reading()


def product(entry: Mapping[str, Any]) -> Product:
    scored = _part(entry, "environmental_score_data") or _part(entry, "ecoscore_data")
    impact = _part(scored, "agribalyse")
    nova = plain.integer(entry.get("nova_group"))
    return Product(
        code=plain.text(entry.get("code")),
        name=plain.text(entry.get("product_name")) or plain.text(entry.get("product_name_fr")),
        mass=_mass(entry),
        agribalyse_code=plain.text(impact.get("code")) or plain.text(impact.get("agribalyse_food_code")),
        agribalyse_name=plain.text(impact.get("name_fr")) or plain.text(impact.get("name_en")),
        co2_per_kg=plain.amount(impact.get("co2_total")),
        nutriscore=_grade(entry.get("nutriscore_grade")),
        nova=nova if nova in {1, 2, 3, 4} else None,
        environment_grade=_grade(entry.get("environmental_score_grade", entry.get("ecoscore_grade"))),
        environment_score=plain.integer(entry.get("environmental_score_score", entry.get("ecoscore_score"))),
    )


def _add_facts(seen: Product, found: Found) -> None:
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


def _mass(entry: Mapping[str, Any]) -> Decimal | None:
    """Return the mass: `product_quantity` with its unit, else the printed quantity.

    Without a unit, `product_quantity` is in grams only if the printed quantity is a mass.
    """
    printed = WRITTEN.search(plain.text(entry.get("quantity")) or "")
    number, unit = plain.amount(entry.get("product_quantity")), plain.text(entry.get("product_quantity_unit"))
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
