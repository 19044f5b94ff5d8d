"""The vote of an invited group: it begins once the plan is approved, and decides whether the consultation opens."""

from contextlib import suppress
from datetime import datetime, time
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts.models import User
from campaigns.contributions.actions import group
from campaigns.debates import ballots, deciding, standing
from campaigns.debates.actions import casting
from campaigns.debates.ballots import Roll, Taken, Voter
from campaigns.debates.deciding import Decision
from campaigns.debates.enums import Choice, VoteKind, VoteState
from campaigns.debates.models import Vote
from campaigns.plans.actions import campaigns
from campaigns.plans.models import Campaign
from campaigns.plans.opening import NotPrepared
from campaigns.plans.states import NotNow, State
from core import journal
from core.database import locks
from core.journal import register
from vault.records.perms import require_may_write

#: The hour at which the vote closes, on the plan's day.
CLOSES = time(20)
VOTE = gettext_noop("Voter sur l’ouverture d’une consultation")


class NotMember(Exception):
    """The resident has not joined the group."""


def follow(now: datetime) -> None:
    """Begin the votes of approved plans, and give up the consultations whose group did not vote yes. Idempotent."""
    for campaign in Campaign.objects.filter(state=State.APPROVED):
        if campaign.plan.group is not None:
            _begin(campaign, now)
            if why := deciding.why_not(deciding.decision(campaign)):
                _decline(campaign, why)


def prepare(campaign: Campaign) -> None:
    """Require the group's yes, if the plan has a group. Raises NotPrepared."""
    if campaign.plan.group is not None and deciding.decision(campaign) != Decision.YES:
        raise NotPrepared(str(campaign.pk))


def cast(*, resident: User, by: UUID, vote: Vote, choice: Choice) -> Taken:
    """Cast a member's ballot on the opening, or replace it. Their journal says once that they voted, never what.

    Raises:
        PermissionDenied: not their vault.
        NotMember
        ValueError: neither yes nor no.
        NotOpen, VotedElsewhere: as `casting.put`.
    """
    require_may_write(resident.pk, by)
    if vote.kind != VoteKind.OPENING:
        raise casting.NotOpen
    if choice == Choice.NONE:
        raise ValueError("yes or no")
    with transaction.atomic(durable=True), scope(resident=resident.pk):
        member = group.of(vote.campaign)
        if member is None:
            raise NotMember
        taken = casting.put(vote=vote, identity=bytes(member.key), account=str(resident.pk), choices=[choice])
        if taken == Taken.FIRST:
            journal.write(resident_id=resident.pk, actor_id=by, event="ballot_cast", purpose=VOTE)
    return taken


def roll(*, resident: User, vote: Vote) -> Roll | None:
    """Return what the roll says to a member of their own ballot; None without membership, or without keys."""
    with scope(resident=resident.pk):
        member = group.of(vote.campaign)
    if member is None or not casting.has_keys(vote):
        return None
    voter = Voter.of(vote_id=vote.pk, identity=bytes(member.key), account=str(resident.pk))
    return ballots.roll(vote_id=vote.pk, voter=voter)


def _decline(campaign: Campaign, why: str) -> None:
    with suppress(NotNow):
        campaigns.decline(campaign=campaign, words=why)


def _begin(campaign: Campaign, now: datetime) -> None:
    plan = campaign.plan
    if plan.group is None or standing.opening_vote(campaign) is not None:
        return
    closes_at = timezone.make_aware(datetime.combine(plan.group.votes_until, CLOSES))
    if closes_at <= now:
        _decline(campaign, deciding.TOO_LATE)
        return
    option = {"id": str(campaign.pk), "title": plan.title.fr, "text": plan.question.fr}
    with transaction.atomic():
        locks.hold("debate", campaign.pk)
        if standing.opening_vote(campaign) is not None:
            return
        vote = Vote.objects.create(
            campaign=campaign,
            kind=VoteKind.OPENING,
            options=[option],
            closes_at=closes_at,
            state=VoteState.APPROVED,
            created_by=campaign.created_by,
            decided_by=campaign.approved_by,
        )
        content = {"consultation": campaign.code, "closes_at": closes_at.isoformat(timespec="seconds")}
        register.write(kind=standing.KIND, subject_id=vote.pk, event="vote_of_group", content=content)
