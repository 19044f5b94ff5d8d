"""What a campaign needs before it opens: a database that keeps contributions apart, and its keys."""

from django.utils.translation import gettext as _

from campaigns.contributions import sealing, store
from campaigns.plans.models import Campaign


class KeysNotMade(Exception):
    """The worker of releases has not made the campaign's keys yet."""


def refusal() -> str:
    if store.is_apart():
        return ""
    return _(
        "La base de données n’a pas les rôles « web » et « release » : le portail pourrait lire les contributions."
        " Voir docs/operations.md."
    )


def prepare(campaign: Campaign) -> None:
    """Require the campaign's keys, which the role `release` alone makes.

    Raises:
        KeysNotMade: the worker of releases makes them within minutes of the approval.
    """
    if not sealing.has_keys(campaign.pk):
        raise KeysNotMade(str(campaign.pk))
