"""A bank's table of any layout, since each French bank has its own. The resident confirms our guess of the columns.

Last of the formats: it accepts any table whose rows have a date and an amount.
"""

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from vault.readers import sentences
from vault.readers.files.opening import DELIMITERS, HEAD, fold, guarded, head_of, rows_of, text_of
from vault.readers.files.plain import text as line
from vault.readers.files.source_file import SourceFile
from vault.readers.files.text import CONTROL
from vault.readers.formats.bank_csv import amounts
from vault.readers.formats.bank_csv.amounts import AMOUNT, BALANCE, CREDIT, DEBIT, DIRECTION
from vault.readers.formats.bank_csv.guess import guess
from vault.readers.reading import Ask, Fact, Reading, Table, Unreadable
from vault.readers.subjects import bank

FORMAT = "bank_csv"
VERSION = "1.0.0"
#: Heads of tables of energy and of places, which have dates and numbers too.
NOT_A_BANK = re.compile(r"\b[km]?wh\b|\blat(?:itude)?(?:e7)?\b|\b(?:lon|lng|longitude)(?:e7)?\b")
#: Operations that are not made yet, and those that never were, by the words of their state.
PENDING = re.compile(r"pending|attente|a venir|en cours|prevu|previsionnel|authori[sz]ed|non comptabilise|scheduled")
NOT_MADE = re.compile(r"revert|declin|cancel|annul|refus|rejet|reject|fail|echou")
CURRENCIES = {"$": "USD", "£": "GBP", "€": "EUR", "USD": "USD", "GBP": "GBP", "CHF": "CHF", "EUR": "EUR"}
CURRENCY = re.compile("|".join(map(re.escape, CURRENCIES)))
DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?:\s.*)?|(\d{4})-?(\d{2})-?(\d{2})(?:[T ].*)?")
#: A date whose year has two figures: what comes first may be the year too.
SHORT_YEAR = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2}(?:\s.*)?$")
#: The most lines about the account above a bank's table.
LINES_ABOVE = 30
#: A table of more operations than a vault takes is read for its newest days; a longer one is refused.
MOST_ROWS = 100_000
MAX_COLUMNS = 40
SHOWN = 5


def recognises(data: bytes, ask: Ask) -> bool:
    head = head_of(data)
    # A signed code (2D-Doc) has control characters between its values, and commas, dates and amounts too.
    if CONTROL.search(head) or head.startswith(("{", "[", "<", "%")):
        return False
    try:
        return _layout(head if len(data) > HEAD else text_of(data)) is not None
    except (csv.Error, UnicodeDecodeError):
        return False


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    text = text_of(data)
    layout = _layout(text)
    if layout is None:
        raise Unreadable("other_shape")
    delimiter, headers, top = layout
    rows = [row for row in _rows(text, delimiter) if row[1:]][top:]
    if len(rows) > MOST_ROWS + LINES_ABOVE:
        raise Unreadable("too_many")
    if not ask.columns:
        table = Table(headers, rows[:SHOWN], guess(headers, rows[:50]))
        return Reading(FORMAT, [], [], [], 1, "text/csv", facts=[Fact("rows", str(len(rows)))], table=table)
    return _named(data, headers, rows, ask.columns)


def _layout(text: str) -> tuple[str, list[str], int] | None:
    """Return the delimiter, the headers and the number of rows before the first operation.

    Headers are just above the first row with a date and an amount that has names above it, since a line about the
    account may have both. Rows with a date whose amount is not understood may come between. Without headers, columns
    are numbered.
    """
    for delimiter in DELIMITERS:
        rows = [row for row in _rows(text, delimiter, limit=LINES_ABOVE + SHOWN) if row[1:]]
        operations = [rank for rank, row in enumerate(rows) if 2 < len(row) <= MAX_COLUMNS and _is_operation(row)]
        if not operations:
            continue
        tops = [_top(rows, rank) for rank in operations]
        named = next((rank for rank in tops if rank and _are_names(rows[rank - 1], len(rows[rank]))), None)
        top = tops[0] if named is None else named
        if named is not None and any(NOT_A_BANK.search(fold(cell).replace("_", " ")) for cell in rows[named - 1]):
            return None
        return delimiter, _headers([] if named is None else rows[named - 1], len(rows[top])), top
    return None


def _top(rows: Sequence[Sequence[str]], rank: int) -> int:
    """Return the first of the rows with a date that lead to this one, which have as many cells."""
    while (
        rank and len(rows[rank - 1]) == len(rows[rank]) and any(DAY.fullmatch(cell.strip()) for cell in rows[rank - 1])
    ):
        rank -= 1
    return rank


def _are_names(row: Sequence[str], width: int) -> bool:
    filled = [cell for cell in row if cell.strip()]
    return (
        len(row) >= width - 1
        and len(filled) > 2
        and not any(DAY.fullmatch(cell.strip()) or bank.parse_money(cell) is not None for cell in filled)
    )


def _rows(text: str, delimiter: str, limit: int | None = None) -> Iterator[list[str]]:
    """Yield the rows. A quoted label may have line breaks."""
    return itertools.islice(rows_of(text, delimiter), limit)


def _headers(row: Sequence[str], width: int) -> list[str]:
    """Return unique headers: the resident's answers are stored by header."""
    found: list[str] = []
    for rank in range(width):
        name = (line(row[rank]) if rank < len(row) else None) or f"Colonne {rank + 1}"
        found.append(name if name not in found else f"{name} ({rank + 1})")
    return found


def _is_operation(row: Sequence[str]) -> bool:
    days = [rank for rank, cell in enumerate(row) if DAY.fullmatch(cell.strip())]
    return bool(days) and any(rank not in days and bank.parse_money(cell) is not None for rank, cell in enumerate(row))


def _named(data: bytes, headers: Sequence[str], rows: Sequence[Sequence[str]], columns: Mapping[str, str]) -> Reading:
    place = {field: rank for rank, header in enumerate(headers) if (field := columns.get(header))}
    if AMOUNT in place and {DEBIT, CREDIT} & set(place):
        raise Unreadable("amount_twice")
    written = [row[place["date_operation"]].strip() for row in rows if len(row) > place["date_operation"]]
    order = _order(written)
    day_first = order is not False
    rows, older = _newest(rows, place["date_operation"], day_first)
    cells_of_rows = [{field: row[rank].strip() for field, rank in place.items() if rank < len(row)} for row in rows]
    mark = bank.find_decimal_mark(
        cells.get(name, "") for cells in cells_of_rows for name in (AMOUNT, DEBIT, CREDIT, BALANCE)
    )
    left: Counter[str] = Counter()
    held = _gather_statements(rows, cells_of_rows, mark, _usual_currency(headers, place), day_first, left)
    if left["undirected"] and not held:
        raise Unreadable("direction_unclear")
    records = bank.records(held, SourceFile(data, format=FORMAT, version=VERSION, holder=sentences.BANK))
    made = [one.amount for statement in held for one in statement.operations]
    said = {
        sentences.ROWS_NOT_READ: left["rows"],
        sentences.ROWS_WITHOUT_DIRECTION: left["undirected"],
        sentences.PENDING: left["pending"],
        sentences.NOT_MADE: left["not_made"],
        sentences.OLDER: older,
        sentences.DAYS_FIRST: records and order is None and any(_is_open(cell) for cell in written),
        sentences.SHORT_YEARS: records and any(SHORT_YEAR.match(cell) for cell in written),
        sentences.ALL_COME_IN: AMOUNT in place and DIRECTION not in place and len(made) > 1 and min(made) >= 0,
        sentences.BALANCES_DIFFER: any(one.adds_up is False for one in held),
        sentences.NOTHING_INSIDE: not records,
    }
    counted = {"rows_not_read": left["rows"] + left["undirected"], "rows_older": older}
    facts = bank.facts(held, records) + [Fact(code, str(count)) for code, count in counted.items() if count]
    warnings = [sentence for sentence, applies in said.items() if applies]
    return Reading(FORMAT, records, bank.checks(held), warnings, 1, "text/csv", facts=facts)


def _gather_statements(
    rows: Sequence[Sequence[str]],
    cells_of_rows: Sequence[amounts.Cells],
    mark: str,
    usual: str,
    day_first: bool,
    left: Counter[str],
) -> list[bank.Statement]:
    """Return a statement for each account and currency, and count in `left` the rows that none of them has."""
    signed = any((bank.parse_money(cells.get(AMOUNT, "")) or 0) < 0 for cells in cells_of_rows)
    statements: dict[tuple[str, str], bank.Statement] = {}
    balances: dict[tuple[str, str], list[Decimal | None]] = {}
    section = ""
    for row, cells in zip(rows, cells_of_rows, strict=True):
        section = _section(row, section)
        day = _day(cells.get("date_operation", ""), day_first)
        amount = amounts.read_amount(cells, mark, signed=signed)
        if day is None or amount is None:
            undirected = day and DIRECTION in cells and bank.parse_money(cells.get(AMOUNT, "")) is not None
            left["undirected" if undirected else "rows"] += 1
            continue
        if state := _state(cells.get("etat", "")) or section:
            left[state] += 1
            continue
        key = (line(cells.get("compte", "")) or "", _currency(cells, usual))
        statements.setdefault(key, bank.Statement(*key)).operations.append(_operation(cells, day, amount, day_first))
        balances.setdefault(key, []).append(amounts.read_balance(cells, mark))
    for key, one in statements.items():
        amounts.set_balances(one, balances[key])
    return list(statements.values())


def _newest(rows: Sequence[Sequence[str]], place: int, day_first: bool) -> tuple[Sequence[Sequence[str]], int]:
    """Return the rows of the newest whole days, no more than a vault takes, and the number of older ones.

    Rows without a date stay: they may start a section.

    Raises:
        Unreadable: the newest day alone has more.
    """
    if len(rows) <= bank.MOST_OPERATIONS:
        return rows, 0
    days = [_day(row[place], day_first) if len(row) > place else None for row in rows]
    dated = sorted((day for day in days if day), reverse=True)
    if len(dated) <= bank.MOST_OPERATIONS:
        return rows, 0
    if (last := dated[bank.MOST_OPERATIONS]) == dated[0]:
        raise Unreadable("too_many")
    kept = [row for row, day in zip(rows, days, strict=True) if day is None or day > last]
    return kept, len(rows) - len(kept)


def _section(row: Sequence[str], section: str) -> str:
    """Return the state of the rows from here on: a row of one cell, such as “Opérations à venir”, starts a section."""
    filled = [cell for cell in row if cell.strip()]
    return _state(filled[0]) if len(filled) == 1 else section


def _state(text: str) -> str:
    folded = fold(text) if text else ""
    return "pending" if PENDING.search(folded) else "not_made" if NOT_MADE.search(folded) else ""


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


def _currency(cells: Mapping[str, str], usual: str) -> str:
    """Return the currency of a row: that of its own column, else of its amount, else of the header, else the euro."""
    found = cells.get("devise", "").upper()[:3]
    if re.fullmatch("[A-Z]{3}", found):
        return found
    amounts = " ".join(cells.get(name, "") for name in ("devise", AMOUNT, DEBIT, CREDIT))
    match = CURRENCY.search(amounts.upper())
    return CURRENCIES[match[0]] if match else usual


def _usual_currency(headers: Sequence[str], place: Mapping[str, int]) -> str:
    """Return the currency that the header of an amount names: `Montant (USD)`."""
    names = " ".join(headers[rank] for field, rank in place.items() if field in {AMOUNT, DEBIT, CREDIT})
    match = CURRENCY.search(names.upper())
    return CURRENCIES[match[0]] if match else "EUR"


def _order(cells: Sequence[str]) -> bool | None:
    """Return whether days come before months in this table, or None where its dates may be read both ways."""
    return bank.day_first(
        (int(match[1]), int(match[2])) for cell in cells if (match := DAY.fullmatch(cell)) and match[1]
    )


def _is_open(cell: str) -> bool:
    match = DAY.fullmatch(cell)
    return match is not None and match[1] is not None and match[1] != match[2]


def _day(cell: str, day_first: bool) -> date | None:
    match = DAY.fullmatch(cell.strip())
    if not match:
        return None
    try:
        if match[4]:
            return date(int(match[4]), int(match[5]), int(match[6]))
        left, right, year = int(match[1]), int(match[2]), int(match[3])
        year += (2000 if year < bank.LAST_CENTURY else 1900) if year < 100 else 0
        return date(year, right, left) if day_first else date(year, left, right)
    except ValueError:
        return None
