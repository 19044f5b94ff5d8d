"""Compare records of one type, so that a new record supersedes the one about the same thing."""

from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from vault.types import catalogue, measure_blocks
from vault.types.catalogue import FieldInfo
from vault.types.names import words

Payload = Mapping[str, Any]
Key = tuple[Hashable, ...]


def same_thing(type_code: str, held: Payload, new: Payload) -> bool:
    """Return whether both payloads are about the same thing. An empty field matches any value.

    Two benefits, two employers or two kinds of income of one month are different things.
    """
    rules = catalogue.get(type_code).rules
    if not all(_matches(type_code, name, held, new) for name in rules.apart_by):
        return False
    if rules.blocks and not measure_blocks.aligned(held, new):
        return False
    given = [name for name in rules.one_of if held.get(name) and new.get(name)]
    return not given or any(_matches(type_code, name, held, new) for name in given)


def anchor(type_code: str, payload: Payload) -> Key:
    """Return the key made of the required fields: records with different keys are about different things.

    Looking up by this key avoids comparing each of 20,000 records.
    """
    rules = catalogue.get(type_code).rules
    names = [name for name in rules.apart_by if catalogue.field(f"{type_code}#/{name}").required]
    return tuple(_plain(type_code, name, payload) for name in names)


def _matches(type_code: str, name: str, held: Payload, new: Payload) -> bool:
    left, right = held.get(name), new.get(name)
    if left in (None, "") or right in (None, "") or left == right:
        return True
    return _plain(type_code, name, held) == _plain(type_code, name, new)


def _plain(type_code: str, name: str, payload: Payload) -> Hashable:
    if catalogue.get(type_code).rules.blocks and name == "debut":
        return measure_blocks.month_of(payload)
    return plain(catalogue.field(f"{type_code}#/{name}"), payload.get(name))


def plain(info: FieldInfo, value: Any) -> Hashable:  # noqa: ANN401 - a payload's value
    """Normalise a value that may be written in several ways."""
    if not isinstance(value, str):
        return value if isinstance(value, Hashable) else str(value)
    try:
        match info.kind:
            case "decimal":
                return Decimal(value)
            case "datetime":
                return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, InvalidOperation, OverflowError):
        return value
    return tuple(words(value)) if info.kind == "text" else value
