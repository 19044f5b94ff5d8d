"""The state of a debate: what may be written, which vote there is. Pages and verbs ask the same functions."""

from datetime import datetime
from uuid import UUID

from django.utils import timezone

from campaigns.contributions import freezing
from campaigns.contributions.models import Publication
from campaigns.debates.enums import Kind, VoteKind, VoteState
from campaigns.debates.models import Moderation, Vote
from campaigns.plans.models import Campaign
from campaigns.results import published

#: Of the entries about a vote in the city's register.
KIND = "vote"
#: The window that the publication of a vote's count names.
COUNT = "vote"


def has_debate(campaign: Campaign) -> bool:
    """Return whether there is a result to debate. It decodes a publication: ask once for a page."""
    return any(one.has_figures for one in published.all_of(campaign))


def vote_of(campaign: Campaign) -> Vote | None:
    """Return the vote on a consultation's proposals, unless it was refused."""
    votes = Vote.objects.filter(campaign=campaign, kind=VoteKind.PROPOSALS)
    return votes.exclude(state=VoteState.REFUSED).first()


def opening_vote(campaign: Campaign) -> Vote | None:
    """Return the vote of an invited group on whether its consultation opens."""
    return Vote.objects.filter(campaign=campaign, kind=VoteKind.OPENING).first()


def count_of(vote_id: UUID) -> Publication | None:
    """Return the published count of a vote that the portal signed, if it is counted."""
    return next(iter(freezing.believed(Publication.objects.filter(campaign_id=vote_id, window=COUNT))), None)


def to_count() -> list[Vote]:
    """Return the approved votes that are not counted, the first to close first."""
    counted = Publication.objects.filter(window=COUNT).values("campaign_id")
    approved = Vote.objects.filter(state=VoteState.APPROVED)
    return list(approved.exclude(pk__in=counted).order_by("closes_at", "pk"))


def vote_waits_until(campaign: Campaign) -> datetime | None:
    """Return until when a vote waits for authors who may contest that their proposal was set aside, or None."""
    ends = (one.vote_waits_until for one in set_aside(campaign) if one.appealed_on is None)
    return max((end for end in ends if end > timezone.now()), default=None)


def set_aside(campaign: Campaign) -> list[Moderation]:
    """Return what agents said of each proposal that they set aside, answered since or not. Each is checked: no filter
    misses one that somebody changed in the database.
    """
    return list(Moderation.objects.filter(post__campaign=campaign, post__kind=Kind.PROPOSAL))


def takes_proposals(vote: Vote | None) -> bool:
    """Return whether a resident may propose in a debate: until agents ask for a vote, which freezes the list."""
    return vote is None


def takes_arguments(vote: Vote | None, at: datetime) -> bool:
    """Return whether a resident may argue in a debate: until the vote closes."""
    return vote is None or at < vote.closes_at
