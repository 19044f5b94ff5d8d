"""Rows of contributions, found by their pseudonym. No function returns a payload to the portal."""

from datetime import date
from uuid import UUID

from django.db import connection

from campaigns.contributions.models import Arrival, Contribution
from campaigns.contributions.sealing import Sealed

#: What the portal's role would need to read contributions, or to replace one.
WITHIN_REACH = """
SELECT has_column_privilege('campaigns.arrival', 'payload', 'SELECT')
    OR has_column_privilege('campaigns.contribution', 'payload', 'SELECT')
    OR has_column_privilege('campaigns.arrival', 'payload', 'UPDATE')
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
    """Insert a contribution into the inbox.

    Raises:
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
    Arrival.objects.bulk_create([row])


def holds(*, campaign_id: UUID, pseudonym: bytes) -> bool:
    """Return whether a contribution waits to be counted."""
    return any(
        model.objects.filter(campaign_id=campaign_id, pseudonym=pseudonym).exists()
        for model in (Arrival, Contribution)
    )


def has_any(*, campaign_id: UUID) -> bool:
    """Return whether somebody's contribution to a campaign waits to be counted."""
    return any(
        model.objects.filter(campaign_id=campaign_id).values("pseudonym").exists() for model in (Arrival, Contribution)
    )


def remove(*, campaign_id: UUID, pseudonym: bytes) -> bool:
    """Delete a contribution. Return False if there was none to delete: it was counted, or never sent.

    The inbox comes first: a row that the night moves meanwhile is then found where it was moved to. A row that a
    release is counting makes this wait for the end of that release, some seconds.
    """
    deleted = 0
    for model in (Arrival, Contribution):
        deleted += model.objects.filter(campaign_id=campaign_id, pseudonym=pseudonym).delete()[0]
    return bool(deleted)
