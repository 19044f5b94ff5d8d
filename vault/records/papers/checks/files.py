from vault.records.enums import Outcome
from vault.records.papers.checks.check_input import CheckInput


def readable(inputs: CheckInput) -> Outcome:
    """Always pass: an unreadable file is refused before its checks."""
    return Outcome.PASSED


def kind(inputs: CheckInput) -> Outcome:
    if not inputs.recognised:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if inputs.declared in {"", inputs.recognised} else Outcome.FAILED


def sharp(inputs: CheckInput) -> Outcome:
    """Check every file of the paper: the least sharp one decides."""
    outcomes = [Outcome(outcome) for outcome in inputs.sharpness]
    if Outcome.FAILED in outcomes:
        return Outcome.FAILED
    return Outcome.PASSED if outcomes and set(outcomes) == {Outcome.PASSED} else Outcome.INCONCLUSIVE


def single_kind(inputs: CheckInput) -> Outcome | None:
    """Make no check on one page. For several pages, only the reading decides."""
    return Outcome.INCONCLUSIVE if inputs.pages > 1 else None


def same_file(inputs: CheckInput) -> Outcome:
    return Outcome.FAILED if inputs.same_file else Outcome.PASSED


def front_and_back(inputs: CheckInput) -> Outcome:
    """Check that there are two pages. One page may show both sides, so it is inconclusive."""
    return Outcome.PASSED if inputs.pages >= 2 else Outcome.INCONCLUSIVE


def property_tax_leaves(inputs: CheckInput) -> Outcome:
    if not inputs.pages:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if inputs.pages >= 2 else Outcome.FAILED
