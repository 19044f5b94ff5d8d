"""Vote: one ballot for each proven identity, replaceable until the vote closes."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts.models import User
from accounts.perms import require_desk
from campaigns.contributions import sealing
from campaigns.debates import ballots
from campaigns.debates.actions import identities
from campaigns.debates.ballots import Roll, Taken, Voter
from campaigns.debates.enums import Choice, VoteKind
from campaigns.debates.models import Vote
from core import journal
from vault.records.perms import require_may_write

VOTE = gettext_noop("Voter sur les propositions d’une consultation")


class NotOpen(Exception):
    """The vote is not open: not approved, its keys not made yet, or over."""


class NoIdentity(Exception):
    """The resident has proved no identity: they may propose and argue, not vote."""


class VotedElsewhere(Exception):
    """Another account of the same identity, or a paper ballot, has voted. Nothing was replaced."""


def cast(*, resident: User, by: UUID, vote: Vote, choices: Sequence[Choice]) -> Taken:
    """Cast the resident's ballot, or replace it. Their journal says that they voted, never what.

    Args:
        choices: one for each option of the vote, in its order.

    Raises:
        PermissionDenied: not their vault.
        NotOpen, NoIdentity, VotedElsewhere
    """
    require_may_write(resident.pk, by)
    if vote.kind != VoteKind.PROPOSALS:
        raise NotOpen
    with transaction.atomic(durable=True), scope(resident=resident.pk):
        identity = identities.of(resident)
        if identity is None:
            raise NoIdentity
        taken = put(vote=vote, identity=bytes(identity.pseudonym), account=str(resident.pk), choices=choices)
        journal.write(resident_id=resident.pk, actor_id=by, event="ballot_cast", purpose=VOTE)
    return taken


def cast_on_paper(
    *,
    vote: Vote,
    agent: User,
    family_name: str,
    given_names: str,
    birthdate: date,
    choices: Sequence[Choice],
) -> Taken:
    """Put a paper ballot into the same envelopes, with the person at the desk. Nobody reads it again, nor the agent.

    Raises:
        PermissionDenied: `agent` does not keep the desk.
        NotOpen, VotedElsewhere
    """
    require_desk(agent)
    if vote.kind != VoteKind.PROPOSALS:
        raise NotOpen
    identity = identities.pseudonym(family_name=family_name, given_names=given_names, birthdate=birthdate)
    with transaction.atomic():
        return put(vote=vote, identity=identity, account="paper", choices=choices, on_paper=True)


def put(
    *,
    vote: Vote,
    identity: bytes,
    account: str,
    choices: Sequence[Choice],
    on_paper: bool = False,
    at: datetime | None = None,
) -> Taken:
    """Close a ballot in its two envelopes and put it into the inbox, in the caller's transaction.

    Args:
        identity: the pseudonym of who votes, under the city's key.
        account: which account or desk votes; another one of the same identity is refused.

    Raises:
        ValueError: not one choice for each option.
        NotOpen, VotedElsewhere
    """
    at = at or timezone.now()
    if len(choices) != len(vote.options):
        raise ValueError("one choice for each option")
    if not vote.is_open(at):
        raise NotOpen
    try:
        voter = Voter.of(vote_id=vote.pk, identity=identity, account=account)
        envelope = ballots.closed_in_two(vote_id=vote.pk, voter=voter, choices=choices, on_paper=on_paper)
    except sealing.NoKeys:
        raise NotOpen from None
    taken = ballots.take(envelope, vote_id=vote.pk, at=at)
    if taken == Taken.CLOSED:
        raise NotOpen
    if taken == Taken.OTHER:
        raise VotedElsewhere
    return taken


def has_keys(vote: Vote) -> bool:
    """Return whether the role `release` has made the vote's keys, and not destroyed them yet."""
    return sealing.has_keys(vote.pk)


def roll(*, resident: User, vote: Vote) -> Roll | None:
    """Return what the roll says to this resident of their own ballot; None without an identity, or without keys."""
    with scope(resident=resident.pk):
        identity = identities.of(resident)
    if identity is None:
        return None
    try:
        voter = Voter.of(vote_id=vote.pk, identity=bytes(identity.pseudonym), account=str(resident.pk))
    except sealing.NoKeys:
        return None
    return ballots.roll(vote_id=vote.pk, voter=voter)
