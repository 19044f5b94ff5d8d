from datetime import date, timedelta

from vault.records.enums import Outcome
from vault.records.papers.checks.amounts import QUOTIENT
from vault.records.papers.checks.check_input import Seen
from vault.records.values.periods import validity_of
from vault.types.spans import add_months

DEFAULT_MONTHS = 3


def expiry(seen: Seen) -> Outcome:
    if seen.expires_on is None:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if seen.expires_on >= seen.today else Outcome.FAILED


def expiry_soon(seen: Seen) -> Outcome:
    if seen.expires_on is None or seen.kind is None:
        return Outcome.INCONCLUSIVE
    notice = timedelta(days=seen.kind.renewal_notice_days or 0)
    return Outcome.PASSED if seen.expires_on - seen.today > notice else Outcome.FAILED


def recent(seen: Seen) -> Outcome:
    if seen.issued_on is None or seen.kind is None:
        return Outcome.INCONCLUSIVE
    return (
        Outcome.PASSED
        if add_months(seen.issued_on, seen.kind.validity_months or DEFAULT_MONTHS) > seen.today
        else Outcome.FAILED
    )


def quotient(seen: Seen) -> Outcome:
    until = validity_of(QUOTIENT, seen.payload(QUOTIENT)).end
    if until is None:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if until >= seen.today else Outcome.FAILED


def school_year(seen: Seen) -> Outcome:
    """The year that is written, or the one in which the paper was made; a school year ends with August."""
    written = str(seen.payload("scolarite.eleve").get("annee_scolaire", ""))[:4]
    if written.isdigit():
        return _is(int(written), seen.today)
    return Outcome.INCONCLUSIVE if seen.issued_on is None else _is(_school_year(seen.issued_on), seen.today)


def _is(year: int, today: date) -> Outcome:
    return Outcome.PASSED if year == _school_year(today) else Outcome.FAILED


def _school_year(day: date) -> int:
    return day.year - (day.month < 8)
