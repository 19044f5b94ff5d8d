"""What a backup and a restore require of the database, the clock and the places outside before they begin."""

from datetime import UTC, datetime, timedelta

from django.core.files.storage import storages
from django.db import OperationalError, connection
from django.utils import timezone

from core.operations import places

#: A backup whose keys would be deleted by now: more likely, the clock is wrong.
OLD = timedelta(days=31)
#: By which two clocks may differ.
SKEW = timedelta(minutes=1)
PLACES = {"sealed": "STORAGE_URL", "checkpoints": "CHECKPOINTS_URL", "erasures": "ERASURES_URL"}


class NotPossible(Exception):
    """The backup or restore cannot run. The message says what to do; nothing was changed, unless it says so."""


def require_answer() -> None:
    try:
        connection.ensure_connection()
    except OperationalError:
        raise NotPossible("The database does not answer: start it, or correct MIGRATION_DATABASE_URL.") from None


def require_table_owner() -> None:
    """Check that this role owns the tables."""
    require_answer()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_has_role(tableowner, 'USAGE') FROM pg_tables WHERE tablename = 'django_migrations'")
        owns = cursor.fetchone()
    if owns is None:
        raise NotPossible("The database is empty: there is nothing to back up.")
    if not owns[0]:
        raise NotPossible("Only the owner of the tables makes a backup: set MIGRATION_DATABASE_URL (docs/backup.md).")


def require_clock(made: datetime, old: bool) -> None:
    """Check the clock against the database's and the backup's. By a wrong one vaults close and shares end too soon."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (theirs,) = cursor.fetchone()
    now = timezone.now()
    says = f"This machine's clock says {now:%Y-%m-%d %H:%M} UTC"
    if abs(theirs - now) > SKEW:
        raise NotPossible(f"{says}, the database's {theirs.astimezone(UTC):%Y-%m-%d %H:%M}: set the wrong one first.")
    if made > now + SKEW:
        raise NotPossible(f"{says}, and the backup is of {made:%Y-%m-%d %H:%M}, which is later: set the clock first.")
    if now - made > OLD and not old:
        raise NotPossible(
            f"{says}, and the backup is of {made:%Y-%m-%d %H:%M}, {(now - made).days} days before: set the clock"
            " first. If it is right and the backup that old, add --old."
        )


def require_places() -> None:
    for name, variable in PLACES.items():
        try:
            places.require_writable(storages[name])
        except OSError as error:
            raise NotPossible(f"{variable}: {error}. Let the portal's user write there, then restore.") from None
