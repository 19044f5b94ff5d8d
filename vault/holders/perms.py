"""Permission to pull a connection."""

from core.models.rows import check
from vault.holders.enums import ConnectionState
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
