"""The values that a resident may type, in order, and the people they are about. The words are in the type files."""

from collections.abc import Sequence
from typing import Any

from vault import types
from vault.records.enums import Role
from vault.types import FieldInfo
from vault.types.geography import FRANCE

IDENTITY = "identite.pivot"


def typed_types() -> list[types.DataType]:
    return [data_type for data_type in types.all_types() if data_type.rules.typed]


def is_typed(code: str) -> bool:
    return types.is_known(code) and types.get(code).rules.typed


def asks_whose(code: str) -> bool:
    return not types.get(code).rules.household


def names(code: str, role: str = Role.SELF, only: Sequence[str] = ()) -> list[str]:
    """Return the fields to ask, in order. `only` narrows them, but never leaves out a required field."""
    data_type = types.get(code)
    asked: Sequence[str] = data_type.rules.asked or [pointer[1:] for pointer in data_type.fields]
    if role == Role.CHILD and data_type.rules.asked_of_child:
        asked = data_type.rules.asked_of_child
    needed = [pointer[1:] for pointer, info in data_type.fields.items() if info.required]
    if only:
        wanted = set(only) | set(needed)
        asked = [name for name in [*asked, *only] if name in wanted]
    return list(dict.fromkeys(name for name in [*asked, *needed] if f"/{name}" in data_type.fields))


def implied(code: str, name: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - of a payload
    """Return the answers that an answer gives as well: who was born in a French commune was born in France."""
    return {"birthcountry": FRANCE} if (code, name) == (IDENTITY, "birthplace") and value else {}


def field(code: str, name: str) -> FieldInfo:
    return types.field(f"{code}#/{name}")
