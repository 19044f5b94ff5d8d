"""A vote: one agent asks for it, which freezes the proposals; another one approves or refuses."""

from datetime import datetime
from operator import itemgetter

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.two_persons import ACTS
from campaigns.debates import perms, standing
from campaigns.debates.enums import VoteState
from campaigns.debates.models import Post, Vote
from campaigns.debates.ordering import drawn
from campaigns.plans.models import Campaign
from core.database import locks
from core.journal import register


class NotNow(Exception):
    """There is a vote already, no proposal to vote on, or somebody decided before."""


class Contested(Exception):
    """The author of a proposal that was set aside waits for an answer, or it was put back after the vote was asked."""


class Contestable(Contested):
    """The author of a proposal that was set aside may contest it until `until`: one agent keeps nothing out alone."""

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until


def propose(*, campaign: Campaign, by: User, closes_at: datetime) -> Vote:
    """Ask for a vote on the proposals as they are now. Nobody proposes any more, unless it is refused.

    Raises:
        PermissionDenied: `by` is no agent.
        NotTwo: `by` may not be one of two.
        ValueError: the vote would close in the past.
        NotNow, Contested, Contestable
    """
    perms.require_agent(by)
    ACTS["approve_vote"].require_first(by)
    if closes_at <= timezone.now():
        raise ValueError("a vote closes in the future")
    with transaction.atomic():
        locks.hold("debate", campaign.pk)
        options = options_of(campaign)
        _require_uncontested(campaign)
        if not options or not standing.has_debate(campaign) or standing.vote_of(campaign):
            raise NotNow
        vote = Vote.objects.create(campaign=campaign, options=options, closes_at=closes_at, created_by=by)
        _note(vote, "vote_proposed")
    return vote


def options_of(campaign: Campaign) -> list[dict[str, str]]:
    """Return the proposals shown now, in their drawn order, as a vote keeps them."""
    found = drawn(campaign.pk, Post.objects.filter(campaign=campaign).proposals().shown())
    return [{"id": str(one.pk), "title": one.title, "text": one.text} for one in found]


def approve(*, vote: Vote, by: User) -> Vote:
    """Approve the vote, as the second of two persons. It opens as soon as the role `release` made its keys.

    Raises:
        NotTwo: `by` may not decide with the agent who asked.
        NotNow: decided before, or its end has come.
        Contested: refuse the vote, and ask for one with all proposals.
        Contestable
    """
    return _decide(vote, by, VoteState.APPROVED, "")


def refuse(*, vote: Vote, by: User, words: str) -> Vote:
    """Refuse the vote, with reasons that are public. Proposals may be written again.

    Raises:
        NotTwo, NotNow: as `approve`.
        ValueError: no reasons.
    """
    if not words.strip():
        raise ValueError("say why")
    return _decide(vote, by, VoteState.REFUSED, words.strip())


def _decide(vote: Vote, by: User, state: VoteState, words: str) -> Vote:
    with transaction.atomic():
        locks.hold("debate", vote.campaign_id)
        held = Vote.objects.select_for_update(of=("self",)).select_related("created_by").get(pk=vote.pk)
        ACTS["approve_vote"].require(held.created_by, by)
        if held.state != VoteState.PROPOSED or (state == VoteState.APPROVED and held.closes_at <= timezone.now()):
            raise NotNow
        if state == VoteState.APPROVED:
            _require_uncontested(held.campaign)
            if _by_id(held.options) != _by_id(options_of(held.campaign)):
                raise Contested
        held.state, held.decided_by, held.words = state, by, words
        held.save(update_fields=["state", "decided_by", "words"])
        _note(held, f"vote_{state}")
    return held


def _require_uncontested(campaign: Campaign) -> None:
    if any(one.waits for one in standing.set_aside(campaign)):
        raise Contested
    until = standing.vote_waits_until(campaign)
    if until is not None:
        raise Contestable(until)


def _by_id(options: list[dict[str, str]]) -> list[dict[str, str]]:
    return sorted(options, key=itemgetter("id"))


def _note(vote: Vote, event: str) -> None:
    content = {"consultation": vote.campaign.code, "closes_at": vote.closes_at.isoformat(timespec="seconds")}
    content |= {"options": vote.options} if event == "vote_proposed" else {}
    content |= {"words": vote.words} if vote.words else {}
    register.write(kind=standing.KIND, subject_id=vote.pk, event=event, content=content)
