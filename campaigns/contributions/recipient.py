"""A campaign as the recipient of a grant."""

from django.core.exceptions import PermissionDenied

from campaigns.contributions.agreements import campaign_id_of
from campaigns.contributions.withdrawing import forget
from campaigns.plans.models import Campaign
from campaigns.plans.states import State
from vault.records.enums import Happened, RefusalCode
from vault.records.grants.agreements import Agreement
from vault.records.grants.recipients import Contact
from vault.records.grants.terms import Terms
from vault.records.models import Grant, GrantEvent


def never_again(former: Grant, agreement: Agreement, terms: Terms, seen: str) -> Grant:
    """Refuse to renew (`RecipientKind.give`): a resident contributes on the campaign's page, to what it shows.

    Raises:
        PermissionDenied: always.
    """
    raise PermissionDenied


def refusal(grant: Grant) -> RefusalCode | None:
    """Return that the campaign is not open: nothing is read for it any more."""
    open_ = Campaign.objects.filter(pk=campaign_id_of(grant.agreement), state=State.OPEN)
    return None if open_.exists() else RefusalCode.STOPPED


def contact(grant: Grant) -> Contact:
    return Contact((grant.recipient_label,))


def on_event(event: GrantEvent) -> None:
    """Delete what was not counted when the resident pauses the grant: a paused contribution is not counted either."""
    if event.happened == Happened.PAUSED:
        forget(event.grant)
