"""Rights on the watch, as pure functions."""

from uuid import UUID

from django.core.exceptions import PermissionDenied

from services.watch.models import Finding


def require_owner(finding: Finding, person: UUID) -> None:
    if finding.resident_id != person:
        raise PermissionDenied


def require_self(resident_id: UUID, person: UUID) -> None:
    if resident_id != person:
        raise PermissionDenied
