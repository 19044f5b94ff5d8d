"""OFX 1 (SGML with unclosed tags) and 2 (XML), read by one tolerant parser.

Decimal commas, cp1252, branch numbers of any length and statements without operations are accepted: banks write them.
"""

import html
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from vault.readers import sentences
from vault.readers.files.opening import decimal, guarded, head_of, text_of
from vault.readers.files.source_file import SourceFile
from vault.readers.reading import Ask, Reading, Unreadable
from vault.readers.subjects import bank

FORMAT = "ofx"
VERSION = "1.0.0"
CONTENT = re.compile(r"<OFX>", re.IGNORECASE)
#: The end of a complete file; spaces or a comment may follow.
END, TAIL = "</OFX", 400
TAG = re.compile(r"<(/?)([A-Za-z0-9._]{1,40})[^<>]{0,200}>([^<]*)")
CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
STATEMENTS = {"STMTRS": "", "CCSTMTRS": "carte"}
#: An operation that the bank has not made yet (OFX 2.2).
PENDING = "STMTTRNP"
GROUPS = {"BANKACCTFROM", "CCACCTFROM", "STMTTRN", "LEDGERBAL"}
#: Tags that end an unclosed group.
ENDS = GROUPS | {
    "AVAILBAL",
    "BANKTRANLIST",
    "BANKTRANLISTP",
    PENDING,
    "BALLIST",
    "BAL",
    "CCACCTTO",
    "BANKACCTTO",
    "PAYEE",
    *STATEMENTS,
}
KINDS = {"CHECKING": "courant", "SAVINGS": "epargne", "MONEYMRKT": "epargne", "CD": "epargne", "CREDITLINE": "autre"}
STAMP = re.compile(
    r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?(?:\.\d+)?(?:\[([+-]?\d{1,2}(?:\.\d{1,2})?)(?::\w+)?\])?"
)


def recognises(data: bytes, ask: Ask) -> bool:
    return bool(CONTENT.search(head_of(data)))


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    text = text_of(data)
    whole = END in text[-TAIL:].upper()
    statements = list(_statements(text, whole))
    source = SourceFile(data, format=FORMAT, version=VERSION, holder=sentences.BANK)
    records = bank.records(statements, source)
    warnings = [] if whole else [sentences.END_MISSING]
    warnings += [sentences.PENDING] if f"<{PENDING}>" in text.upper() else []
    warnings += [] if records else [sentences.NOTHING_INSIDE]
    return Reading(
        FORMAT,
        records,
        bank.checks(statements),
        warnings,
        1,
        "application/x-ofx",
        facts=bank.facts(statements, records) if records else [],
    )


def _statements(text: str, whole: bool) -> Iterator[bank.Statement]:
    """Yield the statements. `STMTRS` starts one; leaves belong to the last group started.

    The last group of a file without its end may be cut in the middle of an amount: it is left out.
    """
    kind: str | None = None
    groups: list[tuple[str, dict[str, str]]] = []
    for closing, name, value in _tags(text):
        if name in STATEMENTS:
            if kind is not None:
                yield _statement(groups, kind)
            kind, groups = (None, []) if closing else (STATEMENTS[name], [("", {})])
        elif kind is None:
            continue
        elif name in ENDS:
            groups.append((name if name in GROUPS and not closing else "", {}))
        elif value and not closing:
            groups[-1][1].setdefault(name, value)
    if kind is not None:
        yield _statement(groups if whole else groups[:-1], kind)


def _tags(text: str) -> Iterator[tuple[bool, str, str]]:
    plain = CDATA.sub(lambda match: html.escape(match[1]), text)
    for match in TAG.finditer(plain):
        yield bool(match[1]), match[2].upper(), html.unescape(match[3]).strip()


def _statement(groups: list[tuple[str, dict[str, str]]], kind: str) -> bank.Statement:
    account = next((leaves for name, leaves in groups if name in {"BANKACCTFROM", "CCACCTFROM"}), {})
    currency = next((leaves["CURDEF"] for _, leaves in groups if "CURDEF" in leaves), "EUR")
    balance = next((leaves for name, leaves in groups if name == "LEDGERBAL"), {})
    statement = bank.Statement(
        account=" ".join(account[name] for name in ("BANKID", "BRANCHID", "ACCTID") if account.get(name)),
        currency=currency.upper()[:3],
        kind=kind or KINDS.get(account.get("ACCTTYPE", "").upper(), ""),
        closing=_amount(balance["BALAMT"]) if balance.get("BALAMT") else None,
        closed_at=_moment(balance["DTASOF"]) if balance.get("DTASOF") else None,
    )
    statement.operations = [_operation(leaves) for name, leaves in groups if name == "STMTTRN" and leaves]
    return statement


def _operation(leaves: Mapping[str, str]) -> bank.Operation:
    return bank.Operation(
        day=_day(leaves["DTPOSTED"]),
        amount=_amount(leaves["TRNAMT"]),
        value_day=_day(leaves["DTAVAIL"]) if leaves.get("DTAVAIL") else None,
        label=bank.neat(leaves.get("NAME", ""), leaves.get("MEMO", "")),
        reference=leaves.get("FITID") or leaves.get("CHECKNUM", ""),
    )


def _amount(text: str) -> Decimal:
    found = decimal(text)
    if found is None:
        raise Unreadable("other_shape")
    return found


def _day(text: str) -> date:
    """Return the day written by the bank: `20120603203135.547[-7:PDT]` is the 3rd."""
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def _moment(text: str) -> datetime:
    """Return a moment; without an offset it is in UTC, as specified."""
    match = STAMP.fullmatch(text)
    if not match:
        raise ValueError(text)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    zone = timezone(timedelta(hours=float(match[7]))) if match[7] else UTC
    return datetime(year, month, day, hour, minute, second, tzinfo=zone)
