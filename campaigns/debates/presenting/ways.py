"""Links from the sheet and the results of a consultation to its debate, its vote, its count."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.debates import standing
from campaigns.debates.enums import VoteState
from campaigns.plans.models import Campaign
from campaigns.plans.presenting.ways import Way
from campaigns.plans.states import BEGUN


def to_debate(campaign: Campaign) -> Way | None:
    if not standing.has_debate(campaign):
        return None
    return Way(_("Le débat"), reverse("debates:debate", args=[campaign.code]))


def to_vote(campaign: Campaign) -> Way | None:
    vote = standing.vote_of(campaign)
    if vote is None or vote.state != VoteState.APPROVED:
        return None
    if vote.is_open(timezone.now()):
        return Way(_("Voter"), reverse("debates:vote", args=[campaign.code]))
    return Way(_("Le résultat du vote"), reverse("debates:result", args=[campaign.code]))


def to_moderation(campaign: Campaign) -> Way | None:
    """Return the way of agents."""
    if campaign.state not in BEGUN or not standing.has_debate(campaign):
        return None
    return Way(_("Modérer le débat, ouvrir un vote"), reverse("debates:posts", args=[campaign.code]))
