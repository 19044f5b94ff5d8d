"""After a restore of an older backup, what was stopped since would be open again, and nobody could tell which: all of it is paused.

Each resident takes up again what they still want, on the same pages as ever; their journal says why it stands still.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from django_scopes import scopes_disabled

from core import journal
from core.keys import KeyMissing
from vault.actions import connections, grants
from vault.enums import ConnectionState
from vault.models import Connection, Grant

GRANT_PAUSED = "grant_paused_by_restore"
CONNECTION_PAUSED = "connection_paused_by_restore"


@journal.through(journal.Means.SCHEDULER)
def pause_all(_folder: Path) -> str:
    """Twice changes nothing. Whoever was erased meanwhile is left out."""
    with scopes_disabled():
        given = list(Grant.objects.standing().filter(paused_at=None))
        links = list(Connection.objects.filter(state=ConnectionState.ACTIVE))
    paused = sum(_paused(partial(grants.pause, grant=grant, by=grant.resident_id, event=GRANT_PAUSED)) for grant in given)
    paused += sum(_paused(partial(connections.pause, connection=link, by=link.resident_id, event=CONNECTION_PAUSED)) for link in links)
    return f"{paused} shares and connections are paused until their residents take them up again."


def _paused(pause: Callable[[], object]) -> bool:
    try:
        pause()
    except KeyMissing:
        return False
    return True
