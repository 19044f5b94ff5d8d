"""Data of two hundred residents who do not exist, for each type: to try a program on more than twenty personas.

Each payload starts from the type's example. Amounts, dates and choices vary by the type's schema, always the same way,
so that a file never changes until its type does. Nothing is drawn from a vault.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

from vault import types

RESIDENTS = 200
#: How often a value that may be missing is.
MISSING = 0.15
#: Beside the value of the example: how far an amount goes, and how many days a date.
LEAST, MOST, DAYS = 0.4, 1.8, 300


def residents(code: str) -> Iterator[dict[str, Any]]:
    """Yield a line for each resident: its number, the type, a payload that follows its schema.

    Raises:
        UnknownType
    """
    kind, example = types.get(code), types.example(code)
    for number in range(1, RESIDENTS + 1):
        chance = Random(f"{code} {kind.version} {number}")  # noqa: S311 - invented on purpose, and the same each time
        yield {"resident": number, "type": code, "payload": _payload(code, kind.schema, example, chance)}


def _payload(code: str, schema: Mapping[str, Any], example: Mapping[str, Any], chance: Random) -> Mapping[str, Any]:
    """Return the example with each value varied, unless the type then refuses the whole."""
    found = dict(example)
    for name, value in example.items():
        part = schema["properties"][name]
        varied = {**found, name: _varied(part, value, chance)}
        if name not in schema.get("required", ()) and chance.random() < MISSING:
            varied = {key: kept for key, kept in found.items() if key != name}
        if not types.validate(code, varied):
            found = varied
    return found


def _varied(schema: Mapping[str, Any], value: Any, chance: Random) -> Any:  # noqa: ANN401 - JSON
    choices = [one for part in (schema, *schema.get("anyOf", ())) for one in part.get("enum", ()) if one is not None]
    if choices:
        return chance.choice(choices)
    if isinstance(value, bool):
        return chance.random() < 0.5
    if isinstance(value, int | float):
        return type(value)(round(value * chance.uniform(LEAST, MOST), 1))
    if isinstance(value, list):
        return [_varied(schema.get("items", {}), one, chance) for one in value]
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        return {name: _varied(parts.get(name, {}), one, chance) for name, one in value.items()}
    return _text(value, chance) if isinstance(value, str) else value


def _text(value: str, chance: Random) -> str:
    """Return another date or amount; any other text as it is: names and addresses are invented already."""
    try:
        moved = date.fromisoformat(value[:10]) + timedelta(days=chance.randint(-DAYS, DAYS))
    except ValueError:
        whole, point, cents = value.partition(".")
        if point and whole.isdigit() and cents.isdigit():
            return f"{float(value) * chance.uniform(LEAST, MOST):.{len(cents)}f}"
        return value
    return moved.isoformat() + value[10:]
