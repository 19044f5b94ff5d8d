"""What each night freezes of a vote's box of ballots, so that the count can say how many were dropped.

Between two nights nobody but the worker of releases changes the table of moved ballots. So each night writes an entry
of the city's register, which the next checkpoint signs: the number of ballots and a hash of their stamps, as they were
before and after the work of that night. The entry is signed, and its numbers are sealed to the vote's public key:
before the count nobody reads them, nor the worker, and each entry has the same length.
"""

import base64
import hashlib
import logging
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.conf import settings

from campaigns.contributions import sealing
from campaigns.debates.ballots import Envelope
from campaigns.debates.models import Vote
from campaigns.debates.standing import KIND
from core.journal import checkpoints, register, signed_notes
from core.models import RegisterEntry

logger = logging.getLogger(__name__)

EVENT = "box_frozen"
PACKED = struct.Struct(">I32sI32s")


@dataclass(frozen=True)
class State:
    """The ballots of a box at one moment: their number, and the SHA-256 of their stamps in order."""

    count: int
    sha256: bytes

    @classmethod
    def of(cls, ballots: Sequence[Envelope]) -> "State":
        return cls(len(ballots), hashlib.sha256(b"".join(sorted(one.stamp for one in ballots))).digest())


def is_frozen(vote: Vote, night: date) -> bool:
    """Return whether the work of a night is done for a vote. An entry that the portal did not sign does not say so."""
    return any(_is_signed(entry, vote.pk) for entry in _nights(vote) if entry.content.get("night") == str(night))


def freeze(vote: Vote, *, night: date, before: State, after: State) -> None:
    """Write the entry of a night, in the caller's transaction. It is the same length, and written, without a ballot.

    Raises:
        NoKeys
        KeyUnusable: the key of the checkpoints cannot sign.
    """
    packed = PACKED.pack(before.count, before.sha256, after.count, after.sha256)
    sealed = sealing.seal_alone(packed, campaign_id=vote.pk, info=_info(vote.pk, night))
    encoded = base64.b64encode(sealed).decode()
    note = signed_notes.sign_text(_statement(vote.pk, night.isoformat(), encoded), log_name())
    content = {"consultation": vote.campaign.code, "night": night.isoformat(), "sealed": encoded, "note": note}
    register.write(kind=KIND, subject_id=vote.pk, event=EVENT, content=content)


def dropped(vote: Vote, *, key: X25519PrivateKey, at_the_count: State) -> int | None:
    """Return how many ballots disappeared, or were altered, between one night and the next, or the count.

    None: the register is not what the checkpoints signed, so a night may be missing, and nobody knows. A ballot that
    was exchanged for one that the portal stamped counts as one at least. What disappears on the day of its arrival,
    before a night, is in no number.

    Raises:
        KeyUnusable: the keys of the checkpoints cannot be read.
    """
    if next(iter(checkpoints.register_problems()), None) is not None:
        logger.error("the register is not what was signed: nobody knows how many ballots were dropped")
        return None
    nights = [opened for entry in _nights(vote) if (opened := _opened(entry, vote.pk, key)) is not None]
    found = [before for before, _after in nights[1:]] + [at_the_count]
    return sum(_missing(after, later) for (_before, after), later in zip(nights, found, strict=False))


def log_name() -> str:
    """Return the name under which nights are signed."""
    return f"{settings.TENANT}/ballots"


def _missing(frozen: State, found: State) -> int:
    return 0 if frozen == found else max(1, frozen.count - found.count)


def _nights(vote: Vote) -> list[RegisterEntry]:
    return [entry for entry in register.of(KIND, vote.pk) if entry.event == EVENT]


def _is_signed(entry: RegisterEntry, vote_id: UUID) -> bool:
    try:
        night, encoded, note = (str(entry.content[name]) for name in ("night", "sealed", "note"))
        return signed_notes.read_text(note, log_name()) == _statement(vote_id, night, encoded)
    except (signed_notes.Forged, KeyError, TypeError):
        return False


def _opened(entry: RegisterEntry, vote_id: UUID, key: X25519PrivateKey) -> tuple[State, State] | None:
    """Return what a night froze: before and after its work. None if the portal did not sign it."""
    if not _is_signed(entry, vote_id):
        logger.error("a count left out a night that the portal did not sign")
        return None
    info = _info(vote_id, date.fromisoformat(entry.content["night"]))
    packed = sealing.open_alone(base64.b64decode(entry.content["sealed"]), key=key, info=info)
    before_count, before_hash, after_count, after_hash = PACKED.unpack(packed)
    return State(before_count, before_hash), State(after_count, after_hash)


def _info(vote_id: UUID, night: date) -> bytes:
    return f"garant box|{vote_id}|{night.isoformat()}".encode()


def _statement(vote_id: UUID, night: str, encoded: str) -> str:
    return "\n".join([log_name(), str(vote_id), night, encoded]) + "\n"


def merged(box: Iterable[Envelope], arrived: Iterable[Envelope]) -> list[Envelope]:
    """Return one ballot for each voter and way: of online ones the last, of paper ones the first, which is final."""
    kept = {one.place: one for one in arrived}
    for one in box:
        if one.on_paper or one.place not in kept:
            kept[one.place] = one
    return list(kept.values())


def counted(ballots: Sequence[Envelope]) -> list[Envelope]:
    """Return one ballot for each voter: the paper one, if there is one."""
    on_paper = {one.voter.pseudonym for one in ballots if one.on_paper}
    return [one for one in ballots if one.on_paper or one.voter.pseudonym not in on_paper]
