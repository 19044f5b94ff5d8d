"""After a restore of an older backup, pause every connection: those stopped since the backup would be active again."""

from pathlib import Path

from core import journal
from core.keys import KeyMissing
from vault.holders import across
from vault.holders.actions import connections
from vault.holders.models import Connection

CONNECTION_PAUSED = "connection_paused_by_restore"


@journal.through(journal.Means.SCHEDULER)
def pause_all(_folder: Path) -> str:
    """Pause every active connection. Idempotent. A vault that was erased meanwhile is left out."""
    paused = sum(map(_paused, across.active_connections()))
    return f"{paused} connections are paused until their residents take them up again."


def _paused(connection: Connection) -> bool:
    try:
        connections.pause(connection=connection, by=connection.resident_id, event=CONNECTION_PAUSED)
    except KeyMissing:
        return False
    return True
