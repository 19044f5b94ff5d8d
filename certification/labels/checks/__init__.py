"""The machine's part of the charter: one check for each criterion that has one.

A check looks at a request (`Subject`) and returns what it found: passed, failed, or inconclusive where it could not
look. Each finding is a sentence that says what to mend (`sentences`). A check decides nothing: two agents do.

What a criterion needs may belong to a higher app: a trial against the API, the age of a client's keys. That app
registers its check in `AppConfig.ready`; until then the criterion is inconclusive.
"""

import logging

from certification.labels.checks import connection, declared, pages, practice, signals
from certification.labels.checks.subject import Check, Found, NotLooked, Subject, unsure

logger = logging.getLogger(__name__)

CHECKS: dict[str, Check] = {
    "C01": declared.legal_person,
    "C02": declared.contact_for_data,
    "C03": declared.plain_purposes,
    "C04": declared.justified,
    "C05": practice.works_without_optional,
    "C06": declared.bounded,
    "C07": pages.no_tracker,
    "C08": declared.own_number,
    "C09": pages.policy,
    "C10": signals.erases,
    "C11": declared.address_for_rights,
    "C12": connection.country,
    "C13": pages.processors,
    "C14": connection.encrypted,
    "C15": connection.safe_headers,
    "C18": pages.security_txt,
    "C19": signals.drilled,
    "C21": pages.accessible,
    "C22": pages.light,
    "C25": signals.announced_end,
    "C26": practice.keeps_deadlines,
}
#: Criteria that higher apps look at: the service's client, and its keys.
REGISTERED: dict[str, Check] = {}
LATER = {"C16": "needs_sandbox", "C17": "needs_keys"}


def register(code: str, check: Check) -> None:
    """Register the check of a criterion, in place of ours if there is one."""
    REGISTERED[code] = check


def codes() -> list[str]:
    """Return the criteria that a machine looks at, in order."""
    return sorted({*CHECKS, *REGISTERED, *LATER})


def look(code: str, subject: Subject) -> Found:
    """Run the check of one criterion.

    A check that cannot look raises `NotLooked`. A page of somebody else's may hold anything: a fault of ours is
    logged, and inconclusive, and the others go on.
    """
    check = REGISTERED.get(code) or CHECKS.get(code)
    if check is None:
        return unsure(LATER[code])
    try:
        return check(subject)
    except NotLooked as problem:
        return problem.found
    except Exception as error:
        logger.error("a check of the charter failed", extra={"code": code}, exc_info=error)
        return unsure("our_fault")
