from vault.records.enums import Outcome
from vault.records.papers.checks.check_input import Seen


def readable(seen: Seen) -> Outcome:
    """Nothing that does not open comes this far: an unreadable file is refused before its checks."""
    return Outcome.PASSED


def kind(seen: Seen) -> Outcome:
    if not seen.recognised:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if seen.declared in {"", seen.recognised} else Outcome.FAILED


def sharp(seen: Seen) -> Outcome:
    """All the files of the paper: the least sharp one counts."""
    told = [Outcome(outcome) for outcome in seen.sharpness]
    if Outcome.FAILED in told:
        return Outcome.FAILED
    return Outcome.PASSED if told and set(told) == {Outcome.PASSED} else Outcome.INCONCLUSIVE


def single_kind(seen: Seen) -> Outcome | None:
    """One page is one paper; of several, only the reading can tell."""
    return Outcome.INCONCLUSIVE if seen.pages > 1 else None


def same_file(seen: Seen) -> Outcome:
    return Outcome.FAILED if seen.same_file else Outcome.PASSED


def front_and_back(seen: Seen) -> Outcome:
    """One page may show both sides, so it proves nothing."""
    return Outcome.PASSED if seen.pages >= 2 else Outcome.INCONCLUSIVE


def property_tax_leaves(seen: Seen) -> Outcome:
    if not seen.pages:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if seen.pages >= 2 else Outcome.FAILED
