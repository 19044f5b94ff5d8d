"""Rotation of the key-encryption keys: count the rows under each key, and rewrap them under the current one.

Each resident's row is one short transaction with its journal entry, so an interrupted run continues where it stopped
and blocks no request. The running role may not change a wrapped key: run this as the owner of the tables.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import sleep
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Count
from django_scopes import scope, scopes_disabled
from psycopg.errors import Diagnostic

from core import journal
from core.keyrings import Keyring, KeyringError, KeysDown, file_path, files, keyring
from core.keys import KeyMissing, context, protect
from core.keys.sealed import Box
from core.models import ResidentKey

PURPOSE = "Changer la clé de la ville"
BATCH = 500
#: Milliseconds that new readers may wait for our table lock, number of tries, and seconds between two tries.
WAIT, TRIES, PAUSE = 2_000, 5, 1.0
#: Tables whose deleted rows must not stay in their files.
_tables = ["keystore.resident_key"]


class StillInUse(Exception):
    """Rows are still wrapped under this key, and need it to be decrypted."""


class NotOwner(Exception):
    """The running role may not change wrapped keys."""


@dataclass
class Rewrapped:
    """Outcome of a rewrap.

    `unreadable` counts the residents whose key could not be unwrapped; `why` is the error of the first one. `cleaned`
    is True if the table's file holds nothing wrapped under the old key any more.
    """

    residents: int = 0
    secrets: int = 0
    unreadable: int = 0
    why: str = ""
    cleaned: bool = True


def counts() -> dict[str, tuple[int, int]]:
    """Return the number of residents' keys and of other secrets under each key."""
    with scopes_disabled():
        rows = ResidentKey.objects.order_by().values_list("kid").annotate(Count("pk"))
        residents = dict(rows)
    secrets = Counter(kid for kept in protect.keepers() for kid in kept.kids())
    return {kid: (residents.get(kid, 0), secrets[kid]) for kid in sorted({*residents, *secrets})}


def is_anything_wrapped() -> bool:
    """Return whether a row needs the keyring that wrapped it. Before the first migration there is none.

    Raises:
        Error: the database does not say it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'resident_key' AND relkind = 'r')")
        (migrated,) = cursor.fetchone()
    return bool(migrated and counts())


def forget(kid: str) -> None:
    """Remove a key from the keyring file.

    Raises:
        StillInUse: rows are still under this key.
        KeyringError: it is the current key, or not in the file.
    """
    residents, secrets = counts().get(kid, (0, 0))
    if residents or secrets:
        raise StillInUse(
            f"{residents} residents' keys and {secrets} other secrets are under “{kid}”:"
            " run “manage.py keys rewrap” first."
        )
    files.forget_key(file_path(), kid)


def rewrap(progress: Callable[[int], None] = lambda _done: None) -> Rewrapped:
    """Rewrap every row under the current key. Call `progress` with the number of residents done.

    Raises:
        KeysDown: the key service stopped answering. The rows already done stay done.
        NotOwner: the running role may not change them.
    """
    require_owner("keystore.resident_key")
    ring, done = keyring(), Rewrapped()
    current = ring.current
    for resident_id in _under_others(current):
        try:
            done.residents += _rewrap_one(ring, resident_id, current)
        except KeysDown:
            raise
        except KeyringError as error:
            done.unreadable, done.why = done.unreadable + 1, done.why or str(error)
        progress(done.residents)
    done.secrets = sum(_rewrap_secrets(kept, current) for kept in protect.keepers())
    done.cleaned = not done.residents or forget_old_bytes()
    return done


def require_owner(table: str) -> None:
    """Refuse a role that may not change a table of wrapped keys.

    Raises:
        NotOwner
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, has_table_privilege(%s, 'UPDATE')", [table])
        role, may_change = cursor.fetchone()
    if not may_change:
        raise NotOwner(
            f"The role {role} may not change wrapped keys: set MIGRATION_DATABASE_URL, the address of the same"
            " database as the owner of its tables."
        )


def _under_others(current: str) -> Iterator[UUID]:
    """Yield residents in the order of their ids, so that one whose key cannot be unwrapped is tried only once."""
    last = UUID(int=0)
    while True:
        with scopes_disabled():
            left = ResidentKey.objects.exclude(kid=current).filter(resident_id__gt=last).order_by("resident_id")
            found = list(left.values_list("resident_id", flat=True)[:BATCH])
        yield from found
        if len(found) < BATCH:
            return
        last = found[-1]


def _rewrap_one(ring: Keyring, resident_id: UUID, current: str) -> bool:
    """Rewrap one row. Return False if it was already rewrapped or erased.

    The entry comes first, to take the journal's lock before the row's.
    """
    with scope(resident=resident_id):
        row = ResidentKey.objects.exclude(kid=current).filter(pk=resident_id).first()
        if row is None:
            return False
        bound, old = context(resident_id, row.version), bytes(row.wrapped)
        key = ring.unwrap(row.kid, old, bound)
        kid, wrapped = ring.wrap(key, bound)
        try:
            with transaction.atomic():
                journal.write(
                    resident_id=resident_id,
                    actor_id=resident_id,
                    event="key_rewrapped",
                    purpose=PURPOSE,
                    ground=journal.Ground.TASK,
                    means=journal.Means.SCHEDULER,
                    opened=Box.of(key),
                )
                changed = ResidentKey.objects.filter(pk=resident_id, kid=row.kid, wrapped=old).update(
                    kid=kid, wrapped=wrapped
                )
                transaction.set_rollback(not changed)
        except KeyMissing:
            return False
    return bool(changed)


def _rewrap_secrets(kept: protect.Keeper, current: str) -> int:
    changed = 0
    for pk, text in kept.texts():
        if protect.kid_of(text) != current:
            changed += kept.replace(
                pk, text, protect.protect(protect.unprotect(text, purpose=kept.purpose), purpose=kept.purpose)
            )
    return changed


def register_table(name: str) -> None:
    """Register a table whose deleted rows must not stay in its file. Each app calls it once in `AppConfig.ready`."""
    if name not in _tables:
        _tables.append(name)


def forget_old_bytes() -> bool:
    """Remove deleted and replaced rows from the registered tables' files with VACUUM FULL; a plain VACUUM would leave
    their bytes.

    Readers wait meanwhile: 0.4 s for 100,000 residents. Rows that an older snapshot still needs (a running backup, the
    database's ANALYZE) are copied too, so it tries again. Return False if a table stayed locked, or such a snapshot
    remained, after all tries.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {WAIT}")
        try:
            left = [table for table in _tables if not _rewritten(cursor, table)]
        finally:
            cursor.execute("RESET lock_timeout")
    return not left


def _rewritten(cursor: CursorWrapper, table: str) -> bool:
    for turn in range(TRIES):
        if turn:
            sleep(PAUSE)
        try:
            if not _rewrite_table(cursor, table):
                return True
        except OperationalError:
            continue
    return False


def _rewrite_table(cursor: CursorWrapper, table: str) -> int:
    """Rewrite the table's file; return the number of dead rows copied, which is the first number that VERBOSE reports.

    The number does not depend on the language of the message.

    Raises:
        OperationalError: the table's lock was not acquired in time.
    """
    left: list[int] = []

    def on_notice(notice: Diagnostic) -> None:
        left.extend(int(number) for number in re.findall(r"\d+", notice.message_detail or "")[:1])

    connection.connection.add_notice_handler(on_notice)
    try:
        cursor.execute(f"VACUUM (FULL, VERBOSE) {table}")
    finally:
        connection.connection.remove_notice_handler(on_notice)
    return sum(left)
