"""Rows of contributions, found by their pseudonym. No function returns a payload to the portal."""

from datetime import date
from uuid import UUID

from django.db import connection, transaction

from campaigns.contributions import sealing, stamping
from campaigns.contributions.models import Arrival
from campaigns.contributions.sealing import Sealed
from core.database.apart import run_apart

COLUMNS = ("campaign_id", "pseudonym", "batch_id", "counts_from", "again", "payload", "stamp")
ARRIVE = """
INSERT INTO campaigns.arrival (campaign_id, pseudonym, batch_id, counts_from, again, payload, stamp)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
REMOVE = "SELECT was_moved, its_stamp FROM campaigns.remove_contribution(%s, %s)"
#: What the portal's role would need to read contributions, to replace one, or to count them.
WITHIN_REACH = """
SELECT has_column_privilege('campaigns.arrival', 'payload', 'SELECT')
    OR has_column_privilege('campaigns.contribution', 'payload', 'SELECT')
    OR has_column_privilege('campaigns.arrival', 'payload', 'UPDATE')
    OR has_any_column_privilege('campaigns.arrival', 'SELECT')
    OR has_column_privilege('campaigns.batch', 'sealed', 'SELECT')
    OR has_column_privilege('keystore.campaign_key', 'private', 'SELECT')
"""


def is_apart() -> bool:
    """Return whether the database keeps contributions from the role that runs the portal.

    A database with a single role does not: no campaign may open there.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) = 1 FROM pg_roles WHERE rolname = 'release'")
        has_role = bool(cursor.fetchone()[0])
        cursor.execute(WITHIN_REACH)
        return has_role and not cursor.fetchone()[0]


def add(*, campaign_id: UUID, pseudonym: bytes, sealed: Sealed, counts_from: date, again: bool = False) -> None:
    """Insert a contribution into the inbox, with its stamp.

    Raises:
        NoKeys, KeysDown
        IntegrityError: there is one under this pseudonym.
    """
    row = Arrival(
        campaign_id=campaign_id,
        pseudonym=pseudonym,
        batch_id=sealed.batch_id,
        counts_from=counts_from,
        again=again,
        payload=sealed.payload,
    )
    [stamped] = stamping.stamp_all([row], campaign_id=campaign_id, plan_sha256=sealed.plan_sha256)
    run_apart(ARRIVE, [getattr(stamped, name) for name in COLUMNS])


def holds(*, campaign_id: UUID, pseudonym: bytes) -> bool:
    """Return whether a contribution waits to be counted. The portal asks about one: it can list and count none."""
    [(held,)] = run_apart("SELECT campaigns.holds_contribution(%s, %s)", [campaign_id, pseudonym])
    return bool(held)


def remove(*, campaign_id: UUID, pseudonym: bytes) -> bool:
    """Delete a contribution. Return False if there was none to delete: it was counted, or never sent.

    The inbox comes first: a row that the night moves meanwhile is then found where it was moved to. A row that a
    release is counting makes this wait for the end of that release, some seconds.

    Raises:
        NoKeys, KeysDown
    """
    with transaction.atomic():
        removed = run_apart(REMOVE, [campaign_id, pseudonym])
        _note_withdrawn(campaign_id, [bytes(stamp) for was_moved, stamp in removed if was_moved])
        return bool(removed)


def remove_all(*, campaign_id: UUID) -> None:
    """Delete every contribution of a campaign that waits to be counted, as if each resident withdrew theirs.

    For the owner of the tables, after a restore.
    """
    with transaction.atomic():
        Arrival.objects.filter(campaign_id=campaign_id).delete()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM campaigns.contribution WHERE campaign_id = %s RETURNING stamp", [campaign_id])
            _note_withdrawn(campaign_id, [bytes(stamp) for (stamp,) in cursor.fetchall()])


def _note_withdrawn(campaign_id: UUID, stamps: list[bytes]) -> None:
    """Keep the stamps of contributions that a night had moved, and that are deleted in this transaction."""
    if stamps and sealing.has_keys(campaign_id):
        stamping.note_withdrawn(campaign_id, stamps)
