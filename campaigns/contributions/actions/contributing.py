"""Contribute to a campaign: one grant, one reading through the gate, one sealed row."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django_scopes import scope

from campaigns.contributions import across, agreements, budget, offer, sealing, store, withdrawing, yearly
from campaigns.contributions.actions import group
from campaigns.contributions.actions.inbox import COOLING_DAYS
from campaigns.contributions.enums import CAMPAIGN_KIND
from campaigns.contributions.models import Participation
from campaigns.contributions.offer import Offer, Without
from campaigns.noise.rows import pack
from campaigns.plans.models import Campaign
from core import journal
from core.database import locks
from core.models.rows import check
from vault.records import gate, perms
from vault.records.actions import grants
from vault.records.actions.grants import Recipient
from vault.records.enums import GrantChannel, Mode
from vault.records.grants.terms import Terms
from vault.records.models import Grant, GrantField
from vault.sharing.models import Member

#: The unit of a plan that counts a dwelling once.
DWELLING = "dwelling"


class NotOpen(Exception):
    """The campaign takes no contribution today: not open, or too late to be counted."""


class NotMember(NotOpen):
    """The campaign takes contributions of its invited group alone, and the resident has not joined it."""


class AlreadyIn(Exception):
    """The resident contributed already, or was counted before."""


class DwellingIn(Exception):
    """Somebody of the resident's household contributed to a campaign that counts dwellings."""


class BudgetSpent(Exception):
    """The campaign would cost more than what is left of the resident's yearly budget."""


class NothingLeft(Exception):
    """The resident took everything out: there is nothing to send."""


def refusal(*, campaign: Campaign, today: date) -> Exception | None:
    """Return why the resident may not contribute today, or None. Call it in the resident's scope."""
    if not campaign.takes_contributions(today) or not sealing.has_keys(campaign.pk):
        return NotOpen()
    if campaign.plan.group is not None and group.of(campaign) is None:
        return NotMember()
    if Participation.objects.filter(campaign_id=campaign.pk).exists():
        return AlreadyIn()
    if budget.most(campaign.plan) > yearly.left(today) + 1e-9:
        return BudgetSpent()
    return None


def dwelling_of(campaign: Campaign) -> UUID | None:
    """Return the household of the resident in scope, where the campaign counts dwellings; else None.

    Who has told the portal of no household is counted alone.
    """
    if campaign.plan.unit != DWELLING:
        return None
    member = Member.objects.present().first()
    if member is not None:
        check(member)
    return member.household_id if member else None


def from_vault(
    *, resident_id: UUID, by: UUID, campaign: Campaign, without: Without, seen: str, shown: dict[str, str]
) -> Participation:
    """Give what the page showed, from the resident's records.

    The grant is given first, then read once through the gate: the row that leaves is made of that reading.

    Args:
        seen: the fingerprint of the row that the page showed.
        shown: what the page showed of each column, for the text that the resident keeps.

    Raises:
        PermissionDenied: not their vault.
        NotOpen, AlreadyIn, BudgetSpent, NothingLeft
        Changed: the vault differs from what the page showed. The grant is stopped, nothing was sent.
    """
    codes = [one for one in offer.columns_from_records(campaign.plan) if one not in without.columns]
    if not codes:
        raise NothingLeft

    def read(grant: Grant) -> Offer:
        fields = list(GrantField.objects.filter(grant=grant).values_list("field", flat=True))
        values = gate.read(grant=grant, fields=fields, person=resident_id)
        return offer.of_records(campaign.plan, values, without)

    return _contribute(resident_id, by, campaign, Terms(codes, Mode.KEEP, shown=shown), read, seen)


def from_answers(*, resident_id: UUID, by: UUID, campaign: Campaign, answered: Offer) -> Participation:
    """Give answers that the resident typed. No value of the vault is read, and none is written.

    Raises:
        PermissionDenied: not their vault.
        RowOutOfBounds: an answer that the plan does not allow.
        NotOpen, AlreadyIn, BudgetSpent, NothingLeft
    """
    if campaign.plan.holder:
        raise NotOpen
    pack(campaign.plan, answered.row)
    return _contribute(resident_id, by, campaign, Terms((), Mode.KEEP), lambda _grant: answered, answered.seen)


def from_request(*, resident_id: UUID, by: UUID, campaign: Campaign, offered: Offer, seen: str) -> Participation:
    """Give how far a request to a holder is. Raises as `from_answers`, and Changed if it is not what was shown."""
    return _contribute(resident_id, by, campaign, Terms((), Mode.KEEP), lambda _grant: offered, seen)


def _contribute(
    resident_id: UUID, by: UUID, campaign: Campaign, terms: Terms, read: Callable[[Grant], Offer], seen: str
) -> Participation:
    perms.require_may_write(resident_id, by)
    with scope(resident=resident_id):
        grant = _give(resident_id, by, campaign, terms)
        try:
            found = read(grant)
            if found.seen != seen:
                raise grants.Changed
            if found.is_empty:
                raise NothingLeft
            return _send(campaign, grant, found)
        except Exception:
            grants.stop(grant=grant, by=by)
            raise


def _give(resident_id: UUID, by: UUID, campaign: Campaign, terms: Terms) -> Grant:
    """Give the grant, unless the campaign or the resident's budget refuses. Two at once wait for each other."""
    agreement = agreements.made(campaign)
    terms = Terms(terms.items, terms.mode, until=agreement.until, shown=terms.shown, channel=GrantChannel.PAGE)
    with transaction.atomic():
        locks.hold("contributing", resident_id)
        why = refusal(campaign=campaign, today=timezone.localdate())
        if why is not None:
            raise why
        to = Recipient(CAMPAIGN_KIND, campaign.pk, campaign.plan.sponsor)
        return grants.give(resident_id=resident_id, by=by, agreement=agreement, recipient=to, terms=terms)


def _send(campaign: Campaign, grant: Grant, found: Offer) -> Participation:
    """Seal the row into the inbox, with the resident's own trace of it, while the grant stands.

    Raises:
        AlreadyIn: another request sent one meanwhile.
        Refused: the grant was stopped meanwhile.
    """
    if not campaign.takes_contributions(timezone.localdate()):
        raise NotOpen
    packed = pack(campaign.plan, found.row)
    try:
        with transaction.atomic(durable=True):
            locks.hold("contributing", grant.resident_id)
            gate.lock_exclusively([grant])
            if why := gate.why_inactive(grant):
                raise gate.Refused(grant.pk, why)
            return record(campaign, grant, packed, by=grant.resident_id)
    except IntegrityError:
        raise AlreadyIn from None


def record(campaign: Campaign, grant: Grant, packed: bytes, *, by: UUID) -> Participation:
    """Seal a packed row under a grant that was just given. Requires the lock “contributing” and a transaction.

    Raises:
        BudgetSpent
        IntegrityError: the resident contributed already, or somebody of their dwelling.
    """
    plan, today = campaign.plan, timezone.localdate()
    if budget.most(plan) > yearly.left(today) + 1e-9:
        raise BudgetSpent
    dwelling = dwelling_of(campaign)
    again = withdrawing.has_withdrawn(campaign.pk) or across.dwelling_has_withdrawn(campaign.pk, dwelling)
    made = Participation(
        resident_id=grant.resident_id,
        campaign_id=campaign.pk,
        grant=grant,
        joined_on=today,
        counts_from=today + timedelta(days=COOLING_DAYS),
        rho=budget.most(plan) - (plan.counter_rho if again else 0.0),
        dwelling=dwelling,
    )
    made.save(force_insert=True)
    name = sealing.pseudonym(campaign_id=campaign.pk, about=withdrawing.about(grant.resident_id, dwelling))
    sealed = sealing.seal(packed, campaign_id=campaign.pk, pseudonym=name, plan_sha256=plan.sha256)
    store.add(campaign_id=campaign.pk, pseudonym=name, sealed=sealed, counts_from=made.counts_from, again=again)
    journal.write(
        resident_id=grant.resident_id,
        actor_id=by,
        event="contribution_sent",
        purpose=grant.purpose,
        details={"recipient": grant.recipient_label, "grant": str(grant.pk)},
    )
    return made
