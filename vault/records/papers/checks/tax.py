from collections.abc import Callable, Mapping
from typing import Any

from vault.records.enums import Outcome
from vault.records.papers.checks.check_input import CheckInput
from vault.records.papers.checks.months import PAYSLIP

NOTICE = "fiscal.avis_ir"
VALUES = ("revenu_fiscal_reference", "nombre_parts")


def is_notice(inputs: CheckInput) -> Outcome:
    return Outcome.PASSED if inputs.payload(NOTICE) else Outcome.INCONCLUSIVE


def year(inputs: CheckInput) -> Outcome:
    """Check that the income year is last year or the year before, which family benefits still use."""
    return _by_year(inputs, lambda read: read in {inputs.today.year - 1, inputs.today.year - 2})


def not_too_old(inputs: CheckInput) -> Outcome:
    return _by_year(inputs, lambda read: read >= inputs.today.year - 3)


def no_newer(inputs: CheckInput) -> Outcome:
    """Fail if the notice states that it was corrected, or if the vault has a later one.

    Otherwise it is inconclusive.
    """
    notice = inputs.payload(NOTICE)
    if notice.get("correctif"):
        return Outcome.FAILED
    day = notice.get("date_etablissement") or notice.get("date_mise_en_recouvrement")
    later = [held for held in same_year_payloads(inputs) if day and str(_day(held)) > str(day)]
    return Outcome.FAILED if later else Outcome.INCONCLUSIVE


def same_year(inputs: CheckInput) -> Outcome:
    if not isinstance(inputs.payload(NOTICE).get("annee_revenus"), int):
        return Outcome.INCONCLUSIVE
    return (
        Outcome.FAILED
        if any(differs(held, inputs.payload(NOTICE)) for held in same_year_payloads(inputs))
        else Outcome.PASSED
    )


def code_read(inputs: CheckInput) -> Outcome:
    if inputs.code_failed:
        return Outcome.FAILED
    return Outcome.PASSED if inputs.payload(NOTICE) else Outcome.INCONCLUSIVE


def all_leaves(inputs: CheckInput) -> Outcome:
    """Check that there are as many leaves as printed on them, in one file or several."""
    if not inputs.leaves or not inputs.pages:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if inputs.pages >= inputs.leaves else Outcome.FAILED


def property_year(inputs: CheckInput) -> Outcome:
    """Check the year. The notice appears in September: until then, last year's notice is the newest."""
    if inputs.issued_on is None:
        return Outcome.INCONCLUSIVE
    oldest = inputs.today.year - (inputs.today.month < 10)
    return Outcome.PASSED if inputs.issued_on.year >= oldest else Outcome.FAILED


def payslip_social_net(inputs: CheckInput) -> Outcome:
    return Outcome.PASSED if inputs.payload(PAYSLIP).get("net_social") else Outcome.INCONCLUSIVE


def same_year_payloads(inputs: CheckInput) -> list[Mapping[str, Any]]:
    read = inputs.payload(NOTICE).get("annee_revenus")
    return [
        held.payload
        for held in inputs.known.of_type(NOTICE, inputs.resident_id)
        if held.payload.get("annee_revenus") == read
    ]


def differs(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Return whether two notices for one year contradict each other: an important value differs."""
    return any(left.get(name) != right.get(name) for name in VALUES)


def _day(payload: Mapping[str, Any]) -> str:
    return payload.get("date_etablissement") or payload.get("date_mise_en_recouvrement") or ""


def _by_year(inputs: CheckInput, accepts: Callable[[int], bool]) -> Outcome:
    read = inputs.payload(NOTICE).get("annee_revenus")
    if not isinstance(read, int):
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if accepts(read) else Outcome.FAILED
