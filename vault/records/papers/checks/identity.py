from datetime import date

from vault.records.enums import Outcome
from vault.records.papers.checks.check_input import Seen
from vault.records.values.persons import persons
from vault.types.names import is_family_alone
from vault.types.spans import add_months

CARD = "cni"
#: Decree 2013-1188: a card given to an adult between these days counts five years longer than it says.
EXTENDED = (date(2004, 1, 2), date(2013, 12, 31))
ADULT, PRINTED, MORE = 18 * 12, 10 * 12, 5 * 12


def name(seen: Seen) -> Outcome:
    """The resident is one of the people that the paper names. A household member's paper is theirs, not the resident's."""
    myself = persons(seen.known, resident_id=seen.resident_id)[0]
    if not seen.names or not myself.family_name:
        return Outcome.INCONCLUSIVE
    if any(myself.is_named(read) for read in seen.names):
        return Outcome.PASSED
    alone = any(is_family_alone(read, [myself.family_name, myself.usage_name]) for read in seen.names)
    return Outcome.INCONCLUSIVE if alone else Outcome.FAILED


def card_extension(seen: Seen) -> Outcome | None:
    """Said of a card of that time only, or of one that has expired; a card of today needs no word."""
    if seen.issued_on is None:
        return Outcome.INCONCLUSIVE
    if not EXTENDED[0] <= seen.issued_on <= EXTENDED[1]:
        return Outcome.FAILED if seen.expires_on is not None and seen.expires_on < seen.today else None
    adult = was_adult(seen.issued_on, persons(seen.known, resident_id=seen.resident_id)[0].birth_date)
    if adult is None:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if adult else Outcome.FAILED


def counts_until(kind: str, issued_on: date | None, expires_on: date | None, birth: date | None) -> date | None:
    """The day until which a card counts, from the one that is printed on it. A date that already has the five years keeps them."""
    if kind != CARD or issued_on is None or expires_on is None or not EXTENDED[0] <= issued_on <= EXTENDED[1]:
        return expires_on
    printed = expires_on <= add_months(issued_on, PRINTED)
    return add_months(expires_on, MORE) if printed and was_adult(issued_on, birth) else expires_on


def was_adult(issued_on: date, birth: date | None) -> bool | None:
    return None if birth is None else add_months(birth, ADULT) <= issued_on


def unread(seen: Seen) -> Outcome:
    """What only the reading of the file can tell, and did not."""
    return Outcome.INCONCLUSIVE
