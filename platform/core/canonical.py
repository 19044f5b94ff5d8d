"""Canonical JSON: equal values always encode to the same bytes. Everything hashed or sealed is encoded here."""

import json
from typing import Any

_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

Json = dict[str, Any] | list[Any] | str | int | float | bool | None


def encode(value: Json) -> bytes:
    return text(value).encode()


def text(value: Json) -> str:
    return _encoder.encode(value)


def decode(value: bytes) -> Any:  # noqa: ANN401 - JSON's own shape
    return json.loads(value)
