"""Codes and tokens of grants: ended at once, and deleted once they are over."""

from pathlib import Path
from uuid import UUID

from django.utils import timezone
from oauth2_provider.models import clear_expired as clear_expired_tokens

from certification.access import limits
from certification.access.fapi import par
from certification.access.models import AccessToken, AuthorizationCode, IDToken, PushedRequest, RefreshToken
from core import rows


def end(grant_id: UUID) -> None:
    """End all tokens of a grant, and its codes. The grant stays: the service asks its resident again for a code."""
    now = timezone.now()
    codes = [one.pk for one in AuthorizationCode.objects.filter(grant_id=grant_id) if one.used_at is None]
    refresh = [one.pk for one in RefreshToken.objects.filter(grant_id=grant_id) if one.revoked is None]
    AuthorizationCode.objects.filter(pk__in=codes).update(used_at=now)
    RefreshToken.objects.filter(pk__in=refresh).update(revoked=now)
    AccessToken.objects.filter(grant_id=grant_id).delete()


def clear_expired() -> None:
    """Delete expired codes, tokens and pushed requests, also those that somebody else wrote, and former counts.

    The scheduler calls this each hour.
    """
    with rows.unchecked():
        clear_expired_tokens()
    par.clear()
    limits.clear()


def end_all(_folder: Path) -> str:
    """End all tokens after a restore, which would revive those revoked since the backup."""
    with rows.unchecked():
        for model in (AuthorizationCode, RefreshToken, AccessToken, IDToken, PushedRequest):
            model.objects.all().delete()
    return "Every token of a service is over: services ask their residents again."
