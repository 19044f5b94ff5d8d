"""Work across residents: undoing contributions after a restore, and forgetting participations that are over."""

from datetime import date
from uuid import UUID

from django.utils import timezone
from django_scopes import scope, scopes_disabled

from campaigns.contributions import agreements, sealing, store, withdrawing
from campaigns.contributions.models import Arrival, Contribution, Invitation, Membership, Participation, Withdrawal
from campaigns.contributions.yearly import A_YEAR
from campaigns.plans.models import Campaign
from campaigns.plans.states import State


def forget_uncounted() -> int:
    """Delete every contribution that no publication counted, with its resident's own trace. Return how many.

    For a restore in which time was lost: a resident may have withdrawn since the backup, or been counted since. They
    may contribute again.
    """
    names = {
        (row.campaign_id, bytes(row.pseudonym))
        for model in (Arrival, Contribution)
        for row in model.objects.only("campaign_id", "pseudonym")
    }
    with scopes_disabled():
        for one in Participation.objects.filter(campaign_id__in={campaign for campaign, _name in names}):
            about = withdrawing.about(one.resident_id, one.dwelling)
            if (one.campaign_id, sealing.pseudonym(campaign_id=one.campaign_id, about=about)) in names:
                with scope(resident=one.resident_id):
                    withdrawing.trace(one, timezone.localdate())
                one.delete()
    for campaign_id in {campaign for campaign, _name in names}:
        store.remove_all(campaign_id=campaign_id)
    return len(names)


def dwelling_is_in(*, campaign: Campaign, dwelling: UUID | None) -> bool:
    """Return whether somebody of a household contributed to a campaign that counts dwellings."""
    if dwelling is None:
        return False
    with scopes_disabled():
        return Participation.objects.filter(campaign_id=campaign.pk, dwelling=dwelling).exists()


def dwelling_has_withdrawn(campaign_id: UUID, dwelling: UUID | None) -> bool:
    """Return whether milestones may have counted a household in a contribution that was withdrawn."""
    if dwelling is None:
        return False
    with scopes_disabled():
        return Withdrawal.objects.filter(campaign_id=campaign_id, dwelling=dwelling).exists()


def forget_groups(today: date) -> int:
    """Delete the invitations and members of groups whose consultation is over. Return how many rows that was."""
    over = [
        one.pk
        for one in Campaign.objects.filter(pk__in=Invitation.objects.values("campaign_id"))
        if one.state in {State.DROPPED, State.REFUSED} or agreements.is_over(one.plan, today)
    ]
    with scopes_disabled():
        return sum(model.objects.filter(campaign_id__in=over).delete()[0] for model in (Membership, Invitation))


def forget_over(today: date) -> int:
    """Delete the residents' own traces of consultations whose retention has ended. Return how many.

    A trace stays for a year at least: it counts in the resident's yearly budget. Its grant ends by its own date.
    """
    with scopes_disabled():
        old = Participation.objects.filter(joined_on__lte=today - A_YEAR)
        campaigns = Campaign.objects.filter(pk__in=old.values("campaign_id"))
        kept = [one.pk for one in campaigns if not agreements.is_over(one.plan, today)]
        withdrawn = Withdrawal.objects.filter(withdrawn_on__lte=today - A_YEAR)
        found = [*old.exclude(campaign_id__in=kept), *withdrawn.exclude(campaign_id__in=kept)]
        for one in found:
            one.delete()
    return len(found)
