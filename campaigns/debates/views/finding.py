"""Find the consultation, vote or post that an address names, or answer 404."""

from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404

from campaigns.debates import standing
from campaigns.debates.enums import Kind, VoteState
from campaigns.debates.models import Post, Vote
from campaigns.plans.models import Campaign
from campaigns.results import published


def campaign(code: str) -> Campaign:
    """Return a consultation that has results: before, there is nothing to debate."""
    found = published.campaign(code)
    if found is None or not standing.has_debate(found):
        raise Http404
    return found


def post(code: str, post_id: UUID) -> Post:
    return get_object_or_404(Post.objects.select_related("campaign"), campaign=campaign(code), pk=post_id)


def proposal(code: str, post_id: UUID) -> Post:
    """Return a proposal that is shown."""
    shown = Post.objects.shown().select_related("campaign")
    return get_object_or_404(shown, campaign=campaign(code), pk=post_id, kind=Kind.PROPOSAL)


def approved_vote(code: str) -> Vote:
    """Return the vote that two agents opened."""
    found = standing.vote_of(campaign(code))
    if found is None or found.state != VoteState.APPROVED:
        raise Http404
    return found
