"""The two envelopes of a ballot, and the functions of the database that take it.

The inner envelope is the choice, sealed to the vote's public key, with nothing of the voter. The outer one is the
voter's pseudonym and account, with the portal's stamp over the whole: a ballot that somebody else wrote, or moved to
another voter, is not counted. The count drops the outer envelopes and shuffles before it opens an inner one.
"""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from campaigns.contributions import sealing
from campaigns.debates.enums import Choice
from core import canonical
from core.database.apart import run_apart

CHOICES = tuple(Choice)


class Taken(StrEnum):
    """The answer of the database to a ballot.

    Other: another account voted under this identity, or this account under another one. Of a ballot on paper, no slip:
    no number of today is this one; same: the agent gave the number too. No answer depends on both ways: of who voted
    on paper, an online ballot is the first one too.
    """

    FIRST = "first"
    REPLACED = "replaced"
    OTHER = "other"
    CLOSED = "closed"
    NO_SLIP = "no_slip"
    SAME = "same"


class Roll(StrEnum):
    """The answer of the roll to one voter about their online ballot. Of paper it says nothing."""

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

    @property
    def place(self) -> tuple[bytes, bool]:
        """Return what at most one ballot of a vote has: the voter and the way."""
        return self.voter.pseudonym, self.on_paper


def closed_in_two(*, vote_id: UUID, voter: Voter, choices: Sequence[Choice], on_paper: bool) -> Envelope:
    """Seal one choice for each proposal. Every ballot of a vote has the same length. Raises NoKeys, KeysDown."""
    packed = bytes(CHOICES.index(one) for one in choices)
    sealed = sealing.seal_alone(packed, campaign_id=vote_id, info=_info(vote_id))
    bare = Envelope(voter, on_paper, sealed, b"")
    return replace(bare, stamp=_stamps(vote_id, [bare])[0])


def stamped(envelopes: Sequence[Envelope], *, vote_id: UUID) -> list[Envelope]:
    """Return the ballots that the portal stamped for this vote. It asks for the key once. Raises NoKeys, KeysDown."""
    stamps = _stamps(vote_id, envelopes)
    pairs = zip(envelopes, stamps, strict=True)
    return [envelope for envelope, stamp in pairs if hmac.compare_digest(envelope.stamp, stamp)]


def opened(sealed: bytes, *, vote_id: UUID, key: X25519PrivateKey, options: int) -> list[Choice]:
    """Return the choices of one ballot. For the role `release`.

    Raises:
        Unreadable: it is no ballot of this vote.
    """
    packed = sealing.open_alone(sealed, key=key, info=_info(vote_id))
    if len(packed) != options or any(one >= len(CHOICES) for one in packed):
        raise sealing.Unreadable
    return [CHOICES[one] for one in packed]


def take(envelope: Envelope, *, vote_id: UUID) -> Taken:
    """Put an online ballot into the inbox, in place of the voter's former one, unless the vote is over.

    The database looks at its own clock, and refuses a second identity of the account under a lock of the account.
    """
    voter = envelope.voter
    columns = (vote_id, voter.pseudonym, voter.account, envelope.sealed, envelope.stamp)
    [(taken,)] = run_apart("SELECT campaigns.take_ballot(%s, %s, %s, %s, %s)", columns)
    return Taken(taken)


def as_first_known(voter: Voter, *, vote_id: UUID) -> Voter:
    """Return the voter under the identity with which their account already voted online, or as they are.

    An account keeps its identity for the whole vote, whichever one its resident has proved since.
    """
    [(known,)] = run_apart("SELECT campaigns.identity_of(%s, %s)", [vote_id, voter.account])
    return Voter(bytes(known), voter.account) if known is not None else voter


def roll(*, vote_id: UUID, voter: Voter) -> Roll:
    """Return whether this account, or another one of this identity, voted online; for its own voter."""
    [(said,)] = run_apart("SELECT campaigns.roll_says(%s, %s, %s)", [vote_id, voter.pseudonym, voter.account])
    return Roll(said)


def _info(vote_id: UUID) -> bytes:
    return f"garant ballot|{vote_id}".encode()


def _stamps(vote_id: UUID, envelopes: Iterable[Envelope]) -> list[bytes]:
    return sealing.pseudonyms(map(_outside, envelopes), campaign_id=vote_id)


def _outside(envelope: Envelope) -> str:
    voter = envelope.voter
    parts: canonical.Json = [
        "ballot",
        voter.pseudonym.hex(),
        voter.account.hex(),
        envelope.on_paper,
        envelope.sealed.hex(),
    ]
    return canonical.text(parts)
