"""CAMT.053, version 2 and later: element names are stable, the namespace and a few wrappers change."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from vault.readers import sentences
from vault.readers.files.opening import child, decimal, guarded, head_of, local, words, xml_of
from vault.readers.files.source_file import SourceFile
from vault.readers.reading import Ask, Reading, Unreadable
from vault.readers.subjects import bank
from vault.readers.subjects.measures import PARIS

FORMAT = "camt053"
VERSION = "1.0.0"
CONTENT = re.compile(r"<(?:\w+:)?BkToCstmrStmt\b")
OPENING, CLOSING = ("OPBD", "PRCD"), ("CLBD",)


def recognises(data: bytes, ask: Ask) -> bool:
    return bool(CONTENT.search(head_of(data)))


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    root = xml_of(data)
    pending = False
    statements = []
    for one in (one for one in root.iter() if local(one) == "Stmt"):
        statements.append(_statement(one))
        pending = pending or any(not _booked(entry) for entry in _all(one, "Ntry"))
    records = bank.records(statements, SourceFile(data, format=FORMAT, version=VERSION, holder=sentences.BANK))
    warnings = [sentences.PENDING] if pending else []
    warnings += [] if records else [sentences.NOTHING_INSIDE]
    return Reading(
        FORMAT, records, bank.checks(statements), warnings, 1, "application/xml", facts=bank.facts(statements, records)
    )


def _statement(one: Any) -> bank.Statement:  # noqa: ANN401 - lxml is untyped
    account = child(one, "Acct")
    opening, closing = _balance(one, OPENING), _balance(one, CLOSING)
    currency = words(account, "Ccy") or next(
        (value for entry in _all(one, "Bal") if (value := child(entry, "Amt").get("Ccy"))), "EUR"
    )
    statement = bank.Statement(
        account=words(account, "Id", "IBAN") or words(account, "Id", "Othr", "Id"),
        currency=currency,
        opening=_signed(opening) if opening is not None else None,
        closing=_signed(closing) if closing is not None else None,
        closed_at=_moment(child(closing, "Dt")) if closing is not None else None,
        operations=[_operation(entry) for entry in _all(one, "Ntry") if _booked(entry)],
    )
    statement.judge()
    return statement


def _balance(one: Any, codes: tuple[str, ...]) -> Any:  # noqa: ANN401 - lxml is untyped
    return next(
        (entry for code in codes for entry in _all(one, "Bal") if words(entry, "Tp", "CdOrPrtry", "Cd") == code), None
    )


def _signed(entry: Any) -> Decimal:  # noqa: ANN401 - lxml is untyped
    """Return the signed amount of an entry, whose own amount has no sign."""
    found = decimal(words(entry, "Amt"))
    if found is None:
        raise Unreadable("other_shape")
    return -found if words(entry, "CdtDbtInd") == "DBIT" else found


def _booked(entry: Any) -> bool:  # noqa: ANN401 - lxml is untyped
    """Return whether the entry is booked. Its status is a text until version 7, then a child element."""
    return (words(entry, "Sts", "Cd") or words(entry, "Sts") or "BOOK") == "BOOK"


def _operation(entry: Any) -> bank.Operation:  # noqa: ANN401 - lxml is untyped
    booked, value = child(entry, "BookgDt"), child(entry, "ValDt")
    details = [detail for group in _all(entry, "NtryDtls") for detail in _all(group, "TxDtls")]
    detail = details[0] if len(details) == 1 else None
    texts = [words(line) for line in _all(child(detail, "RmtInf"), "Ustrd")]
    return bank.Operation(
        day=_day(booked if booked is not None else value),
        amount=_signed(entry),
        value_day=_day(value) if value is not None else None,
        label=bank.neat(*texts, words(entry, "AddtlNtryInf"), words(detail, "AddtlTxInf")),
        counterpart=bank.neat(_party(detail, words(entry, "CdtDbtInd"))),
        reference=words(entry, "AcctSvcrRef") or words(entry, "NtryRef") or _reference(detail),
    )


def _reference(detail: Any) -> str:  # noqa: ANN401 - lxml is untyped
    reference = words(detail, "Refs", "AcctSvcrRef") or words(detail, "Refs", "EndToEndId")
    return "" if reference == "NOTPROVIDED" else reference


def _party(detail: Any, direction: str) -> str:  # noqa: ANN401 - lxml is untyped
    """Return the payer of incoming money, else the payee. Since version 8 the name has one more wrapper."""
    order = ("Dbtr", "Cdtr") if direction == "CRDT" else ("Cdtr", "Dbtr")
    for name in order:
        if found := words(detail, "RltdPties", name, "Nm") or words(detail, "RltdPties", name, "Pty", "Nm"):
            return found
    return ""


def _all(element: Any, name: str) -> Iterator[Any]:  # noqa: ANN401 - lxml is untyped
    return (one for one in (element if element is not None else ()) if local(one) == name)


def _day(element: Any) -> date:  # noqa: ANN401 - lxml is untyped
    return date.fromisoformat((words(element, "Dt") or words(element, "DtTm"))[:10])


def _moment(element: Any) -> datetime:  # noqa: ANN401 - lxml is untyped
    """Return the moment of a balance, which is that of the end of its day."""
    if text := words(element, "DtTm"):
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=PARIS)
    return datetime.combine(_day(element), time(0), tzinfo=PARIS)
