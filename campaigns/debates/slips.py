"""Slips of paper ballots, and the functions of the database that give and take them.

An agent who sees an identity paper gives a slip, whose number the voter takes with their envelope to another agent,
before whom they type their birth date unseen. So neither agent has both the name and the choice, neither makes a
ballot alone, and a slip for somebody else than the voter serves nobody. The date is kept in the hash of the number.
"""

import hmac
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from campaigns.contributions import sealing
from campaigns.debates.ballots import Envelope, Taken, Voter
from core import canonical
from core.database.apart import run_apart
from core.symbols import symbols


@dataclass(frozen=True)
class Slip:
    """A slip as the database keeps it, until its ballot, the night or the count."""

    voter: Voter
    checked_by: UUID


def new_number() -> str:
    """Return a number to copy by hand: 40 random bits, and a few of them serve at a time."""
    return f"{symbols(4)}-{symbols(4)}"


def give(number: str, birthdate: date, slip: Slip, *, vote_id: UUID) -> bool:
    """Keep a slip until the end of the day, in place of the identity's former one. Return False if the vote is over.

    It looks at no ballot: the answer is the same about who voted, online or on paper, and who did not.

    Raises:
        NoKeys, KeysDown
    """
    hashed, voter = _hashed(vote_id, number, birthdate), slip.voter
    columns = (vote_id, voter.pseudonym, voter.account, hashed, slip.checked_by, _stamp(vote_id, slip, hashed))
    [(given,)] = run_apart("SELECT campaigns.give_slip(%s, %s, %s, %s, %s, %s)", columns)
    return bool(given)


def find(number: str, birthdate: date, *, vote_id: UUID) -> Slip | None:
    """Return the slip of a number of this day and its voter's birth date, unless the portal did not stamp it.

    Raises NoKeys, KeysDown.
    """
    hashed = _hashed(vote_id, number, birthdate)
    found = run_apart("SELECT * FROM campaigns.slip_of(%s, %s)", [vote_id, hashed])
    if not found:
        return None
    [(pseudonym, account, checked_by, stamp)] = found
    slip = Slip(Voter(bytes(pseudonym), bytes(account)), checked_by)
    return slip if hmac.compare_digest(bytes(stamp), _stamp(vote_id, slip, hashed)) else None


def take(envelope: Envelope, number: str, birthdate: date, *, vote_id: UUID, agent_id: UUID) -> Taken:
    """Put the ballot of a slip into the inbox, and delete the slip. Raises NoKeys, KeysDown.

    The identity's first paper ballot is final. A second one has the same answer and is not kept.
    """
    columns = (vote_id, _hashed(vote_id, number, birthdate), agent_id, envelope.sealed, envelope.stamp)
    [(taken,)] = run_apart("SELECT campaigns.take_on_paper(%s, %s, %s, %s, %s)", columns)
    return Taken(taken)


def _hashed(vote_id: UUID, number: str, birthdate: date) -> bytes:
    return sealing.pseudonym(campaign_id=vote_id, about=f"slip {number} {birthdate.isoformat()}")


def _stamp(vote_id: UUID, slip: Slip, hashed: bytes) -> bytes:
    voter = slip.voter
    parts: canonical.Json = ["slip", voter.pseudonym.hex(), voter.account.hex(), hashed.hex(), str(slip.checked_by)]
    return sealing.pseudonym(campaign_id=vote_id, about=canonical.text(parts))
