"""Bank statements of any format. Amounts are decimals; a statement that does not add up is flagged, not corrected."""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from vault.readers.files.opening import decimal
from vault.readers.files.plain import text as line
from vault.readers.files.source_file import SourceFile, instant
from vault.readers.reading import CheckResult, Fact, Unreadable, check
from vault.readers.subjects.measures import PARIS

CENT = Decimal("0.01")
MONTHS = 12
#: Years of two digits are in this century, and from this one in the last century.
LAST_CENTURY = 70
#: An amount that reads two ways: `1,200` is twelve hundred in English, and 1.20 in French.
OPEN = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")


@dataclasses.dataclass(frozen=True)
class Operation:
    day: date
    amount: Decimal
    value_day: date | None = None
    label: str = ""
    counterpart: str = ""
    reference: str = ""
    category: str = ""


@dataclasses.dataclass
class Statement:
    """A statement of one account. Without a name, `account` is empty; without both balances, `adds_up` is None."""

    account: str
    currency: str
    kind: str = ""
    opening: Decimal | None = None
    closing: Decimal | None = None
    closed_at: datetime | None = None
    operations: list[Operation] = dataclasses.field(default_factory=list)
    adds_up: bool | None = None

    @property
    def computed(self) -> Decimal | None:
        return (
            None if self.opening is None else self.opening + sum((one.amount for one in self.operations), Decimal(0))
        )

    def judge(self) -> None:
        """Set `adds_up`: compare the opening balance and operations with the closing balance, if both are known."""
        if self.computed is not None and self.closing is not None:
            self.adds_up = self.computed == self.closing


def day_first(starts: Iterable[tuple[int, int]]) -> bool | None:
    """Return whether the day comes before the month, or None if both orders are possible.

    Args:
        starts: the first two numbers of each date.
    """
    shown = {(left > MONTHS, right > MONTHS) for left, right in starts}
    if (True, False) in shown:
        return True
    return False if (False, True) in shown else None


def parse_money(cell: str) -> Decimal | None:
    return decimal(cell) if cell.strip() else None


def find_decimal_mark(cells: Iterable[str]) -> str:
    """Return the mark before the cents in this table, or an empty text if no amount shows it and none needs it.

    Raises:
        Unreadable: amounts read two ways, and nothing in the table says which.
    """
    marks, is_open = set(), False
    for cell in cells:
        figures = re.sub(r"[^\d.,]", "", cell)
        found = re.findall("[.,]", figures)
        if not found or parse_money(cell) is None:
            continue
        if OPEN.fullmatch(figures):
            is_open = True
        elif len(found) == 1 or len(set(found)) > 1:
            marks.add(found[-1])
        else:
            marks.add("." if found[0] == "," else ",")
    if is_open and len(marks) != 1:
        raise Unreadable("amount_unclear")
    return marks.pop() if len(marks) == 1 else ""


def parse_amount(cell: str, mark: str) -> Decimal | None:
    found = parse_money(cell)
    figures = re.sub(r"[^\d.,]", "", cell)
    if found is None or not mark or not OPEN.fullmatch(figures) or mark in figures:
        return found
    return parse_money(re.sub("[.,]", "", cell))


#: No household pays, receives or holds as much.
MOST_MONEY = 1_000_000_000
#: Fifteen years of an account that is used three times a day. Above, a page would wait more than three seconds.
MOST_OPERATIONS = 20_000


def amount(value: Decimal) -> str:
    """Return an amount in euros and cents: `-12.50` for -12.5."""
    return f"{value.quantize(CENT):f}"


def records(statements: Sequence[Statement], source: SourceFile) -> list[dict[str, Any]]:
    """Return one record per account, of its last statement, and one per operation.

    Raises:
        Unreadable: there are more than `MOST_OPERATIONS`, or an amount is more than `MOST_MONEY`.
    """
    held_amounts = (one.amount for held in statements for one in held.operations)
    if any(abs(one) > MOST_MONEY for one in (*held_amounts, *(held.closing or Decimal(0) for held in statements))):
        raise Unreadable("too_large_money")
    if sum(len(held.operations) for held in statements) > MOST_OPERATIONS:
        raise Unreadable("too_many")
    latest: dict[str, Statement] = {}
    for one in statements:
        held = latest.get(one.account)
        if one.account and (held is None or _closed(one) >= _closed(held)):
            latest[one.account] = one
    accounts = [_account(one, source) for one in latest.values()]
    return accounts + [_operation(held, one, source) for held in statements for one in held.operations]


def _closed(one: Statement) -> datetime:
    return one.closed_at or datetime.min.replace(tzinfo=PARIS)


def _account(one: Statement, source: SourceFile) -> dict[str, Any]:
    payload: dict[str, Any] = {"identifiant": one.account, "devise": one.currency}
    payload |= {"type": one.kind} if one.kind else {}
    if one.closing is not None:
        payload |= {"solde": amount(one.closing)} | ({"date_solde": instant(one.closed_at)} if one.closed_at else {})
    return source.record("banque.compte", payload, quality=_flags(one, one.closing or Decimal(0)))


def _operation(held: Statement, one: Operation, source: SourceFile) -> dict[str, Any]:
    payload = {
        "compte": held.account,
        "date_operation": one.day.isoformat(),
        "date_valeur": one.value_day.isoformat() if one.value_day else "",
        "montant": amount(one.amount),
        "devise": held.currency,
        "libelle": one.label,
        "contrepartie": one.counterpart,
        "reference": one.reference,
        "categorie": one.category,
    }
    start = datetime.combine(one.day, time(0), tzinfo=PARIS)
    known = {name: value for name, value in payload.items() if value}
    return source.record("banque.operation", known, start=start, quality=_flags(held, one.amount))


def _flags(held: Statement, value: Decimal) -> list[str]:
    """Return the quality flags. `truncated`: the bank writes fractions of a cent, the vault stores cents."""
    flags = ["truncated"] if value != value.quantize(CENT) else []
    return [*flags, "unreconciled"] if held.adds_up is False else flags


def facts(statements: Sequence[Statement], records: Sequence[Mapping[str, Any]]) -> list[Fact]:
    """Return the totals of the operations among these records, by currency, and what the bank's balances say."""
    operations = [record["payload"] for record in records if record["type"] == "banque.operation"]
    found = [
        Fact("accounts", str(len({held.account for held in statements}))),
        Fact("statements", str(len(statements))),
        Fact("operations", str(len(operations))),
    ]
    for currency in dict.fromkeys(held.currency for held in statements):
        amounts = [Decimal(one["montant"]) for one in operations if one["devise"] == currency]
        found += _sums(amounts, currency, [held for held in statements if held.currency == currency])
    days = sorted(one["date_operation"] for one in operations)
    return found + ([Fact("first_day", days[0]), Fact("last_day", days[-1])] if days else [])


def _sums(amounts: Iterable[Decimal], currency: str, statements: Sequence[Statement]) -> list[Fact]:
    amounts = list(amounts)
    gained, spent = (sum((one for one in amounts if (one > 0) is sign), Decimal(0)) for sign in (True, False))
    sums = {"money_in": gained, "money_out": spent, "money_net": gained + spent}
    if len(statements) == 1 and statements[0].closing is not None:
        sums["balance"] = statements[0].closing
    differences = [
        held.closing - held.computed for held in statements if held.closing is not None and held.computed is not None
    ]
    sums |= {"balance_difference": sum(differences, Decimal(0))} if any(differences) else {}
    return [_money(code, value, currency) for code, value in sums.items()]


def _money(code: str, value: Decimal, currency: str) -> Fact:
    """Return a fact. Only EUR is a known unit: another currency is written after the amount."""
    return Fact(code, amount(value), "EUR") if currency == "EUR" else Fact(code, f"{amount(value)} {currency}")


def checks(statements: Sequence[Statement]) -> list[CheckResult]:
    judged = [held.adds_up for held in statements if held.adds_up is not None]
    if not judged:
        return []
    return [check("bank_adds_up", "passed" if all(judged) else "failed")]


def neat(*texts: str) -> str:
    """Join texts padded by banks on one line. A text contained in another one is not repeated."""
    found: list[str] = []
    for text in (line(one) or "" for one in texts):
        if text and not any(text in held for held in found):
            found = [held for held in found if held not in text] + [text]
    return line(" ".join(found)) or ""
