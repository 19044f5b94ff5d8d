"""The city's quota of calls to an API, counted in the database for all processes, and the API's health."""

from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from vault.holders.connectors.faults import Fault
from vault.holders.connectors.frame import Connector
from vault.holders.models.connection import ConnectorHealth

#: A success is written at most once in this time, to avoid one write per call.
WRITTEN_EVERY = timedelta(minutes=10)


def take(connector: Connector) -> None:
    """Count one call.

    Raises:
        Fault: the quota of this window is used up; the fault says how long to wait.
    """
    now, window = timezone.now(), timedelta(seconds=connector.quota.seconds)
    row = ConnectorHealth.objects.get_or_create(connector=connector.code)[0]
    mine = ConnectorHealth.objects.filter(pk=connector.code)
    mine.filter(window_started_at__lte=now - window).update(window_started_at=now, calls=0)
    if not mine.filter(calls__lt=connector.quota.calls).update(calls=F("calls") + 1):
        row.refresh_from_db()
        raise Fault("quota", wait=max(timedelta(seconds=1), row.window_started_at + window - now))


def well(connector: Connector) -> None:
    """Write that the API answered, which ends its problem."""
    now = timezone.now()
    old = Q(last_success_at=None) | Q(last_success_at__lt=now - WRITTEN_EVERY) | ~Q(problem="")
    ConnectorHealth.objects.filter(old, pk=connector.code).update(last_success_at=now, problem="", problem_since=None)


def refused(connector: Connector, code: str) -> bool:
    """Write that the API refuses the city. Return True the first time: the agents must be warned."""
    ConnectorHealth.objects.get_or_create(connector=connector.code)
    return bool(
        ConnectorHealth.objects.filter(pk=connector.code, problem="").update(
            problem=code, problem_since=timezone.now()
        )
    )
