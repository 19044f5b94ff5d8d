"""Queries across residents for aids: what is kept of runs goes once it can serve no more."""

from datetime import datetime

from django_scopes import scopes_disabled

from services.aids.models import KeptRun


def delete_kept_runs(*, before: datetime) -> int:
    with scopes_disabled():
        return KeptRun.objects.filter(made_at__lt=before).delete()[0]
