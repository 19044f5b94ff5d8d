"""A bank's table of any layout, since each French bank has its own. The resident confirms our guess of the columns.

Last of the formats: it accepts any table whose rows have a date and an amount.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from vault.readers import sentences
from vault.readers.files.opening import HEAD, decimal, guarded, head_of, text_of
from vault.readers.files.plain import text as line
from vault.readers.files.source_file import SourceFile
from vault.readers.formats.bank_csv.guess import guess
from vault.readers.reading import Ask, Fact, Reading, Table, Unreadable
from vault.readers.subjects import bank

FORMAT = "bank_csv"
VERSION = "1.0.0"
DELIMITERS = ";\t,|"
DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?:\s.*)?|(\d{4})-?(\d{2})-?(\d{2})(?:[T ].*)?")
#: Characters of no table. A signed code (2D-Doc) has some between its values, and commas, dates and amounts too.
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
#: The most lines about the account above a bank's table.
LINES_ABOVE = 30
MAX_COLUMNS = 40
SHOWN = 5


def recognises(data: bytes, ask: Ask) -> bool:
    if CONTROL.search(data[:HEAD]) or data.startswith((b"{", b"[", b"<", b"%")):
        return False
    try:
        return _layout(head_of(data) if len(data) > HEAD else text_of(data)) is not None
    except (csv.Error, UnicodeDecodeError):
        return False


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    text = text_of(data)
    layout = _layout(text)
    if layout is None:
        raise Unreadable("damaged")
    delimiter, headers, top = layout
    rows = [row for row in _rows(text, delimiter) if row[1:]][top:]
    if not ask.columns:
        table = Table(headers, rows[:SHOWN], guess(headers, rows[:50]))
        return Reading(FORMAT, [], [], [], 1, "text/csv", facts=[Fact("rows", str(len(rows)))], table=table)
    return _named(data, headers, rows, ask.columns)


def _layout(text: str) -> tuple[str, list[str], int] | None:
    """Return the delimiter, the headers and the number of rows before the first operation.

    Headers are just above the first row with a date and an amount that has names above it, since a line about the
    account may have both. Without headers, columns are numbered.
    """
    for delimiter in DELIMITERS:
        rows = [row for row in _rows(text, delimiter, limit=LINES_ABOVE + SHOWN) if row[1:]]
        operations = [rank for rank, row in enumerate(rows) if 2 < len(row) <= MAX_COLUMNS and _is_operation(row)]
        if not operations:
            continue
        named = next((rank for rank in operations if rank and _are_names(rows[rank - 1], len(rows[rank]))), None)
        top = operations[0] if named is None else named
        return delimiter, _headers([] if named is None else rows[named - 1], len(rows[top])), top
    return None


def _are_names(row: Sequence[str], width: int) -> bool:
    filled = [cell for cell in row if cell.strip()]
    return (
        len(row) >= width - 1
        and len(filled) > 2
        and not any(DAY.fullmatch(cell.strip()) or _money(cell) is not None for cell in filled)
    )


def _rows(text: str, delimiter: str, limit: int | None = None) -> Iterator[list[str]]:
    """Yield the rows. A quoted label may have line breaks."""
    for count, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)):
        if limit is not None and count > limit:
            return
        yield row


def _headers(row: Sequence[str], width: int) -> list[str]:
    """Return unique headers: the resident's answers are stored by header."""
    found: list[str] = []
    for rank in range(width):
        name = (line(row[rank]) if rank < len(row) else None) or f"Colonne {rank + 1}"
        found.append(name if name not in found else f"{name} ({rank + 1})")
    return found


def _is_operation(row: Sequence[str]) -> bool:
    days = [rank for rank, cell in enumerate(row) if DAY.fullmatch(cell.strip())]
    return bool(days) and any(rank not in days and _money(cell) is not None for rank, cell in enumerate(row))


def _money(cell: str) -> Decimal | None:
    return decimal(cell) if cell.strip() else None


def _named(data: bytes, headers: Sequence[str], rows: Sequence[Sequence[str]], columns: Mapping[str, str]) -> Reading:
    place = {field: rank for rank, header in enumerate(headers) if (field := columns.get(header))}
    day_first = _day_first([row[place["date_operation"]] for row in rows if len(row) > place["date_operation"]])
    statements: dict[tuple[str, str], bank.Statement] = {}
    skipped = 0
    for row in rows:
        cells = {field: row[rank].strip() for field, rank in place.items() if rank < len(row)}
        day, amount = _day(cells.get("date_operation", ""), day_first), _amount(cells)
        if day is None or amount is None:
            skipped += 1
            continue
        key = (line(cells.get("compte", "")) or "", _currency(cells.get("devise", "")))
        statements.setdefault(key, bank.Statement(*key)).operations.append(_operation(cells, day, amount, day_first))
    held = list(statements.values())
    records = bank.records(held, SourceFile(data, format=FORMAT, version=VERSION, holder=sentences.BANK))
    warnings = ([sentences.ROWS_NOT_READ] if skipped else []) if records else [sentences.NOTHING_INSIDE]
    facts = bank.facts(held) + ([Fact("rows_not_read", str(skipped))] if skipped else [])
    return Reading(FORMAT, records, [], warnings, 1, "text/csv", facts=facts)


def _operation(cells: Mapping[str, str], day: date, amount: Decimal, day_first: bool) -> bank.Operation:
    return bank.Operation(
        day=day,
        amount=amount,
        value_day=_day(cells.get("date_valeur", ""), day_first),
        label=bank.neat(cells.get("libelle", "")),
        counterpart=bank.neat(cells.get("contrepartie", "")),
        reference=bank.neat(cells.get("reference", "")),
        category=bank.neat(cells.get("categorie", "")),
    )


def _amount(cells: Mapping[str, str]) -> Decimal | None:
    """Return the signed amount. Debits are negative, with or without a sign in the table."""
    if (whole := _money(cells.get("montant", ""))) is not None:
        return whole
    out, come = _money(cells.get("debit", "")), _money(cells.get("credit", ""))
    if out is None and come is None:
        return None
    return abs(come or Decimal(0)) - abs(out or Decimal(0))


def _currency(cell: str) -> str:
    found = cell.upper()[:3]
    return found if re.fullmatch("[A-Z]{3}", found) else "EUR"


def _day_first(cells: Sequence[str]) -> bool:
    """Return whether days come before months, as in France, unless the file's dates are impossible that way."""
    return (
        bank.day_first(
            (int(match[1]), int(match[2])) for cell in cells if (match := DAY.fullmatch(cell.strip())) and match[1]
        )
        is not False
    )


def _day(cell: str, day_first: bool) -> date | None:
    match = DAY.fullmatch(cell.strip())
    if not match:
        return None
    try:
        if match[4]:
            return date(int(match[4]), int(match[5]), int(match[6]))
        left, right, year = int(match[1]), int(match[2]), int(match[3])
        year += 2000 if year < 100 else 0
        return date(year, right, left) if day_first else date(year, left, right)
    except ValueError:
        return None
