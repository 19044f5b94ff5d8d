"""Permission to pull a connection."""

from core.models.rows import check
from vault.holders.enums import ConnectionState, LineOutcome
from vault.holders.models import Connection


def may_pull(connection: Connection, *, unattended: bool) -> bool:
    """Return True if the connection is active and, for an unattended pull, the resident agreed to it.

    An unattended pull may also finish one that they asked for. Checked when the pull starts and before each writing.

    Raises:
        Forged: the resident did not agree to this connection as it is.
    """
    check(connection, locked=False)
    if connection.state != ConnectionState.ACTIVE or connection.over:
        return False
    return not unattended or connection.unattended or connection.unfinished


def why_not_send(connection: Connection | None) -> LineOutcome | None:
    """Return why a holder may not send about this resident now, or None if it may.

    The caller checks the row (`rows.check`) before it writes anything.
    """
    if connection is None:
        return LineOutcome.UNKNOWN_SUB
    if connection.state == ConnectionState.PAUSED:
        return LineOutcome.PAUSED
    if connection.state != ConnectionState.ACTIVE:
        return LineOutcome.STOPPED
    return LineOutcome.OVER if connection.over else None
