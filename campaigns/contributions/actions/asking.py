"""Ask a holder together: prepare the resident's own request, then contribute how far it is."""

from uuid import UUID

from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from campaigns.contributions import requests
from campaigns.contributions.actions import contributing
from campaigns.contributions.models import Participation
from campaigns.plans.models import Campaign
from vault.holders.actions.requests import known_parts, start_request
from vault.holders.models import DataRequest
from vault.records.enums import Right
from vault.records.models import Holder


class NotSent(Exception):
    """The resident has sent no request to the holder since the opening."""


def prepare(*, resident: User, by: UUID, campaign: Campaign) -> DataRequest:
    """Begin the resident's own letter to the holder, or return the one that they have. They send it themselves.

    Raises:
        PermissionDenied: not their vault.
        NotOpen: the campaign names no holder, or takes no contribution.
        Holder.DoesNotExist: the city has withdrawn the holder.
    """
    with scope(resident=resident.pk):
        why = contributing.refusal(campaign=campaign, today=timezone.localdate())
        if why is not None or not campaign.plan.holder:
            raise contributing.NotOpen
        found = requests.of(campaign)
    if found is not None:
        return found
    holder = Holder.objects.get(code=campaign.plan.holder, withdrawn_at=None)
    parts = known_parts(
        resident_id=resident.pk, holder=holder, name=resident.name, email=resident.contact_email or resident.email
    )
    right = Right.PORTABILITY if Right.PORTABILITY in holder.rights else Right.ACCESS
    token = requests.token_of(campaign, resident.pk)
    return start_request(resident_id=resident.pk, by=by, holder=holder, right=right, parts=parts, token=token)


def contribute(*, resident_id: UUID, by: UUID, campaign: Campaign, seen: str) -> Participation:
    """Give how far the resident's request is, as the page showed it. Their letter is not read.

    Raises:
        PermissionDenied: not their vault.
        NotSent
        Changed: the request is at another state than the page showed.
        NotOpen, AlreadyIn, BudgetSpent
    """
    with scope(resident=resident_id):
        found = requests.of(campaign) if campaign.plan.holder else None
        if found is None or found.sent_on is None:
            raise NotSent
        offered = requests.offered(campaign, found, timezone.localdate())
    return contributing.from_request(resident_id=resident_id, by=by, campaign=campaign, offered=offered, seen=seen)
