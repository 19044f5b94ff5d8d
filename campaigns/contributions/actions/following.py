"""The steps of a campaign that follow from its releases, and whether the worker of releases is needed."""

from campaigns.contributions.enums import RunState
from campaigns.contributions.models import CampaignKey, ReleaseRun
from campaigns.plans.actions import campaigns as verbs
from campaigns.plans.models import Campaign
from campaigns.plans.states import State


def is_needed() -> bool:
    """Return whether the worker of releases has something to do: now, or on a date to come."""
    busy = [State.APPROVED, State.OPEN, State.CLOSED]
    return Campaign.objects.filter(state__in=busy).exists() or CampaignKey.objects.values("pk").exists()


def follow() -> None:
    """Close each campaign whose last window was released, and note those whose keys are destroyed. Idempotent."""
    for campaign in Campaign.objects.filter(state=State.OPEN):
        last = campaign.plan.windows[-1].code
        over = ReleaseRun.objects.filter(campaign_id=campaign.pk, window=last).exclude(state=RunState.WAITING)
        if over.exists():
            verbs.close(campaign=campaign)
    for campaign in Campaign.objects.filter(state=State.CLOSED):
        if not CampaignKey.objects.filter(pk=campaign.pk).values("pk").exists():
            verbs.note_destruction(campaign=campaign)
