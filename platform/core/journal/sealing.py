"""The heads that a checkpoint seals: each resident's highest entry, if it is above their last seal.

An entry's number is given under a lock that its transaction holds to its end. So whoever sees entry n sees all entries
below it, and one that commits late is above the last seal when it appears. Nothing else decides: `xid` and
`Checkpoint.upto` are outside the hashes, and only tell a large city where to look first.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection

#: All heads are compared each minute while residents are fewer; above that, as many of them each minute, in turn.
COMPARED = 100_000
#: Most minutes that a turn lasts: `checkpoints.QUIET` is the hour after which an entry without a seal is reported.
LONGEST_TURN = 60
IDS = 2**128

# The walk reads the index of (resident_id, number) alone, from one resident to the next: its cost follows the
# residents and not their entries. What is returned comes from the heads and not from the seals made of them: if the
# database writes other seals, the root does not match them.
SEAL = """
WITH RECURSIVE walked AS (
    (SELECT resident_id, number FROM core_journalleaf WHERE resident_id BETWEEN %(first)s AND %(last)s
        ORDER BY resident_id DESC, number DESC LIMIT 1)
    UNION ALL
    SELECT head.resident_id, head.number FROM walked, LATERAL (
        SELECT resident_id, number FROM core_journalleaf
        WHERE resident_id >= %(first)s AND resident_id < walked.resident_id
        ORDER BY resident_id DESC, number DESC LIMIT 1) head
), hinted AS (
    SELECT resident_id, (SELECT max(number) FROM core_journalleaf leaf WHERE leaf.resident_id = new.resident_id)
    FROM (SELECT DISTINCT resident_id FROM core_journalleaf WHERE %(hint)s AND xid >= %(since)s) new
), grown AS MATERIALIZED (
    SELECT leaf.resident_id, leaf.number, leaf.chain FROM (TABLE walked UNION TABLE hinted) head
    JOIN core_journalleaf leaf USING (resident_id, number)
    WHERE head.number > coalesce(
        (SELECT max(seal.number) FROM core_journalseal seal WHERE seal.resident_id = head.resident_id), 0)
), made AS (
    INSERT INTO core_journalseal (checkpoint_id, resident_id, number, chain, position)
    SELECT %(checkpoint)s, resident_id, number, chain, row_number() OVER (ORDER BY chain) - 1 FROM grown
)
SELECT chain FROM grown ORDER BY chain
"""


def seal_heads(checkpoint: int, *, since: int, at: datetime) -> list[bytes]:
    """Insert a `JournalSeal` for each journal with new entries; return their hashes in the tree's order.

    One statement: passing the rows through Python would take a minute when the whole city wrote. The checkpoint's own
    row is inserted later in the transaction.

    Args:
        since: the oldest transaction that the last checkpoint may not have seen; used above `COMPARED` residents only.
        at: its minute chooses the residents whose turn it is.
    """
    turns = _turns()
    first, last = _turn(int(at.timestamp()) // 60 % turns, turns)
    asked: dict[str, int | datetime | UUID] = {
        "checkpoint": checkpoint,
        "first": first,
        "last": last,
        "hint": turns > 1,
        "since": since,
    }
    with connection.cursor() as cursor:
        cursor.execute(SEAL, asked)
        return [bytes(chain) for (chain,) in cursor.fetchall()]


def _turns() -> int:
    """Return the number of minutes in which all residents are compared."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM keystore.resident_key")
        return min(LONGEST_TURN, 1 + int(cursor.fetchone()[0]) // COMPARED)


def _turn(turn: int, turns: int) -> tuple[UUID, UUID]:
    """Return the first and last id of a turn. Ids are random, so equal shares of them have as many residents."""
    return UUID(int=IDS * turn // turns), UUID(int=IDS * (turn + 1) // turns - 1)
