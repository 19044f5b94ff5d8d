"""The time that an office has to answer. Days of the calendar, never hours: a change of clock moves no deadline.

Law: two months (CRPA L231-1), unless the procedure says another time (L231-6). Silence on a request for money is a
refusal (L231-4, 3°); on another one, what the procedure says. The time stops while the
resident corrects a line, until the day given for it at most (L114-5). Appeals: two months (CJA R421-1).
"""

from dataclasses import dataclass
from datetime import date, timedelta

from vault.types.spans import add_months

MONTHS = 2
APPEAL_MONTHS = 2
#: Days that a resident has to correct a line before the time runs again.
TO_CORRECT = timedelta(days=30)
#: A request whose answer is due within these days is urgent.
SOON = timedelta(days=7)
#: How long before the end of what was granted its renewal is reminded.
RENEWAL = timedelta(days=30)


@dataclass(frozen=True)
class Clock:
    """The clock of a request on one day. `counted` of `total` days have passed."""

    due: date
    counted: int
    total: int
    stopped: bool

    def late_by(self, today: date) -> int:
        """Return the number of days since the answer was due; 0 if it is not late, or if the clock is stopped."""
        return 0 if self.stopped else max(0, (today - self.due).days)


def stopped_for(since: date, answer_by: date, today: date) -> int:
    """Return how many days the clock has been stopped since a correction was asked, until `answer_by` at most."""
    return max(0, (min(today, answer_by) - since).days)


def due(received: date, stopped_days: int, months: int = MONTHS) -> date:
    return add_months(received, months) + timedelta(days=stopped_days)


def read(
    received: date,
    stopped_days: int,
    stopped_since: date | None,
    answer_by: date | None,
    today: date,
    months: int = MONTHS,
) -> Clock:
    """Return the clock of a request. `answer_by`: the last day of its open corrections."""
    running = stopped_for(stopped_since, answer_by or stopped_since, today) if stopped_since else 0
    days = stopped_days + running
    end = due(received, days, months)
    total = (add_months(received, months) - received).days
    stopped = stopped_since is not None and today < (answer_by or stopped_since)
    return Clock(end, min(total, max(0, (today - received).days - days)), total, stopped)


def appeal_until(decided: date) -> date:
    return add_months(decided, APPEAL_MONTHS)
