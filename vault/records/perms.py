"""Rights on a vault, as questions without side effects."""

from uuid import UUID

from django.core.exceptions import PermissionDenied

from vault.records.enums import PaperState
from vault.records.models import Paper


def may_write(resident_id: UUID, person: UUID) -> bool:
    """Return whether a person may change a vault: only its resident may."""
    return resident_id == person


def require_may_write(resident_id: UUID, person: UUID) -> None:
    if not may_write(resident_id, person):
        raise PermissionDenied


def may_download(paper: Paper, person: UUID) -> bool:
    """Return whether a person may open the paper's files. A file in quarantine is not checked yet."""
    return may_write(paper.resident_id, person) and paper.state in {PaperState.TO_CONFIRM, PaperState.KEPT}
