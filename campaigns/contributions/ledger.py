"""The ledger of privacy budgets: each charge is committed before the noise that it pays for is drawn.

It writes through a connection of its own, so that a charge stays when the transaction of the release is rolled back or
its process is killed. A later attempt is charged again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, connection
from django.utils import timezone
from psycopg import errors

from campaigns.contributions.models import Charge

INSERT = (
    'INSERT INTO campaigns.charge (id, campaign_id, "window", attempt, "table", rho, "limit", at)'
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)


class BudgetOfWindowSpent(Exception):
    """The window was charged as much as its plan allows: no noise may be drawn for it any more."""


class Ledger:
    """Charges of one attempt to release one window."""

    def __init__(self, own: Any, campaign_id: UUID, window: str, limit: float) -> None:  # noqa: ANN401 - a connection
        self._own, self._campaign_id, self._window, self._limit = own, campaign_id, window, limit
        self.attempt = attempts_of(campaign_id, window) + 1

    def charge(self, table: str, rho: float) -> None:
        """Charge a table's budget, and commit.

        Raises:
            BudgetOfWindowSpent
        """
        values = [uuid4(), self._campaign_id, self._window, self.attempt, table, rho, self._limit, timezone.now()]
        try:
            with self._own.cursor() as cursor:
                cursor.execute(INSERT, values)
        except IntegrityError as error:
            if isinstance(error.__cause__, errors.CheckViolation):
                raise BudgetOfWindowSpent from None
            raise


@contextmanager
def opened(*, campaign_id: UUID, window: str, limit: float) -> Iterator[Ledger]:
    own = connection.copy()
    try:
        yield Ledger(own, campaign_id, window, limit)
    finally:
        own.close()


def attempts_of(campaign_id: UUID, window: str) -> int:
    """Return how many attempts were charged."""
    charges = Charge.objects.filter(campaign_id=campaign_id, window=window)
    return charges.order_by("attempt").values("attempt").distinct().count()
