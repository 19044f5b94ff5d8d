"""Monthly papers: payslips and rent receipts. A month is written as 2026-11."""

from vault.records.enums import Outcome
from vault.records.papers.checks.check_input import CheckInput
from vault.types.spans import add_months

PAYSLIP = "emploi.revenu"
WANTED = 3


def three_payslips(inputs: CheckInput) -> Outcome:
    return _three(inputs, _payslips(inputs), read=bool(_own_payslip(inputs)))


def payslips_follow(inputs: CheckInput) -> Outcome:
    """Check that the newest three payslips, or the only two, are of consecutive months. One alone is inconclusive."""
    newest = sorted(_payslips(inputs), reverse=True)[:WANTED]
    if len(newest) < 2 or not _own_payslip(inputs):
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if newest == _back(inputs, newest[0], len(newest)) else Outcome.FAILED


def three_receipts(inputs: CheckInput) -> Outcome:
    months = {f"{day:%Y-%m}" for day in [*inputs.siblings, *filter(None, [inputs.issued_on])]}
    return _three(inputs, months, read=inputs.issued_on is not None)


def _three(inputs: CheckInput, months: set[str], *, read: bool) -> Outcome:
    """Check the last three months, with or without the current month, whose paper may not exist yet."""
    if not read:
        return Outcome.INCONCLUSIVE
    here = f"{inputs.today:%Y-%m}"
    last = _back(inputs, here, WANTED + 1)
    return Outcome.PASSED if months >= set(last[:WANTED]) or months >= set(last[1:]) else Outcome.FAILED


def _own_payslip(inputs: CheckInput) -> str:
    return str(inputs.payload(PAYSLIP).get("mois") or "") or (f"{inputs.issued_on:%Y-%m}" if inputs.issued_on else "")


def _payslips(inputs: CheckInput) -> set[str]:
    known = {
        str(held.payload["mois"])
        for held in inputs.known.of_type(PAYSLIP, inputs.resident_id)
        if held.payload.get("mois")
    }
    return known | {f"{day:%Y-%m}" for day in inputs.siblings} | ({own} if (own := _own_payslip(inputs)) else set())


def _back(inputs: CheckInput, month: str, count: int) -> list[str]:
    """Return `count` months back from this one, newest first."""
    first = inputs.today.replace(year=int(month[:4]), month=int(month[5:7]), day=1)
    return [f"{add_months(first, -step):%Y-%m}" for step in range(count)]
