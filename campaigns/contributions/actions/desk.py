"""Contribute and withdraw at the desk, for a resident who has no e-mail: the agent types what they say.

The answers are sealed as typed on the resident's own page would be: kept nowhere else, and the agent never sees them
again. Who signs in by themselves contributes from their vault.
"""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from accounts.perms import can_sign_in
from campaigns.contributions import agreements
from campaigns.contributions.actions import contributing
from campaigns.contributions.enums import CAMPAIGN_KIND
from campaigns.contributions.models import Participation
from campaigns.contributions.offer import Offer
from campaigns.noise.rows import pack
from campaigns.plans.models import Campaign
from core.database import locks
from vault.records.actions import grants
from vault.records.actions.grants import Recipient
from vault.records.enums import GrantChannel, Mode
from vault.records.grants.terms import Terms
from vault.records.models import Grant
from vault.sharing import perms
from vault.sharing.actions import acts
from vault.sharing.actions.desk import at_desk
from vault.sharing.models import DeskVisit


def contribute(*, visit: DeskVisit, agent: User, campaign: Campaign, answered: Offer) -> Participation:
    """Give the answers of a resident who says yes in front of the agent. All is written, or nothing.

    Raises:
        PermissionDenied: the resident signs in by themselves, or the visit is another agent's, or its session has
            ended.
        gate.Refused: the visit has ended.
        RowOutOfBounds: an answer that the plan does not allow.
        NotOpen, AlreadyIn, BudgetSpent, NothingLeft
    """
    resident_id = _require_on_paper(visit, agent)
    if campaign.plan.holder:
        raise contributing.NotOpen
    packed = pack(campaign.plan, answered.row)
    if answered.is_empty:
        raise contributing.NothingLeft
    agreement = agreements.made(campaign)
    terms = Terms((), Mode.KEEP, until=agreement.until, channel=GrantChannel.SPOKEN)
    try:
        with at_desk(), acts.under(visit.grant, changing=[]):
            locks.hold("contributing", resident_id)
            why = contributing.refusal(campaign=campaign, today=timezone.localdate())
            if why is not None:
                raise why
            to = Recipient(CAMPAIGN_KIND, campaign.pk, campaign.plan.sponsor)
            grant = grants.give_at_desk(
                resident_id=resident_id, by=agent.pk, agreement=agreement, recipient=to, terms=terms
            )
            return contributing.record(campaign, grant, packed, by=agent.pk)
    except IntegrityError:
        raise contributing.AlreadyIn from None


def withdraw(*, visit: DeskVisit, agent: User, grant: Grant) -> Grant:
    """Stop the grant of a contribution for a resident who asks at the desk. Idempotent.

    What no publication has counted is deleted in the same transaction.

    Raises:
        PermissionDenied: the resident signs in by themselves, or the visit is another agent's, has ended, or its
            session has; or the grant is not of a contribution.
    """
    resident_id = _require_on_paper(visit, agent)
    with scope(resident=resident_id):
        is_ours = Grant.objects.filter(pk=grant.pk, recipient_kind=CAMPAIGN_KIND).exists()
        active = Grant.objects.active().filter(pk=visit.grant_id).exists()
    if not is_ours or not active:
        raise PermissionDenied
    with at_desk():
        return grants.stop_at_desk(grant=grant, by=agent.pk)


def _require_on_paper(visit: DeskVisit, agent: User) -> UUID:
    """Return the resident of the visit, who does not sign in by themselves."""
    perms.require_may_help_at_desk(visit, agent)
    if can_sign_in(User.objects.get(pk=visit.resident_id)):
        raise PermissionDenied
    resident_id: UUID = visit.resident_id
    return resident_id
