"""A resident's own request to the holder of a portability campaign, and the row that it makes: how far it is."""

from datetime import date
from uuid import UUID, uuid5

from campaigns.contributions import offer
from campaigns.contributions.offer import Offer
from campaigns.noise.refusals import REQUEST, REQUEST_STATES
from campaigns.plans.models import Campaign
from vault.holders.models import DataRequest


def of(campaign: Campaign) -> DataRequest | None:
    """Return the request of the resident in scope: the last one sent since the opening, else the last draft."""
    found = DataRequest.objects.filter(holder=campaign.plan.holder)
    sent = found.filter(sent_on__gte=campaign.plan.opens).order_by("-sent_on", "-created_at").first()
    return sent or found.filter(sent_on=None).order_by("-created_at").first()


def offered(campaign: Campaign, request: DataRequest, today: date) -> Offer:
    """Return the row of a request. No date, letter or answer is in it.

    Raises:
        ValueError: it was not sent.
    """
    return offer.of_answers(campaign.plan, {REQUEST: REQUEST_STATES.index(state_of(request, today))})


def state_of(request: DataRequest, today: date) -> str:
    if request.sent_on is None:
        return "draft"
    if request.answered_on is not None:
        return "answered"
    return "late" if request.is_late(today) else "sent"


def token_of(campaign: Campaign, resident_id: UUID) -> UUID:
    """Return the token of the form: two clicks begin one request."""
    return uuid5(campaign.pk, str(resident_id))
