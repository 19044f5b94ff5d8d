"""One writing of a value, so that the same value always gives the same bytes: what is hashed or sealed goes through here."""

import json
from typing import Any

Json = dict[str, Any] | list[Any] | str | int | float | bool | None


def encode(value: Json) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def decode(value: bytes) -> Any:  # noqa: ANN401 - JSON's own shape
    return json.loads(value)
