"""What a confined child answers: lines of JSON, with bytes after them where their kind has some.

A hostile file may have taken the child over, so that only the form of an answer is believed: its size, its depth, its
types. Each kind of answer is a type, and `parsed` is the one way from JSON to it.
"""

import dataclasses
import json
import math
import types
from collections.abc import Mapping
from typing import IO, Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from core.unstorable import is_unstorable

Kind = TypeVar("Kind")
#: A value of JSON takes up to 64 bytes, and two bytes are enough to write one: there is one for so many bytes at most.
BYTES_OF_VALUE: Final = 16
MAX_DEPTH: Final = 24
#: Digits of a whole number. No honest answer has a larger one, and none is larger than what a column holds.
MAX_DIGITS: Final = 15
LARGEST: Final = 1e15


class BadAnswer(ValueError):
    """The answer is not of its type. Its text is in no message."""


class Cut(BadAnswer):
    """The child was stopped before its answer's end, or its answer goes on beyond what it may."""


def message(output: IO[bytes], *, most: int) -> dict[str, Any]:
    """Read one line of JSON, of `most` bytes at most.

    Raises:
        BadAnswer
    """
    line = output.readline(most + 1)
    if not line.endswith(b"\n") or len(line) > most:
        raise Cut
    found = value(line, most=most)
    if not isinstance(found, dict):
        raise BadAnswer
    return found


def value(line: bytes, *, most: int) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return a value of JSON whose numbers are finite and whose texts can be stored.

    Raises:
        BadAnswer
    """
    if sum(map(line.count, (b",", b"[", b"{"))) > most // BYTES_OF_VALUE:
        raise BadAnswer
    try:
        text = line.decode()
        found = json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):
        raise BadAnswer from None
    if ("\\u0000" in text or "\\ud" in text or "\\uD" in text) and is_unstorable(found):
        raise BadAnswer
    return found


def content(output: IO[bytes], size: object, *, most: int) -> bytes:
    """Read as many bytes as the child announced: one at least, and `most` at most.

    Raises:
        BadAnswer
    """
    if type(size) is not int or size <= 0:
        raise BadAnswer
    found = output.read(size) if size <= most else b""
    if len(found) != size:
        raise Cut
    return found


def parsed(kind: type[Kind], found: object) -> Kind:
    """Return what JSON gave as a value of this type: a dataclass, or what its fields may be.

    A field without a default is needed, and no other one may be there. `Any` is JSON of any shape, which is not deep.

    Raises:
        BadAnswer
    """
    return cast(Kind, _of(kind, found))


def require(is_so: bool) -> None:
    """Check what a type does not say.

    Raises:
        BadAnswer
    """
    if not is_so:
        raise BadAnswer


def _of(kind: Any, found: Any) -> Any:  # noqa: ANN401 - any type, any JSON
    if kind is Any:
        _require_flat(found, MAX_DEPTH)
        return found
    if dataclasses.is_dataclass(kind):
        return _dataclass(cast(type, kind), found)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return _if(isinstance(found, str) and found in inner, found)
    if origin in {Union, types.UnionType}:
        return None if found is None and type(None) in inner else _of(inner[0], found)
    if origin is tuple and inner[-1] is not Ellipsis:
        _if(isinstance(found, list) and len(found) == len(inner), found)
        return tuple(map(_of, inner, found))
    if origin in {list, tuple}:
        return origin(_of(inner[0], one) for one in _if(isinstance(found, list), found))
    if origin in {dict, Mapping}:
        return {name: _of(inner[1], one) for name, one in _if(isinstance(found, dict), found).items()}
    if kind is float:
        return _if(type(found) in {int, float}, found)
    return _if(type(found) is kind, found)


def _dataclass(kind: type, found: Any) -> Any:  # noqa: ANN401
    hints = get_type_hints(kind)
    needed = {
        one.name
        for one in dataclasses.fields(kind)
        if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
    }
    _if(isinstance(found, dict) and needed <= found.keys() <= hints.keys(), found)
    return kind(**{name: _of(hints[name], one) for name, one in found.items()})


def _if(is_so: bool, found: Any) -> Any:  # noqa: ANN401
    require(is_so)
    return found


def _require_flat(found: object, depth: int) -> None:
    if not depth:
        raise BadAnswer
    for one in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        if isinstance(one, dict | list):
            _require_flat(one, depth - 1)


def _whole(written: str) -> int:
    if len(written.lstrip("-")) > MAX_DIGITS:
        raise BadAnswer
    return int(written)


def _finite(written: str) -> float:
    found = float(written)
    if not math.isfinite(found) or abs(found) > LARGEST:
        raise BadAnswer
    return found
