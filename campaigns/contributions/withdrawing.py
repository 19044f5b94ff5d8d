"""Delete the contribution that was not counted when its grant ends, in the transaction that ends the grant."""

from datetime import date
from uuid import UUID

from django.utils import timezone

from campaigns.contributions import sealing, store
from campaigns.contributions.models import Participation, Withdrawal
from campaigns.plans.models import Campaign
from vault.records.models import Grant


def about(resident_id: UUID, dwelling: UUID | None = None) -> str:
    """Return what the pseudonym of a resident, or of a dwelling, is made of."""
    return f"dwelling {dwelling}" if dwelling else f"resident {resident_id}"


def _name(participation: Participation) -> bytes:
    """Return the pseudonym of a contribution. Raises NoKeys."""
    subject = about(participation.resident_id, participation.dwelling)
    return sealing.pseudonym(campaign_id=participation.campaign_id, about=subject)


def forget(grant: Grant) -> None:
    """Delete the contribution that the resident in scope made under a grant, if no publication has counted it.

    Once it was counted, the participation stays: nobody is counted twice, nor gets their budget back.
    """
    found = Participation.objects.filter(grant=grant).first()
    if found is not None and remove(found):
        trace(found, timezone.localdate())
        found.delete()


def trace(participation: Participation, today: date) -> None:
    """Keep what milestones may have cost the resident in scope, if they could count a withdrawn contribution."""
    rho = Campaign.objects.get(pk=participation.campaign_id).plan.counter_rho
    if not rho or participation.counts_from > today or has_withdrawn(participation.campaign_id):
        return
    Withdrawal(
        resident_id=participation.resident_id,
        campaign_id=participation.campaign_id,
        withdrawn_on=today,
        rho=rho,
        dwelling=participation.dwelling,
    ).save(force_insert=True)


def has_withdrawn(campaign_id: UUID) -> bool:
    """Return whether milestones may have counted the resident in scope in a contribution that they withdrew."""
    return Withdrawal.objects.filter(campaign_id=campaign_id).exists()


def remove(participation: Participation) -> bool:
    """Delete a contribution. Return False if it was counted already."""
    try:
        name = _name(participation)
    except sealing.NoKeys:
        return False
    return store.remove(campaign_id=participation.campaign_id, pseudonym=name)


def is_waiting(participation: Participation) -> bool:
    """Return whether the contribution is there and not counted."""
    try:
        name = _name(participation)
    except sealing.NoKeys:
        return False
    return store.holds(campaign_id=participation.campaign_id, pseudonym=name)
