"""Who may do what to a vault, as questions that change nothing."""

from uuid import UUID

from django.core.exceptions import PermissionDenied

from vault.records.enums import PaperState
from vault.records.models import Paper


def may_write(resident_id: UUID, person: UUID) -> bool:
    """The vault is its resident's from the first minute: only they change it."""
    return resident_id == person


def require_may_write(resident_id: UUID, person: UUID) -> None:
    if not may_write(resident_id, person):
        raise PermissionDenied


def may_download(paper: Paper, person: UUID) -> bool:
    """A file in quarantine is not handed out: it has not been checked yet."""
    return may_write(paper.resident_id, person) and paper.state in {PaperState.TO_CONFIRM, PaperState.KEPT}
