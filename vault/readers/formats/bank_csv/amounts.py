"""The amounts of a bank's table: how they are written, which way they go, whether they agree with the balances."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from decimal import Decimal

from vault.readers.files.opening import fold
from vault.readers.subjects import bank
from vault.readers.subjects.measures import PARIS

AMOUNT, DEBIT, CREDIT, DIRECTION, BALANCE = "montant", "debit", "credit", "sens", "solde"
GOES_OUT = {
    *("-", "d", "db", "dr", "deb", "debit", "dbit", "debiteur", "directdebit", "out", "outgoing", "sortie", "sortant"),
    *("depense", "paiement", "payment", "withdrawal", "retrait", "fee", "srvchg", "check"),
}
COMES_IN = {
    *("+", "c", "cr", "cred", "credit", "crdt", "crediteur", "directdep", "in", "incoming", "entree", "entrant"),
    *("recette", "deposit", "dep", "versement"),
}
#: What a column of directions says, with the sign of the amount.
DIRECTIONS: Mapping[str, int] = dict.fromkeys(GOES_OUT, -1) | dict.fromkeys(COMES_IN, 1)
Cells = Mapping[str, str]


def read_amount(cells: Cells, mark: str, *, signed: bool) -> Decimal | None:
    """Return the signed amount. Debits are negative, with or without a sign in the table.

    Args:
        signed: some amounts of the table have a minus sign, so that a contradiction with the direction shows.
    """
    whole = bank.parse_amount(cells.get(AMOUNT, ""), mark)
    if whole is not None:
        return whole if DIRECTION not in cells else _directed(whole, cells[DIRECTION], signed=signed)
    out, come = (bank.parse_amount(cells.get(name, ""), mark) for name in (DEBIT, CREDIT))
    if out is None and come is None:
        return None
    return abs(come or Decimal(0)) - abs(out or Decimal(0))


def read_balance(cells: Cells, mark: str) -> Decimal | None:
    return bank.parse_amount(cells.get(BALANCE, ""), mark)


def set_balances(statement: bank.Statement, balances: Sequence[Decimal | None]) -> None:
    """Set the opening and the closing balance of a statement that gives one after each operation, or some of them.

    The newest operation may be first or last. Where the operations add up in neither order, their dates give it.
    """
    operations = statement.operations
    if len(operations) < 2 or sum(one is not None for one in balances) < 2:
        return
    rows = list(zip(operations, balances, strict=True))
    newest_first = operations[0].day > operations[-1].day
    ways = [_ends(rows[::-1] if newest_first else rows), _ends(rows if newest_first else rows[::-1])]
    known = [found for found in ways if found]
    if not known:
        return
    total = sum((one.amount for one in operations), Decimal(0))
    opening, closing = next((found for found in known if found[0] + total == found[1]), known[0])
    statement.opening, statement.closing = opening, closing
    last = max(one.day for one in operations)
    statement.closed_at = datetime.combine(last, time(0), tzinfo=PARIS)
    statement.judge()


def _ends(rows: Sequence[tuple[bank.Operation, Decimal | None]]) -> tuple[Decimal, Decimal] | None:
    """Return the balances before and after these operations, in order of time; None if the last one has none."""
    closing = rows[-1][1]
    before = Decimal(0)
    for operation, balance in rows:
        before += operation.amount
        if balance is not None:
            return None if closing is None else (balance - before, closing)
    return None


def _directed(whole: Decimal, said: str, *, signed: bool) -> Decimal | None:
    """Return the amount with the sign of its direction; None if its own sign contradicts it or nothing gives one."""
    sign = DIRECTIONS.get(fold(said))
    if sign is None:
        return whole if signed else None
    if signed and whole and (whole < 0) != (sign < 0):
        return None
    return sign * abs(whole)
