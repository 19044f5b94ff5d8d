"""Count votes. Only the role `release` may; nothing here is written to a log but that a ballot could not be read.

One transaction, under a lock that each ballot shares: take and delete the ballots, check the outer envelopes and drop
them, shuffle, open, count, freeze the publication, destroy the keys. Killed before the commit, everything is as it
was, and the next tick counts; committed, the publication is there and the ballots are not.
"""

import logging
import secrets
from collections import Counter
from datetime import date, datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.db import connection, transaction

from campaigns.contributions import freezing, sealing
from campaigns.contributions.actions import keys
from campaigns.debates import ballots, box, standing, verification
from campaigns.debates.ballots import Envelope, Voter
from campaigns.debates.enums import FEWEST_BALLOTS, Choice, Outcome, VoteState
from campaigns.debates.models import Ballot, Vote
from campaigns.noise.publication import Publication as Document
from core.journal import signed_notes
from core.keyrings import KeyringError

logger = logging.getLogger(__name__)

FORGET = "DELETE FROM campaigns.paper_slip WHERE given_on < %s"
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('count ' || %s, 0))"
# A night is alone, and not with a count; a voter waits for it only to replace a ballot that it moves.
NIGHT = """
SELECT pg_advisory_xact_lock_shared(hashtextextended('count ' || %s, 0)),
    pg_advisory_xact_lock(hashtextextended('night ' || %s, 0))
"""
BOX = "DELETE FROM campaigns.ballot WHERE vote_id = %s RETURNING pseudonym, account, on_paper, sealed, stamp"
ARRIVED = """
DELETE FROM campaigns.ballot_arrival WHERE vote_id = %s AND arrived_on < %s
RETURNING pseudonym, account, on_paper, sealed, stamp
"""
# Somebody whose identity was checked, and whose ballot no second agent took, has not voted.
UNUSED = "DELETE FROM campaigns.paper_slip WHERE vote_id = %s"


def prepare() -> int:
    """Make the keys of approved votes that are not counted. Idempotent. Return how many were made.

    Raises:
        KeysDown: the key service does not answer.
    """
    return sum(keys.make(campaign_id=vote.pk) for vote in standing.to_count())


def move(today: date) -> int:
    """Do the work of the night, once a day for each vote. Return how many ballots were moved. Delete their slips.

    Raises:
        KeysDown: the key service does not answer.
        KeyUnusable: the key of the checkpoints cannot sign.
    """
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [today])
    return sum(_move(vote, today) for vote in standing.to_count())


def _move(vote: Vote, today: date) -> int:
    """Move the ballots of the days before today into the box, and freeze its count and hash, in one transaction.

    The whole box is written anew, shuffled: afterwards neither a row's place nor its transaction says when, or after
    whom, somebody voted. A ballot that arrives late waits for the next night, since one that moves alone hides nobody.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(NIGHT, [str(vote.pk), str(vote.pk)])
        if not sealing.has_keys(vote.pk) or box.is_frozen(vote, today):
            return 0
        kept = _taken(vote.pk, BOX, [vote.pk])
        arrived = _taken(vote.pk, ARRIVED, [vote.pk, today])
        after = box.merged(kept, arrived)
        secrets.SystemRandom().shuffle(after)
        Ballot.objects.bulk_create([_row(vote.pk, one) for one in after], batch_size=1_000)
        box.freeze(vote, night=today, before=box.State.of(kept), after=box.State.of(after))
    return len(arrived)


def count_due(now: datetime) -> int:
    """Count each vote that has closed. Return how many were published; one whose keys do not answer waits."""
    published = 0
    for vote in standing.to_count():
        if vote.closes_at > now:
            continue
        try:
            published += count(vote_id=vote.pk, now=now)
        except (KeyringError, signed_notes.KeyUnusable, sealing.NoKeys) as error:
            logger.error("the count of a vote waits for its keys", extra={"code": type(error).__name__})
    return published


def count(*, vote_id: UUID, now: datetime) -> bool:
    """Count one vote that has closed, once. Return False if it is counted already, or open.

    Raises:
        KeyringError, KeyUnusable, NoKeys: nothing was changed.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(LOCK, [str(vote_id)])
        vote = Vote.objects.get(pk=vote_id)
        if vote.state != VoteState.APPROVED or vote.closes_at > now or standing.count_of(vote_id):
            return False
        signed_notes.check_key()
        document = _counted(vote)
        previous = document["previous_sha256"]
        frozen = freezing.frozen(
            campaign_id=vote_id, window=standing.COUNT, drawn=Document(document), previous=previous
        )
        frozen.save(force_insert=True)
        keys.destroy(campaign_id=vote_id)
    return True


def _taken(vote_id: UUID, statement: str, values: list[Any]) -> list[Envelope]:
    """Delete ballots, and return those whose outer envelope the portal stamped."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = cursor.fetchall()
    found = [
        Envelope(Voter(bytes(pseudonym), bytes(account)), on_paper, bytes(sealed), bytes(stamp))
        for pseudonym, account, on_paper, sealed, stamp in rows
    ]
    stamped = ballots.stamped(found, vote_id=vote_id)
    if len(stamped) < len(found):
        logger.error("ballots that the portal did not stamp were left out")
    return stamped


def _row(vote_id: UUID, envelope: Envelope) -> Ballot:
    return Ballot(
        vote_id=vote_id,
        pseudonym=envelope.voter.pseudonym,
        account=envelope.voter.account,
        on_paper=envelope.on_paper,
        sealed=envelope.sealed,
        stamp=envelope.stamp,
    )


def _counted(vote: Vote) -> dict[str, Any]:
    """Delete the ballots and return the document of their count.

    Outer envelopes end here: inner ones are shuffled before one is opened. How many ballots were dropped is one
    number, also of a vote that is void: in which night, nobody learns.
    """
    with connection.cursor() as cursor:
        cursor.execute(UNUSED, [vote.pk])
    kept = _taken(vote.pk, BOX, [vote.pk])
    arrived = _taken(vote.pk, ARRIVED, [vote.pk, date.max])
    envelopes = box.counted(box.merged(kept, arrived))
    on_paper = sum(one.on_paper for one in envelopes)
    inner = [one.sealed for one in envelopes]
    secrets.SystemRandom().shuffle(inner)
    key = sealing.private_key(vote.pk)
    document: dict[str, Any] = {
        "kind": "vote",
        "version": 3,
        "window": standing.COUNT,
        "consultation": vote.campaign.code,
        "vote": str(vote.pk),
        "closed_at": vote.closes_at.isoformat(timespec="seconds"),
        "options": [{"id": one["id"], "sha256": verification.hash_option(one)} for one in vote.options],
        "previous_sha256": freezing.previous_of(vote.campaign_id),
        "outcome": Outcome.VOID,
        "dropped": box.dropped(vote, key=key, at_the_count=box.State.of(kept)),
    }
    tallies, unreadable = _opened(vote, inner, key)
    valid = len(inner) - unreadable
    if valid < FEWEST_BALLOTS:
        return document
    return document | {
        "outcome": Outcome.COUNTED,
        "ballots": {"in_all": valid, "on_paper": on_paper, "unreadable": unreadable},
        "counts": [{choice.value: tally[choice] for choice in Choice} for tally in tallies],
    }


def _opened(vote: Vote, inner: list[bytes], key: X25519PrivateKey) -> tuple[list[Counter[Choice]], int]:
    unreadable = 0
    tallies: list[Counter[Choice]] = [Counter() for _option in vote.options]
    for sealed in inner:
        try:
            choices = ballots.opened(sealed, vote_id=vote.pk, key=key, options=len(vote.options))
        except sealing.Unreadable:
            unreadable += 1
            continue
        for tally, choice in zip(tallies, choices, strict=True):
            tally[choice] += 1
    if unreadable:
        logger.error("a count left out ballots that it cannot read")
    return tallies, unreadable
