"""Read a large JSON document element by element, so that fifty megabytes are never in memory as objects."""

import json
import re
from collections.abc import Generator, Iterator
from typing import Any

SPACE = re.compile(r"[ \t\n\r]*")


def elements(text: str) -> Iterator[tuple[str, Any]]:
    """Yield each element of the top-level lists with the list's key, and other top-level values with their key.

    If the document is a list, its key is "".

    Raises:
        ValueError: the text is not JSON; some elements may have been yielded.
    """
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    place = _skip(text, 0)
    if text[place : place + 1] == "[":
        place = yield from _list(decoder, text, place, "")
    elif text[place : place + 1] == "{":
        place = yield from _object(decoder, text, place)
    else:
        raise json.JSONDecodeError("neither a list nor an object", text[:1], 0)
    if _skip(text, place) != len(text):
        raise json.JSONDecodeError("something follows the document", "", 0)


def _object(decoder: json.JSONDecoder, text: str, place: int) -> Generator[tuple[str, Any], None, int]:
    place = _skip(text, place + 1)
    while text[place : place + 1] != "}":
        key, place = decoder.raw_decode(text, place)
        place = _expect(text, place, ":")
        if text[place : place + 1] == "[":
            place = yield from _list(decoder, text, place, str(key))
        else:
            value, place = decoder.raw_decode(text, place)
            yield str(key), value
        place = _after(text, place, "}")
    return place + 1


def _list(decoder: json.JSONDecoder, text: str, place: int, key: str) -> Generator[tuple[str, Any], None, int]:
    place = _skip(text, place + 1)
    while text[place : place + 1] != "]":
        value, place = decoder.raw_decode(text, place)
        yield key, value
        place = _after(text, place, "]")
    return place + 1


def _after(text: str, place: int, closing: str) -> int:
    """Return the place after a comma, or that of the closing bracket."""
    place = _skip(text, place)
    return place if text[place : place + 1] == closing else _expect(text, place, ",")


def _expect(text: str, place: int, mark: str) -> int:
    place = _skip(text, place)
    if text[place : place + 1] != mark:
        raise json.JSONDecodeError(f"{mark} expected", "", 0)
    return _skip(text, place + 1)


def _skip(text: str, place: int) -> int:
    match = SPACE.match(text, place)
    return match.end() if match else place


def _no_constant(name: str) -> None:
    raise ValueError(name)
