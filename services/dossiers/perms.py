"""Rights on dossiers, as pure functions."""

from uuid import UUID

from django.core.exceptions import PermissionDenied

from services.dossiers.enums import State
from services.dossiers.models import Dossier, Part


def owns(dossier: Dossier, person: UUID) -> bool:
    return dossier.resident_id == person


def require_owner(dossier: Dossier, person: UUID) -> None:
    if not owns(dossier, person):
        raise PermissionDenied


def may_download(dossier: Dossier, person: UUID) -> bool:
    return owns(dossier, person) and dossier.state == State.READY


def require_may_download(dossier: Dossier, person: UUID) -> None:
    if not may_download(dossier, person):
        raise PermissionDenied


def is_asked(part: Part, person: UUID) -> bool:
    return part.resident_id == person


def require_asked(part: Part, person: UUID) -> None:
    if not is_asked(part, person):
        raise PermissionDenied
