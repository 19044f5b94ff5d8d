from datetime import date, timedelta

from vault.records.enums import Outcome
from vault.records.papers.checks.amounts import QUOTIENT
from vault.records.papers.checks.check_input import CheckInput
from vault.records.values.periods import validity_of
from vault.types.spans import add_months

DEFAULT_MONTHS = 3


def expiry(inputs: CheckInput) -> Outcome:
    if inputs.expires_on is None:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if inputs.expires_on >= inputs.today else Outcome.FAILED


def expiry_soon(inputs: CheckInput) -> Outcome:
    if inputs.expires_on is None or inputs.kind is None:
        return Outcome.INCONCLUSIVE
    notice = timedelta(days=inputs.kind.renewal_notice_days or 0)
    return Outcome.PASSED if inputs.expires_on - inputs.today > notice else Outcome.FAILED


def recent(inputs: CheckInput) -> Outcome:
    if inputs.issued_on is None or inputs.kind is None:
        return Outcome.INCONCLUSIVE
    return (
        Outcome.PASSED
        if add_months(inputs.issued_on, inputs.kind.validity_months or DEFAULT_MONTHS) > inputs.today
        else Outcome.FAILED
    )


def quotient(inputs: CheckInput) -> Outcome:
    until = validity_of(QUOTIENT, inputs.payload(QUOTIENT)).end
    if until is None:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if until >= inputs.today else Outcome.FAILED


def school_year(inputs: CheckInput) -> Outcome:
    """Check the printed school year, else the school year of the paper's date. A school year ends in August."""
    written = str(inputs.payload("scolarite.eleve").get("annee_scolaire", ""))[:4]
    if written.isdecimal():
        return _is(int(written), inputs.today)
    return Outcome.INCONCLUSIVE if inputs.issued_on is None else _is(_school_year(inputs.issued_on), inputs.today)


def _is(year: int, today: date) -> Outcome:
    return Outcome.PASSED if year == _school_year(today) else Outcome.FAILED


def _school_year(day: date) -> int:
    return day.year - (day.month < 8)
