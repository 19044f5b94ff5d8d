"""Pause every grant after an older backup is restored: the grants stopped since the backup would be active again.

Each resident resumes the grants that they still want; their journal gives the reason of the pause.
"""

from pathlib import Path

from core import journal
from core.keys import KeyMissing
from vault.records import across
from vault.records.actions import grants
from vault.records.models import Grant

GRANT_PAUSED = "grant_paused_by_restore"


@journal.through(journal.Means.SCHEDULER)
def pause_all(_folder: Path) -> str:
    """Pause every active grant. Idempotent. A vault that was erased meanwhile is left out."""
    paused = sum(map(_paused, across.grants_to_pause()))
    return f"{paused} shares are paused until their residents take them up again."


def _paused(grant: Grant) -> bool:
    try:
        grants.pause(grant=grant, by=grant.resident_id, event=GRANT_PAUSED)
    except KeyMissing:
        return False
    return True
