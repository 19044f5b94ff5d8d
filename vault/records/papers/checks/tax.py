from collections.abc import Callable, Mapping
from typing import Any

from vault.records.enums import Outcome
from vault.records.papers.checks.check_input import Seen
from vault.records.papers.checks.months import PAYSLIP

NOTICE = "fiscal.avis_ir"
FIGURES = ("revenu_fiscal_reference", "nombre_parts")


def is_notice(seen: Seen) -> Outcome:
    return Outcome.PASSED if seen.payload(NOTICE) else Outcome.INCONCLUSIVE


def year(seen: Seen) -> Outcome:
    """Last year's income, or the year before's: family benefits still look at that one."""
    return _by_year(seen, lambda read: read in {seen.today.year - 1, seen.today.year - 2})


def not_too_old(seen: Seen) -> Outcome:
    return _by_year(seen, lambda read: read >= seen.today.year - 3)


def no_newer(seen: Seen) -> Outcome:
    """Only a notice that itself says so, or a later one in the vault, shows that it was corrected."""
    notice = seen.payload(NOTICE)
    if notice.get("correctif"):
        return Outcome.FAILED
    day = notice.get("date_etablissement") or notice.get("date_mise_en_recouvrement")
    later = [held for held in same_year_payloads(seen) if day and str(_day(held)) > str(day)]
    return Outcome.FAILED if later else Outcome.INCONCLUSIVE


def same_year(seen: Seen) -> Outcome:
    if not isinstance(seen.payload(NOTICE).get("annee_revenus"), int):
        return Outcome.INCONCLUSIVE
    return (
        Outcome.FAILED
        if any(differs(held, seen.payload(NOTICE)) for held in same_year_payloads(seen))
        else Outcome.PASSED
    )


def code_read(seen: Seen) -> Outcome:
    if seen.code_failed:
        return Outcome.FAILED
    return Outcome.PASSED if seen.payload(NOTICE) else Outcome.INCONCLUSIVE


def all_leaves(seen: Seen) -> Outcome:
    """As many as are printed on them, whether they came in one file or in several."""
    if not seen.leaves or not seen.pages:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if seen.pages >= seen.leaves else Outcome.FAILED


def property_year(seen: Seen) -> Outcome:
    """The notice comes out in September: until then last year's is the last one."""
    if seen.issued_on is None:
        return Outcome.INCONCLUSIVE
    oldest = seen.today.year - (seen.today.month < 10)
    return Outcome.PASSED if seen.issued_on.year >= oldest else Outcome.FAILED


def payslip_social_net(seen: Seen) -> Outcome:
    return Outcome.PASSED if seen.payload(PAYSLIP).get("net_social") else Outcome.INCONCLUSIVE


def same_year_payloads(seen: Seen) -> list[Mapping[str, Any]]:
    read = seen.payload(NOTICE).get("annee_revenus")
    return [
        held.payload
        for held in seen.known.of_type(NOTICE, seen.resident_id)
        if held.payload.get("annee_revenus") == read
    ]


def differs(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Two notices for one year contradict each other when a figure that counts is not the same."""
    return any(left.get(name) != right.get(name) for name in FIGURES)


def _day(payload: Mapping[str, Any]) -> str:
    return payload.get("date_etablissement") or payload.get("date_mise_en_recouvrement") or ""


def _by_year(seen: Seen, fits: Callable[[int], bool]) -> Outcome:
    read = seen.payload(NOTICE).get("annee_revenus")
    if not isinstance(read, int):
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if fits(read) else Outcome.FAILED
