"""Parse untrusted text, JSON and XML: sizes are bounded, entities and invalid numbers refused, by `Unreadable`."""

import csv
import functools
import io
import json
import math
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from vault.readers.files import text as texts
from vault.readers.reading import Ask, Reading, Unreadable

HEAD = 64 * 1024
#: No household measures or pays as much: a larger number is a fault or an attack.
LARGEST = 1e12
NUMBER = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,15})?(?:[eE][+-]?\d{1,2})?")
THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+,\d{1,15}")
UNCLEAR = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
WITH_UNIT = re.compile(r"(.*\d)\s*([a-z]+3?)")
#: The words of a missing measure.
GAPS = {"", "na", "n/a", "nan", "null", "none", "nd", "n.d.", "-", "--", "absence de donnees", "non disponible"}
AMOUNT = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?")
SPACES = re.compile(r"[\s\u00a0\u202f']")
#: The errors that a reader raises on a file of an unexpected shape.
SHAPE_FAULTS = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    OSError,
    RuntimeError,
    StopIteration,
    csv.Error,
)
FRENCH_MOMENT = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


#: The errors of a file that is cut or spoilt, whatever its format.
DAMAGE = (json.JSONDecodeError, zipfile.BadZipFile, zlib.error, EOFError, UnicodeError)


def guarded(read: Callable[[bytes, Ask], Reading]) -> Callable[[bytes, Ask], Reading]:
    """Make a reader refuse a file that breaks its format: as damaged if it is cut, else as of another shape."""

    @functools.wraps(read)
    def reads(data: bytes, ask: Ask) -> Reading:
        try:
            return read(data, ask)
        except DAMAGE:
            raise Unreadable("damaged") from None
        except SHAPE_FAULTS:
            raise Unreadable("other_shape") from None

    return reads


def head_of(data: bytes) -> str:
    """Return the first characters, to recognise a format; a character cut at the end is dropped. Never raises."""
    return texts.decoded(data[:HEAD])


def text_of(data: bytes) -> str:
    return texts.decoded(data)


DELIMITERS = ";\t,|"


def delimiter_of(line: str) -> str:
    """Return the delimiter of a table's header, whichever program wrote it."""
    return max(DELIMITERS, key=line.count)


def cells_of(line: str) -> list[str]:
    """Return the folded cells of one line, such as a header."""
    return [fold(cell.strip().strip('"')) for cell in line.split(delimiter_of(line))]


def rows_of(text: str, delimiter: str = ";") -> Iterator[list[str]]:
    """Yield the rows of a CSV, without the empty ones.

    A last row that no line end closes is left out if it is shorter than the one before: the file is cut there.
    """
    held: list[str] = []
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        if not any(row):
            continue
        if held:
            yield held
        before, held = len(held), row
    if held and (text.endswith("\n") or len(held) >= before):
        yield held


def fold(text: object) -> str:
    """Normalise a header for comparison: no accents, lower case, no spaces around."""
    return unicodedata.normalize("NFKD", str(text)).encode("ascii", "ignore").decode().strip().lower()


def moment_of(text: str) -> datetime:
    """Return the moment of an ISO text or of the French `31/12/2024 23:30`.

    Raises:
        ValueError: the text is neither.
    """
    text = text.strip()
    if match := FRENCH_MOMENT.fullmatch(text):
        day, month, year, hour, minute, second = (int(part or 0) for part in match.groups())
        return datetime(year, month, day, hour, minute, second)
    return datetime.fromisoformat(text)


def json_of(data: bytes) -> Any:  # noqa: ANN401 - a document of any shape
    return json.loads(text_of(data), parse_constant=_no_constant)


def json_has(data: bytes, *keys: str) -> bool:
    """Return whether the file starts as JSON and its head has one of these keys, if any is given, at any depth."""
    head = head_of(data).lstrip()
    if not head.startswith(("{", "[")):
        return False
    return not keys or re.search(rf'"(?:{"|".join(map(re.escape, keys))})"\s*:', head) is not None


def path_of(endpoint: str) -> str:
    """Return the path of a URL, without its server and query, which may change."""
    return re.sub(r"^[a-z]+://[^/]*", "", endpoint).partition("?")[0]


def _no_constant(name: str) -> None:
    raise ValueError(name)


def xml_of(data: bytes) -> Any:  # noqa: ANN401 - lxml is untyped
    """Return the root element. Entities, DTDs, network access, deep trees and huge texts are refused.

    Raises:
        Unreadable: the XML is refused or damaged.
    """
    from lxml import etree

    if b"<!DOCTYPE" in data[:HEAD] or b"<!ENTITY" in data[:HEAD]:
        raise Unreadable("other_shape")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Unreadable("damaged") from None
    if root is None or root.getroottree().docinfo.doctype:
        raise Unreadable("other_shape")
    return root


def local(element: Any) -> str:  # noqa: ANN401 - lxml is untyped
    """Return an element's name without its namespace, which often is all that differs between versions of a format."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def child(element: Any, *path: str) -> Any:  # noqa: ANN401 - lxml is untyped
    """Return the first descendant along these local names, or None."""
    for name in path:
        element = next((one for one in element if local(one) == name), None) if element is not None else None
    return element


def words(element: Any, *path: str) -> str:  # noqa: ANN401 - lxml is untyped
    found = child(element, *path)
    return (found.text or "").strip() if found is not None else ""


def number(value: object) -> float | int | None:
    """Return the measure `752`, `"752"`, `"1,5"` or `"1.234,5"`; None if there is none ("", "NA", null).

    Raises:
        ValueError: the number is too large or not finite.
    """
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        plain = SPACES.sub("", value)
        plain = plain.replace(".", "") if THOUSANDS.fullmatch(plain) else plain
        if not NUMBER.fullmatch(plain):
            return None
        value = float(plain.replace(",", "."))
    if not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > LARGEST:
        raise ValueError("not a measure")
    return int(value) if value == int(value) else value


def measure(value: object, units: Mapping[str, float], *, has_point: bool = False) -> float | int | None:
    """Return a measure in the first of these units, or None for a gap. A cell may name another one, as `1.234,5 Wh`.

    Args:
        has_point: the format writes decimals after a point. Without it, `1.234` alone may be more than a thousand.

    Raises:
        Unreadable: the cell is neither a number that has one meaning nor one of the words for a gap.
    """
    if not isinstance(value, str):
        return number(value)
    text, factor = fold(value), 1.0
    if (match := WITH_UNIT.fullmatch(text)) and match[2] in units:
        text, factor = match[1].strip(), units[match[2]]
    found = number(text)
    if found is None and text not in GAPS or not has_point and UNCLEAR.fullmatch(text):
        raise Unreadable("measure_unclear")
    return None if found is None else number(round(found * factor, 6))


def decimal(text: str) -> Decimal | None:
    """Return an amount written by a bank: `-1 234,56`, `1.234,56`, `1,234.56`, `12,5-`, `(12,5)`, `$1`; else None."""
    plain = re.sub(r"[€$£]|EUR|USD|GBP|CHF", "", SPACES.sub("", text).replace("\u2212", "-"))
    if plain.endswith("-") or plain.startswith("(") and plain.endswith(")"):
        plain = "-" + plain.removeprefix("(")[:-1]
    if "," in plain and "." in plain:
        thousands = "," if plain.rfind(",") < plain.rfind(".") else "."
        plain = plain.replace(thousands, "")
    plain = plain.replace(",", ".")
    if plain.count(".") > 1:
        plain = plain.replace(".", "")
    if not AMOUNT.fullmatch(plain):
        return None
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None
