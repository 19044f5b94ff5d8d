"""Zones of a plan from a public GeoJSON file: one feature a zone, with its name and its population."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.text import slugify

from core import canonical

#: Shapes are in the plan, which is hashed and published: a file of all details belongs elsewhere.
MOST_BYTES = 500_000
SHAPES = ("Polygon", "MultiPolygon")


class NotZones(Exception):
    """The file does not give zones. `number`: of the feature that does not, from 1, or None of the whole file."""

    def __init__(self, number: int | None = None) -> None:
        super().__init__(f"feature {number}" if number else "the file")
        self.number = number


def zones(content: bytes) -> list[dict[str, Any]]:
    """Return the zones of a file, as a plan has them, in its order.

    Each feature has the properties `name` and `population`, and may have `name_en`, `parent` (the name of the zone
    that contains it) and `codes` (the values of records that mean it, such as IRIS codes).

    Raises:
        NotZones
    """
    try:
        features = canonical.decode(content)["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotZones from None
    if not isinstance(features, list) or not features:
        raise NotZones
    return list(_zones(features))


def _zones(features: list[Any]) -> Iterator[dict[str, Any]]:
    codes: dict[str, str] = {}
    for number, feature in enumerate(features, 1):
        properties = feature.get("properties") if isinstance(feature, Mapping) else None
        shape = _shape(feature.get("geometry")) if isinstance(feature, Mapping) else None
        if not isinstance(properties, Mapping) or shape is None:
            raise NotZones(number)
        name, population, parent = (properties.get(one) for one in ("name", "population", "parent"))
        if not isinstance(name, str) or type(population) is not int or population < 0:
            raise NotZones(number)
        if parent is not None and not isinstance(parent, str):
            raise NotZones(number)
        code = slugify(name)[:60]
        if not code or code in codes.values() or (parent is not None and parent not in codes):
            raise NotZones(number)
        codes[name] = code
        zone: dict[str, Any] = {
            "code": code,
            "label": {"fr": name, "en": str(properties.get("name_en") or name)},
            "population": population,
            "parent": codes[parent] if parent is not None else None,
            "geometry": shape,
        }
        listed = properties.get("codes")
        zone |= {"codes": [str(one) for one in listed]} if isinstance(listed, list) and listed else {}
        if not _can_be_kept(zone):
            raise NotZones(number)
        yield zone


def _can_be_kept(zone: dict[str, Any]) -> bool:
    """Return whether the database takes a zone: no NaN, no NUL, no half of a character."""
    try:
        return b"\\u0000" not in canonical.encode(zone)
    except (ValueError, RecursionError):
        return False


def _shape(geometry: Any) -> dict[str, Any] | None:  # noqa: ANN401 - anything may be in a file
    """Return a shape without anything else that the file says of it, or None if it is no polygon."""
    if not isinstance(geometry, Mapping) or geometry.get("type") not in SHAPES:
        return None
    coordinates = geometry.get("coordinates")
    return {"type": geometry["type"], "coordinates": coordinates} if isinstance(coordinates, list) else None
