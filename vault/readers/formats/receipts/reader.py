"""Purchases exported for the owner of a loyalty card by Auchan, Carrefour, E.Leclerc, Intermarché and Picard.

A table of lines, possibly with a table of receipts joined by the receipt's number: two CSV files in one ZIP
(E.Leclerc), two sheets (Carrefour), or one below the other (Picard). The columns come from the public mapping of Open
Prices, not from real exports. One record per receipt.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from vault.readers import sentences
from vault.readers.files import plain, workbook
from vault.readers.files.opening import HEAD, fold, guarded, head_of, rows_of, text_of
from vault.readers.formats.receipts.layouts import LAYOUTS, Layout
from vault.readers.found import Found
from vault.readers.reading import Ask, Reading, Unreadable

FORMAT = "receipts"
VERSION = "1.0.0"
ZIP = b"PK\x03\x04"
DELIMITERS = ";,\t|"
MAX_FILES = 10
MAX_INFLATED = 64 * 1024 * 1024
#: Texts of purchases compress 20 times at most.
MAX_RATIO = 100
MAX_COLUMNS = 200
#: Ten years of a large household's shopping.
MAX_LINES = 200_000
MAX_LINES_OF_ONE = 1_000
ZIP_FAULTS = workbook.ZIP_FAULTS

Row = Mapping[str, str]


def recognises(data: bytes, ask: Ask) -> bool:
    if data.startswith(ZIP):
        return workbook.is_workbook(data) and workbook.has_text(data, "Code Barre du produit") or _zipped_names(data)
    return _layout_of(head_of(data)) is not None


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    found = Found(data, reader=FORMAT, version=VERSION, media_type=_media_type(data), holder="enseigne")
    lines: list[tuple[Layout, Row]] = []
    tickets: dict[str, Row] = {}
    for layout, kind, row in _rows(data):
        if kind == "line":
            lines.append((layout, row))
            if len(lines) > MAX_LINES:
                raise Unreadable("too_many")
        else:
            tickets[row.get(layout.number, "")] = row
    if not lines and not tickets:
        raise Unreadable("no_data")
    if not any(_day_of(layout, row, tickets) for layout, row in lines):
        alone = not lines or not tickets and all(layout.ticket for layout, _ in lines)
        raise Unreadable("two_files" if alone else "other_shape")
    _keep(lines, tickets, found)
    return found.reading()


def _keep(lines: Iterable[tuple[Layout, Row]], tickets: Mapping[str, Row], found: Found) -> None:
    receipts: dict[tuple[str, str, str, str], list[Row]] = {}
    layouts = {layout.chain: layout for layout in LAYOUTS}
    undated = 0
    for layout, row in lines:
        on = _day_of(layout, row, tickets)
        if on is None:
            undated += 1
            continue
        ticket = tickets.get(row.get(layout.number, ""), {}) if layout.number else {}
        shop = row.get(layout.shop) or ticket.get(layout.shop, "")
        receipts.setdefault((layout.chain, on, row.get(layout.number, "") if layout.number else "", shop), []).append(
            row
        )
    for (chain, on, number, shop), rows in receipts.items():
        _receipt(layouts[chain], on, number, shop, rows, found)
    _show_totals(found)
    if undated:
        found.warn(sentences.LINES_LEFT_OUT)


def _show_totals(found: Found) -> None:
    """Show the totals of the receipts that are kept."""
    kept = [record["payload"] for record in found.records]
    days = sorted(one["date"] for one in kept)
    found.fact("chain", ", ".join(dict.fromkeys(one["enseigne"] for one in kept)) or None)
    found.fact("receipts", len(kept))
    found.fact("items", sum(len(one["lignes"]) for one in kept))
    found.fact("total", f"{sum((Decimal(one['total']) for one in kept), Decimal(0)):.2f}", "EUR")
    found.fact("first_day", days[0] if days else None)
    found.fact("last_day", days[-1] if days else None)


def _receipt(layout: Layout, on: str, number: str, shop: str, rows: Sequence[Row], found: Found) -> None:
    lines = [line for row in rows[:MAX_LINES_OF_ONE] if (line := _line(layout, row))]
    if len(lines) < len(rows):
        found.warn(sentences.LINES_LEFT_OUT)
    if not lines:
        return
    total = sum((Decimal(line["montant"]) for line in lines), Decimal(0))
    payload = {
        "enseigne": layout.chain,
        "magasin": plain.text(shop),
        "date": on,
        "numero": plain.text(number),
        "total": f"{total:.2f}",
        "lignes": lines,
    }
    found.keep("achats.ticket", payload)


def _line(layout: Layout, row: Row) -> dict[str, Any] | None:
    """Return a line's values, None without price or name. A missing price is that of a piece times the quantity."""
    label, quantity = plain.text(row.get(layout.label)), plain.amount(row.get(layout.quantity))
    written = plain.amount(row.get(layout.amount)) if layout.amount else None
    each = plain.amount(row.get(layout.unit_price)) if layout.unit_price else None
    amount = each * (1 if quantity is None else quantity) if written is None and each is not None else written
    if label is None or amount is None:
        return None
    if each is None and quantity:
        each = amount / quantity
    return _code(plain.text(row.get(layout.code))) | plain.known(
        {
            "libelle": label,
            "quantite": float(quantity) if quantity is not None else None,
            # A fraction means that the product is sold by weight.
            "unite": None if quantity is None else "piece" if quantity % 1 == 0 else "kg",
            "prix_unitaire": None if each is None else plain.money(each),
            "montant": plain.money(amount),
            "remise": plain.money(_discount(layout, row)),
        }
    )


def _discount(layout: Layout, row: Row) -> str | None:
    """Return the discount. Carrefour's column is named by a sentence, of which the start is compared."""
    return next((value for name, value in row.items() if layout.discount and name.startswith(layout.discount)), None)


def _code(written: str | None) -> dict[str, str]:
    """Return the barcode, or the shop's own code of what it weighs, packs or sells loose."""
    digits = (written or "").strip("|").strip().removesuffix(".0")
    if not digits:
        return {}
    return {"ean": digits} if is_barcode(digits) else {"code_interne": digits}


def is_barcode(digits: str) -> bool:
    """Verify GS1's check digit.

    Prefixes 2 and 02 (2 and 0 of eight digits) are internal to a shop; final zeros mean a made-up code.
    """
    if not re.fullmatch(r"\d{8}|\d{12,14}", digits) or digits.endswith("00000"):
        return False
    inside = ("0", "2") if len(digits) == 8 else ("2", "02")
    if (digits if len(digits) == 8 else digits.zfill(13)[-13:]).startswith(inside):
        return False
    weighted = sum(int(digit) * (3 if rank % 2 == 0 else 1) for rank, digit in enumerate(reversed(digits[:-1])))
    return (10 - weighted % 10) % 10 == int(digits[-1])


def _day_of(layout: Layout, row: Row, tickets: Mapping[str, Row]) -> str | None:
    ticket = tickets.get(row.get(layout.number, ""), {}) if layout.number else {}
    return plain.day(row.get(layout.date)) or plain.day(ticket.get(layout.date))


def _rows(data: bytes) -> Iterator[tuple[Layout, str, Row]]:
    """Yield each row, named by the header above it: a file may have several tables."""
    for table in _tables(data):
        layout, kind, names = None, "", []
        for cells in table:
            if len(cells) > MAX_COLUMNS:
                raise Unreadable("too_heavy")
            folded = [fold(cell or "") for cell in cells]
            if header := _header(frozenset(folded)):
                (layout, kind), names = header, folded
            elif layout:
                yield layout, kind, {name: _cell(cell) for name, cell in zip(names, cells, strict=False) if name}


def _header(names: frozenset[str]) -> tuple[Layout, str] | None:
    for layout in LAYOUTS:
        if layout.line <= names:
            return layout, "line"
    return next(((layout, "ticket") for layout in LAYOUTS if layout.ticket and layout.ticket <= names), None)


def _tables(data: bytes) -> Iterator[Iterable[Sequence[workbook.Cell]]]:
    if not data.startswith(ZIP):
        yield _csv(text_of(data))
    elif workbook.is_workbook(data):
        yield from (rows for _, rows in workbook.sheets(data))
    else:
        yield from (_csv(text_of(one)) for one in _unzipped(data))


def _csv(text: str) -> Iterator[list[str]]:
    return rows_of(text, delimiter=_delimiter(text[:HEAD]))


def _delimiter(head: str) -> str:
    first = next((line for line in head.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=first.count)


def _layout_of(head: str) -> Layout | None:
    """Recognise the layout by a header or titles in the first lines."""
    for line in head.splitlines()[:10]:
        delimiter = _delimiter(line)
        if line.count(delimiter) < MAX_COLUMNS and (
            header := _header(frozenset(fold(cell.strip('"')) for cell in line.split(delimiter)))
        ):
            return header[0]
    return None


def _zipped_names(data: bytes) -> bool:
    """Return whether the file is a ZIP with a CSV file of a known header. Never raises."""
    try:
        return any(_layout_of(head_of(one)) for one in _unzipped(data, limit=HEAD))
    except (*ZIP_FAULTS, Unreadable):
        return False


def _unzipped(data: bytes, limit: int = MAX_INFLATED) -> Iterator[bytes]:
    """Yield each file of the ZIP, or its start. Announced sizes are checked before decompression, which is bounded."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = [part for part in archive.infolist() if not part.filename.endswith("/")]
            inflated = sum(part.file_size for part in parts)
            if len(parts) > MAX_FILES or inflated > min(MAX_INFLATED, MAX_RATIO * len(data)):
                raise Unreadable("too_heavy")
            for part in parts:
                with archive.open(part) as stream:
                    yield stream.read(limit)
    except ZIP_FAULTS:
        raise Unreadable("damaged") from None


def _cell(cell: workbook.Cell) -> str:
    return "" if cell is None else str(cell).strip()


def _media_type(data: bytes) -> str:
    return "application/zip" if data.startswith(ZIP) else "text/csv"
