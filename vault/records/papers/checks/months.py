"""What comes every month: payslips and rent receipts. A month is counted whole, as 2026-11."""

from vault.records.enums import Outcome
from vault.records.papers.checks.check_input import Seen
from vault.types.spans import add_months

PAYSLIP = "emploi.revenu"
WANTED = 3


def three_payslips(seen: Seen) -> Outcome:
    return _three(seen, _payslips(seen), read=bool(_own_payslip(seen)))


def payslips_follow(seen: Seen) -> Outcome:
    """The newest three, or the two that are there. One alone follows nothing."""
    newest = sorted(_payslips(seen), reverse=True)[:WANTED]
    if len(newest) < 2 or not _own_payslip(seen):
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if newest == _back(seen, newest[0], len(newest)) else Outcome.FAILED


def three_receipts(seen: Seen) -> Outcome:
    months = {f"{day:%Y-%m}" for day in [*seen.siblings, *filter(None, [seen.issued_on])]}
    return _three(seen, months, read=seen.issued_on is not None)


def _three(seen: Seen, months: set[str], *, read: bool) -> Outcome:
    """The last three months, with or without the one under way, whose paper is not out yet."""
    if not read:
        return Outcome.INCONCLUSIVE
    here = f"{seen.today:%Y-%m}"
    last = _back(seen, here, WANTED + 1)
    return Outcome.PASSED if months >= set(last[:WANTED]) or months >= set(last[1:]) else Outcome.FAILED


def _own_payslip(seen: Seen) -> str:
    return str(seen.payload(PAYSLIP).get("mois") or "") or (f"{seen.issued_on:%Y-%m}" if seen.issued_on else "")


def _payslips(seen: Seen) -> set[str]:
    known = {
        str(held.payload["mois"]) for held in seen.known.of_type(PAYSLIP, seen.resident_id) if held.payload.get("mois")
    }
    return known | {f"{day:%Y-%m}" for day in seen.siblings} | ({own} if (own := _own_payslip(seen)) else set())


def _back(seen: Seen, month: str, count: int) -> list[str]:
    """`count` months back from this one, newest first."""
    first = seen.today.replace(year=int(month[:4]), month=int(month[5:7]), day=1)
    return [f"{add_months(first, -step):%Y-%m}" for step in range(count)]
