"""The two envelopes of a ballot, and the functions of the database that take it.

The inner envelope is the choice, sealed to the vote's public key, with nothing of the voter. The outer one is the
voter's pseudonym and account, with the portal's stamp over the whole: a ballot that somebody else wrote, or moved to
another voter, is not counted. The count drops the outer envelopes and shuffles before it opens an inner one.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.db import connection
from django.utils import timezone

from campaigns.contributions import sealing
from campaigns.debates.enums import Choice
from core import canonical

CHOICES = tuple(Choice)


class Taken(StrEnum):
    """The answer of the database to a ballot, or to a slip. Other: another account, or paper, voted for this identity.

    Of a ballot on paper, no slip: no number of today is this one; same: the agent gave the number too.
    """

    FIRST = "first"
    REPLACED = "replaced"
    OTHER = "other"
    CLOSED = "closed"
    NO_SLIP = "no_slip"
    SAME = "same"


class Roll(StrEnum):
    """The answer of the roll to one voter about their own identity."""

    NONE = "none"
    OWN = "own"
    OTHER = "other"


@dataclass(frozen=True)
class Voter:
    """The voter of a ballot, as the vote knows them: two pseudonyms under its key, which the count destroys."""

    pseudonym: bytes
    account: bytes

    @classmethod
    def of(cls, *, vote_id: UUID, identity: bytes, account: str) -> "Voter":
        """Raises NoKeys, KeysDown."""
        return cls(*sealing.pseudonyms([f"identity {identity.hex()}", f"account {account}"], campaign_id=vote_id))


@dataclass(frozen=True)
class Envelope:
    """A ballot as it lies in the database."""

    voter: Voter
    on_paper: bool
    sealed: bytes
    stamp: bytes

    def is_stamped(self, vote_id: UUID) -> bool:
        return hmac.compare_digest(self.stamp, _stamp(vote_id, self.voter, self.on_paper, self.sealed))


def closed_in_two(*, vote_id: UUID, voter: Voter, choices: Sequence[Choice], on_paper: bool) -> Envelope:
    """Seal one choice for each proposal. Every ballot of a vote has the same length. Raises NoKeys, KeysDown."""
    packed = bytes(CHOICES.index(one) for one in choices)
    sealed = sealing.seal_alone(packed, campaign_id=vote_id, info=_info(vote_id))
    return Envelope(voter, on_paper, sealed, _stamp(vote_id, voter, on_paper, sealed))


def opened(sealed: bytes, *, vote_id: UUID, key: X25519PrivateKey, options: int) -> list[Choice]:
    """Return the choices of one ballot. For the role `release`.

    Raises:
        Unreadable: it is no ballot of this vote.
    """
    packed = sealing.open_alone(sealed, key=key, info=_info(vote_id))
    if len(packed) != options or any(one >= len(CHOICES) for one in packed):
        raise sealing.Unreadable
    return [CHOICES[one] for one in packed]


def take(envelope: Envelope, *, vote_id: UUID, at: datetime) -> Taken:
    """Put a ballot into the inbox, in place of the voter's former one, unless the vote is over."""
    voter = envelope.voter
    columns = (vote_id, voter.pseudonym, voter.account, envelope.on_paper, envelope.sealed, envelope.stamp)
    with connection.cursor() as cursor:
        statement = "SELECT campaigns.take_ballot(%s, %s, %s, %s, %s, %s, %s, %s)"
        cursor.execute(statement, (*columns, at, timezone.localdate(at)))
        return Taken(cursor.fetchone()[0])


def roll(*, vote_id: UUID, voter: Voter) -> Roll:
    """Return whether this identity voted, for its own voter."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT campaigns.roll_says(%s, %s, %s)", [vote_id, voter.pseudonym, voter.account])
        return Roll(cursor.fetchone()[0])


def _info(vote_id: UUID) -> bytes:
    return f"garant ballot|{vote_id}".encode()


def _stamp(vote_id: UUID, voter: Voter, on_paper: bool, sealed: bytes) -> bytes:
    parts: canonical.Json = ["ballot", voter.pseudonym.hex(), voter.account.hex(), on_paper, sealed.hex()]
    return sealing.pseudonym(campaign_id=vote_id, about=canonical.text(parts))
