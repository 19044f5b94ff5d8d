from datetime import date

from vault.records.enums import Outcome
from vault.records.papers.checks.check_input import CheckInput
from vault.records.values.persons import persons
from vault.types.names import is_family_alone
from vault.types.spans import add_months

CARD = "cni"
#: Decree 2013-1188: a card given to an adult between these days is valid five years longer than the printed day.
EXTENDED = (date(2004, 1, 2), date(2013, 12, 31))
ADULT, PRINTED, MORE = 18 * 12, 10 * 12, 5 * 12


def name(inputs: CheckInput) -> Outcome:
    """Check that the paper names the resident. A paper of a household member is theirs, not the resident's."""
    myself = persons(inputs.known, resident_id=inputs.resident_id)[0]
    if not inputs.names or not myself.family_name:
        return Outcome.INCONCLUSIVE
    if any(myself.is_named(read) for read in inputs.names):
        return Outcome.PASSED
    alone = any(is_family_alone(read, [myself.family_name, myself.usage_name]) for read in inputs.names)
    return Outcome.INCONCLUSIVE if alone else Outcome.FAILED


def card_extension(inputs: CheckInput) -> Outcome | None:
    """Check a card given during these years, or one that has expired. Make no check on any other card."""
    if inputs.issued_on is None:
        return Outcome.INCONCLUSIVE
    if not EXTENDED[0] <= inputs.issued_on <= EXTENDED[1]:
        return Outcome.FAILED if inputs.expires_on is not None and inputs.expires_on < inputs.today else None
    adult = was_adult(inputs.issued_on, persons(inputs.known, resident_id=inputs.resident_id)[0].birth_date)
    if adult is None:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if adult else Outcome.FAILED


def counts_until(kind: str, issued_on: date | None, expires_on: date | None, birth: date | None) -> date | None:
    """Return the last valid day of a card, from the printed day. A day that already includes the five years stays."""
    if kind != CARD or issued_on is None or expires_on is None or not EXTENDED[0] <= issued_on <= EXTENDED[1]:
        return expires_on
    printed = expires_on <= add_months(issued_on, PRINTED)
    return add_months(expires_on, MORE) if printed and was_adult(issued_on, birth) else expires_on


def was_adult(issued_on: date, birth: date | None) -> bool | None:
    return None if birth is None else add_months(birth, ADULT) <= issued_on


def unread(inputs: CheckInput) -> Outcome:
    """Return inconclusive, for a check that only the reader can make and did not make."""
    return Outcome.INCONCLUSIVE
