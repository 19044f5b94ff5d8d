"""Rights on consultations, as pure functions."""

from django.core.exceptions import PermissionDenied

from accounts.models import User
from campaigns.plans.models import Campaign, CampaignEvent


def require_agent(person: User) -> None:
    if not (person.is_active and person.is_staff):
        raise PermissionDenied


def require_author(person: User, campaign: Campaign) -> None:
    """Require the agent who began the consultation. Nobody else changes or submits its plan."""
    require_agent(person)
    if campaign.created_by_id != person.pk:
        raise PermissionDenied


def require_officer(person: User) -> None:
    """Require the data protection officer."""
    require_agent(person)
    if not person.is_dpo:
        raise PermissionDenied


def require_other(person: User, campaign: Campaign) -> None:
    if campaign.created_by_id == person.pk:
        raise PermissionDenied


def require_no_opinion(person: User, opinion: CampaignEvent) -> None:
    """Require somebody else than who gave the officer's opinion."""
    if opinion.by_id == person.pk:
        raise PermissionDenied
