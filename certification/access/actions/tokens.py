"""Codes and tokens of grants: ended at once, and deleted once they are over."""

from pathlib import Path
from uuid import UUID

from django.utils import timezone
from oauth2_provider.models import clear_expired as clear_expired_tokens

from certification.access import limits
from certification.access.models import AccessToken, AuthorizationCode, IDToken, RefreshToken
from core import rows


def end(grant_id: UUID) -> None:
    """End all tokens of a grant, and its codes. The grant stays: the service asks its resident again for a code."""
    AuthorizationCode.objects.filter(grant_id=grant_id, used_at=None).update(used_at=timezone.now())
    RefreshToken.objects.filter(grant_id=grant_id, revoked=None).update(revoked=timezone.now())
    AccessToken.objects.filter(grant_id=grant_id).delete()


def clear_expired() -> None:
    """Delete expired codes and tokens, also those that somebody else wrote, and former counts of calls.

    The scheduler calls this each hour.
    """
    with rows.unchecked():
        clear_expired_tokens()
    limits.clear()


def end_all(_folder: Path) -> str:
    """End all tokens after a restore, which would revive those revoked since the backup."""
    with rows.unchecked():
        for model in (AuthorizationCode, RefreshToken, AccessToken, IDToken):
            model.objects.all().delete()
    return "Every token of a service is over: services ask their residents again."
