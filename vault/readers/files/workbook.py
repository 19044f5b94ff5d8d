"""Read XLSX files, ZIP archives of XML. Sizes are checked before decompression; a formula gives its text.

openpyxl is not used: it loads numpy if installed, which alone exceeds the memory of the readers' child.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from vault.readers.files.opening import HEAD, local
from vault.readers.reading import Unreadable

MAGIC = b"PK\x03\x04"
MAX_PARTS = 200
MAX_INFLATED = 100 * 1024 * 1024
#: Tables of measures compress 20 times at most.
MAX_RATIO = 100
MAX_ROWS = 200_000
MAX_COLUMNS = 100
PLACE = re.compile(r"([A-Z]{1,3})\d+")
#: The faults of a cut or broken archive, then those of one whose parts are not those of a workbook.
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError)
ZIP_FAULTS = (*DAMAGE, LookupError, ValueError)
Cell = str | float | None


def is_workbook(data: bytes) -> bool:
    return data.startswith(MAGIC) and b"xl/" in data and b"[Content_Types].xml" in data


def has_text(data: bytes, *texts: str) -> bool:
    """Return whether the workbook or the names of its sheets contain one of these texts. Never raises."""
    try:
        with _opened(data) as book:
            parts = [
                name
                for name in ("xl/workbook.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml")
                if name in book.namelist()
            ]
            return any(
                text in book.open(name).read(1024 * 1024).decode("utf-8", "replace")
                for name in parts
                for text in texts
            )
    except (*ZIP_FAULTS, Unreadable):
        return False


def sheets(data: bytes) -> list[tuple[str, list[list[Cell]]]]:
    """Return the name and rows of each sheet, in order. A row ends with its last cell."""
    from lxml import etree

    try:
        with _opened(data) as book:
            strings = list(_strings(book)) if "xl/sharedStrings.xml" in book.namelist() else []
            return [(name, list(_rows(book, path, strings))) for name, path in _parts(book)]
    except (*DAMAGE, etree.XMLSyntaxError):
        raise Unreadable("damaged") from None
    except (LookupError, ValueError):
        raise Unreadable("other_shape") from None


def _opened(data: bytes) -> zipfile.ZipFile:
    book = zipfile.ZipFile(io.BytesIO(data))
    parts = book.infolist()
    inflated = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS or inflated > MAX_INFLATED or inflated > MAX_RATIO * len(data):
        raise Unreadable("too_heavy")
    return book


def _elements(book: zipfile.ZipFile, path: str, name: str) -> Iterator[Any]:
    """Yield each element of this local name, freed after its use."""
    from lxml import etree

    with book.open(path) as part:
        head = part.read(HEAD)
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise Unreadable("other_shape")
    with book.open(path) as part:
        for _, element in etree.iterparse(
            part, events=("end",), tag=f"{{*}}{name}", resolve_entities=False, no_network=True, load_dtd=False
        ):
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def _parts(book: zipfile.ZipFile) -> list[tuple[str, str]]:
    targets = {
        one.get("Id"): one.get("Target") for one in _elements(book, "xl/_rels/workbook.xml.rels", "Relationship")
    }
    named = []
    for sheet in _elements(book, "xl/workbook.xml", "sheet"):
        relation = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), "")
        target = targets[relation]
        named.append((sheet.get("name", ""), target.lstrip("/") if target.startswith("/") else f"xl/{target}"))
    return named


def _strings(book: zipfile.ZipFile) -> Iterator[str]:
    for item in _elements(book, "xl/sharedStrings.xml", "si"):
        yield _text(item)


def _text(item: Any) -> str:  # noqa: ANN401 - lxml is untyped
    """Return the text of a cell, without phonetic guides."""
    return "".join(one.text or "" for one in item.iter() if local(one) == "t" and local(one.getparent()) != "rPh")


def _rows(book: zipfile.ZipFile, path: str, strings: list[str]) -> Iterator[list[Cell]]:
    for count, row in enumerate(_elements(book, path, "row")):
        if count == MAX_ROWS:
            raise Unreadable("too_many")
        cells: list[Cell] = []
        for cell in row:
            column = _column(cell.get("r", ""), len(cells))
            cells += [None] * (column - len(cells))
            cells.append(_value(cell, strings))
        yield cells


def _column(place: str, following: int) -> int:
    match = PLACE.fullmatch(place)
    if not match:
        return following
    rank = 0
    for letter in match[1]:
        rank = rank * 26 + ord(letter) - ord("A") + 1
    if not following < rank <= MAX_COLUMNS:
        raise ValueError("columns out of order")
    return rank - 1


def _value(cell: Any, strings: list[str]) -> Cell:  # noqa: ANN401 - lxml is untyped
    parts = {local(part): part for part in cell}
    kind = cell.get("t", "n")
    if "f" in parts:
        return f"={parts['f'].text or ''}"
    if kind == "inlineStr":
        return _text(parts["is"]) if "is" in parts else None
    text = parts["v"].text if "v" in parts else None
    if text is None:
        return None
    if kind == "s":
        return strings[int(text)]
    return float(text) if kind == "n" else text
