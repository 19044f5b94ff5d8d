"""Vote: one ballot for each proven identity, replaceable online until the vote closes; a paper one is final."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts.models import User
from accounts.perms import require_desk
from accounts.two_persons import ACTS
from campaigns.contributions import sealing
from campaigns.debates import ballots, slips
from campaigns.debates.actions import identities
from campaigns.debates.ballots import Envelope, Roll, Taken, Voter
from campaigns.debates.enums import Choice, VoteKind
from campaigns.debates.models import Vote
from campaigns.debates.slips import Slip
from core import journal, once
from vault.records.perms import require_may_write

VOTE = gettext_noop("Voter sur les propositions d’une consultation")


class NotOpen(Exception):
    """The vote is not open: not approved, its keys not made yet, or over."""


class NoIdentity(Exception):
    """The resident has proved no identity: they may propose and argue, not vote."""


class VotedElsewhere(Exception):
    """Another account of the same identity has voted online. Nothing was replaced."""


class NoSlip(Exception):
    """No slip of today has this number and birth date, or it was tried too often, or the same agent gave it."""


#: How often a number is tried: a birth date would be guessed otherwise.
TRIES = 3
#: The account of ballots on paper.
PAPER = "paper"
REFUSALS = {
    Taken.CLOSED: NotOpen,
    Taken.OTHER: VotedElsewhere,
    Taken.NO_SLIP: NoSlip,
    Taken.SAME: NoSlip,
}


def cast(*, resident: User, by: UUID, vote: Vote, choices: Sequence[Choice]) -> Taken:
    """Cast the resident's ballot, or replace it.

    Their journal says once that they voted: neither what, nor whether and when they voted again. Whoever forces them
    to show it learns nothing of a ballot that was cast since.

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
        if taken == Taken.FIRST:
            journal.write(resident_id=resident.pk, actor_id=by, event="ballot_cast", purpose=VOTE)
    return taken


def check_identity(*, vote: Vote, agent: User, family_name: str, given_names: str, birthdate: date) -> str:
    """Note, as the first of two agents, who is here to vote on paper. Return the number for their envelope.

    Another agent takes the ballot under this number, the same day, without the name. A second number for the same
    identity ends the first. The answer says nothing of a ballot, and no journal has an entry: nothing is read.

    Raises:
        PermissionDenied: `agent` does not keep the desk.
        NotTwo: `agent` may not be one of two.
        NotOpen
    """
    require_desk(agent)
    ACTS["paper_ballot"].require_first(agent)
    if vote.kind != VoteKind.PROPOSALS:
        raise NotOpen
    identity = identities.pseudonym(family_name=family_name, given_names=given_names, birthdate=birthdate)
    return give_number(vote=vote, identity=identity, birthdate=birthdate, agent=agent)


def give_number(*, vote: Vote, identity: bytes, birthdate: date, agent: User) -> str:
    """Give a slip to an identity that `agent` checked. Return its number. Raises NotOpen."""
    number = slips.new_number()
    with transaction.atomic(), _with_keys():
        voter = Voter.of(vote_id=vote.pk, identity=identity, account=PAPER)
        if not slips.give(number, birthdate, Slip(voter, agent.pk), vote_id=vote.pk):
            raise NotOpen
    return number


def cast_on_paper(*, vote: Vote, agent: User, number: str, birthdate: date, choices: Sequence[Choice]) -> Taken:
    """Put a paper ballot into the same envelopes, as the second of two agents. Nobody reads it again, nor the agent.

    It counts in place of the person's online ballot, also of a later one, and is final. After three tries its number
    serves no more, whatever is typed.

    Args:
        birthdate: as the voter types it, unseen by the agent.

    Raises:
        PermissionDenied: `agent` does not keep the desk.
        NoSlip: no number of today is this one, with this birth date, or its ballot was taken.
        NotTwo: `agent` may not be one of two, or gave the number.
        NotOpen
    """
    require_desk(agent)
    return put_on_paper(vote=vote, number=number, birthdate=birthdate, agent=agent, choices=choices)


def put_on_paper(*, vote: Vote, number: str, birthdate: date, agent: User, choices: Sequence[Choice]) -> Taken:
    """Take the ballot of a slip. The database too refuses the agent who gave it. Raises as `cast_on_paper`."""
    ACTS["paper_ballot"].require_second(agent)
    if not once.count("paper slip", str(vote.pk), number, most=TRIES):
        raise NoSlip
    with transaction.atomic(), _with_keys():
        slip = slips.find(number, birthdate, vote_id=vote.pk)
        first = User.objects.filter(pk=slip.checked_by).first() if slip else None
        if slip is None or first is None:
            raise NoSlip
        ACTS["paper_ballot"].require(first, agent)
        envelope = _closed(vote, slip.voter, choices, on_paper=True)
        return _refuse(slips.take(envelope, number, birthdate, vote_id=vote.pk, agent_id=agent.pk))


def put(*, vote: Vote, identity: bytes, account: str, choices: Sequence[Choice]) -> Taken:
    """Close a ballot in its two envelopes and put it into the inbox, in the caller's transaction.

    Args:
        identity: the pseudonym of who votes, under the city's key; of an account that voted before, its first one
            stays.
        account: which account votes; another one of the same identity is refused.

    Raises:
        ValueError: not one choice for each option.
        NotOpen, VotedElsewhere
    """
    with _with_keys():
        voter = Voter.of(vote_id=vote.pk, identity=identity, account=account)
        voter = ballots.as_first_known(voter, vote_id=vote.pk)
        return _refuse(ballots.take(_closed(vote, voter, choices), vote_id=vote.pk))


@contextmanager
def _with_keys() -> Iterator[None]:
    """Until the vote's keys are made, it is not open."""
    try:
        yield
    except sealing.NoKeys:
        raise NotOpen from None


def _closed(vote: Vote, voter: Voter, choices: Sequence[Choice], *, on_paper: bool = False) -> Envelope:
    if len(choices) != len(vote.options):
        raise ValueError("one choice for each option")
    return ballots.closed_in_two(vote_id=vote.pk, voter=voter, choices=choices, on_paper=on_paper)


def _refuse(taken: Taken) -> Taken:
    """Raise what the database refused."""
    if taken in REFUSALS:
        raise REFUSALS[taken]
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
