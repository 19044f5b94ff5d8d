"""QIF, which banks have offered since the nineties: one letter and one value per line, `^` ends an operation.

It has no currency; the format of dates and amounts depends on the program that wrote it, and is guessed from the whole
file. Splits detail a payment, which is one operation.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from vault.readers import sentences
from vault.readers.files.opening import fold, guarded, head_of, text_of
from vault.readers.files.source_file import SourceFile
from vault.readers.reading import Ask, Reading, Unreadable
from vault.readers.subjects import bank

FORMAT = "qif"
VERSION = "1.0.0"
CONTENT = re.compile(r"[\s\ufeff]{0,200}!(?:Type *:|Account\b|Option *:|Clear *:)", re.IGNORECASE)
#: The kinds of account with payments.
PAYMENTS = {"bank": "courant", "cash": "autre", "ccard": "carte"}
#: Kinds of investments and debts, without payments. Other lists (categories, securities…) are the program's own.
HOLDINGS = {"invst", "oth a", "oth l", "port", "401(k)/403(b)"}
DAY = re.compile(r"(\d{1,4})\s*[/.\-]\s*(\d{1,2})\s*([/.\-'])\s*(\d{1,4})")
#: The payees of the entry that gives the balance before the first operation.
OPENING = {"opening balance", "solde initial", "solde d'ouverture", "solde de depart", "solde precedent"}
ACCOUNT = re.compile(r"\[(.+)\]")


@dataclass
class _Entry:
    """The first line of each letter; a split repeats some letters."""

    lines: dict[str, str] = field(default_factory=dict)
    is_split: bool = False


@dataclass
class _Section:
    """The entries of one account. `name` is the account named last."""

    kind: str
    name: str = ""
    entries: list[_Entry] = field(default_factory=list)


def recognises(data: bytes, ask: Ask) -> bool:
    return bool(CONTENT.match(head_of(data)))


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    text = text_of(data)
    if not CONTENT.match(text):
        raise Unreadable("other_shape")
    whole = text.rstrip().endswith("^")
    # A last line without an end may be cut in the middle of an amount: its operation is left out.
    kept = text if whole or text.endswith("\n") or "\n^" not in text else text[: text.rfind("\n^") + 2]
    sections = _sections(kept.split("\n"))
    held = [one for one in sections if one.kind in PAYMENTS]
    days = [entry.lines["D"] for one in held for entry in one.entries]
    order = bank.day_first(_parts(day)[:2] for day in days if _is_open(day))
    mark = bank.find_decimal_mark(entry.lines.get("T") or entry.lines["U"] for one in held for entry in one.entries)
    statements = [_statement(one, day_first=order is not False, mark=mark) for one in held]
    records = bank.records(statements, SourceFile(data, format=FORMAT, version=VERSION, holder=sentences.BANK))
    warnings = [sentences.DAYS_FIRST] if order is None and any(map(_is_open, days)) else []
    warnings += [sentences.END_MISSING] if held and not whole else []
    warnings += [sentences.HOLDINGS_LEFT_OUT] if any(one.kind in HOLDINGS and one.entries for one in sections) else []
    warnings += [] if records else [sentences.NOTHING_INSIDE]
    return Reading(
        FORMAT, records, [], warnings, 1, "application/x-qif", facts=bank.facts(statements, records) if records else []
    )


def _sections(lines: Sequence[str]) -> list[_Section]:
    """Return the sections: `!Account` names an account, then `!Type:` starts its operations; both may repeat."""
    found: list[_Section] = []
    account = ""
    for head, body in _blocks(lines):
        if head == "account":
            account = body[-1].lines.get("N", "") if body else ""
        elif head.startswith("type"):
            kind = head.partition(":")[2].strip()
            found.append(_Section(kind, account, body))
    return found


def _blocks(lines: Sequence[str]) -> Iterator[tuple[str, list[_Entry]]]:
    """Yield each line that starts with `!`, in lower case, with the entries under it. Options have none."""
    head, body, entry = "", [], _Entry()
    for line in (line.strip() for line in lines):
        if line.startswith(("!", "^")) and entry.lines:
            body.append(entry)
            entry = _Entry()
        if line.startswith("!"):
            if not line.lower().startswith(("!option", "!clear")):
                yield head, body
                head, body = re.sub(r"\s*:\s*", ":", line[1:].strip().lower()), []
        elif line and line != "^":
            entry.is_split = entry.is_split or line[0] == "S"
            entry.lines.setdefault(line[0], line[1:].strip())
    yield head, [*body, entry] if entry.lines else body


def _statement(section: _Section, *, day_first: bool, mark: str) -> bank.Statement:
    statement = bank.Statement(section.name, "EUR", PAYMENTS[section.kind])
    for entry in section.entries:
        fields, amount = entry.lines, _amount(entry.lines.get("T") or entry.lines["U"], mark)
        if fold(fields.get("P", "").replace("\u2019", "'")) in OPENING:
            statement.account = statement.account or _other_account(fields)
            statement.opening = amount
        else:
            statement.operations.append(_operation(entry, _day(fields["D"], day_first=day_first), amount))
    return statement


def _operation(entry: _Entry, day: date, amount: Decimal) -> bank.Operation:
    fields, other = entry.lines, _other_account(entry.lines)
    number = fields.get("N", "")
    return bank.Operation(
        day=day,
        amount=amount,
        label=bank.neat(fields.get("P", ""), fields.get("M", "")),
        counterpart=bank.neat(other),
        # Programs also write the means of payment there (« CB », « Virement »), which is no reference.
        reference=number if any(letter.isdecimal() for letter in number) else "",
        category="" if entry.is_split or other else bank.neat(fields.get("L", "").partition("/")[0]),
    )


def _other_account(fields: Mapping[str, str]) -> str:
    """Return the resident's other account of a transfer, as in `L[Livret A]`."""
    match = ACCOUNT.match(fields.get("L", ""))
    return match[1].strip() if match else ""


def _parts(text: str) -> tuple[int, int, int]:
    """Return the three numbers in their order: `31/01/2024`, `1/ 5'24`, `2024-01-31`. An apostrophe means 20xx."""
    match = DAY.fullmatch(text)
    if not match:
        raise ValueError(text)
    first, second, third = int(match[1]), int(match[2]), int(match[4])
    if len(match[4]) < 3 and len(match[1]) < 3:
        third += 2000 if match[3] == "'" or third < bank.LAST_CENTURY else 1900
    return first, second, third


def _is_open(text: str) -> bool:
    """Return whether the order of day and month is open: it is not if the year comes first."""
    return _parts(text)[0] < 100


def _day(text: str, *, day_first: bool) -> date:
    first, second, third = _parts(text)
    if not _is_open(text):
        return date(first, second, third)
    return date(third, second, first) if day_first else date(third, first, second)


def _amount(text: str, mark: str) -> Decimal:
    found = bank.parse_amount(text, mark)
    if found is None:
        raise Unreadable("other_shape")
    return found
