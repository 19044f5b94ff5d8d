"""Conditions to open a campaign: a database that keeps contributions apart, and its keys."""

from django.utils.translation import gettext as _

from campaigns.contributions import sealing, store
from campaigns.plans.models import Campaign
from campaigns.plans.opening import NotPrepared


def refusal() -> str:
    if store.is_apart():
        return ""
    return _(
        "La base de données n’a pas les rôles « web » et « release » : le portail pourrait lire les contributions."
        " Voir docs/operations.md."
    )


def prepare(campaign: Campaign) -> None:
    """Require the campaign's keys, which the role `release` alone makes.

    Raises:
        NotPrepared: the worker of releases makes them within minutes of the approval.
    """
    if not sealing.has_keys(campaign.pk):
        raise NotPrepared(str(campaign.pk))
