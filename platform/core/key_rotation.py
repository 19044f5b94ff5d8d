"""Changing the keys that wrap: which rows are under which, and bringing all of them under the current one.

Each resident's row is one short transaction with its journal line: a run that was killed goes on where it stopped, and nobody waits.
The running role may not change a wrapped key: this runs as the owner of the tables.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import sleep
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Count
from django_scopes import scope, scopes_disabled
from psycopg.errors import Diagnostic

from core import journal
from core.keys import KeyMissing, context, protect
from core.keys.keyrings import Keyring, KeyringError, KeysDown, file_path, files, keyring
from core.keys.sealed import Box
from core.models import ResidentKey

PURPOSE = "Changer la clé de la ville"
BATCH = 500
#: Milliseconds that new readers may have to stand in line behind us, how often we try, and seconds between two tries.
WAIT, TRIES, PAUSE = 2_000, 5, 1.0


class StillInUse(Exception):
    """Rows are under this key: without it nobody opens them."""


@dataclass
class Rewrapped:
    """`unreadable`: of these residents the key could not be opened; `why` says what for the first of them. `cleaned`: nothing of what the
    old key had wrapped is left in the table's file."""

    residents: int = 0
    secrets: int = 0
    unreadable: int = 0
    why: str = ""
    cleaned: bool = True


def counts() -> dict[str, tuple[int, int]]:
    """For each key's name, how many residents' keys and how many account secrets are under it."""
    with scopes_disabled():
        rows = ResidentKey.objects.order_by().values_list("kid").annotate(Count("pk"))
        residents = dict(rows)
    secrets = Counter(protect.kid_of(text) for kept in protect.keepers() for _pk, text in kept.texts())
    return {kid: (residents.get(kid, 0), secrets[kid]) for kid in sorted({*residents, *secrets})}


def forget(kid: str) -> None:
    """
    Raises:
        StillInUse
        KeyringError: it is the current one, or not in the file.
    """
    residents, secrets = counts().get(kid, (0, 0))
    if residents or secrets:
        raise StillInUse(
            f"{residents} residents' keys and {secrets} account secrets are under “{kid}”: run “manage.py keys rewrap” first."
        )
    files.forget_key(file_path(), kid)


def rewrap(tell: Callable[[int], None] = lambda _done: None) -> Rewrapped:
    """Until nothing is left under another key. `tell` hears how many residents are done.

    Raises:
        KeysDown: what was done stays done.
    """
    ring, done = keyring(), Rewrapped()
    current = ring.current
    for resident_id in _under_others(current):
        try:
            done.residents += _rewrap_one(ring, resident_id, current)
        except KeysDown:
            raise
        except KeyringError as error:
            done.unreadable, done.why = done.unreadable + 1, done.why or str(error)
        tell(done.residents)
    done.secrets = sum(_rewrap_secrets(kept, current) for kept in protect.keepers())
    done.cleaned = not done.residents or forget_old_bytes()
    return done


def _under_others(current: str) -> Iterator[UUID]:
    """In the order of their ids, so that one which can't be opened is met once."""
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
    """The line first, as everywhere: the journal's lock comes before the row's. False: done or erased meanwhile."""
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
                    opened=Box(AESGCM(key)),
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


def forget_old_bytes() -> bool:
    """What the old key had wrapped stays in the table's file. A plain VACUUM frees its place and leaves its bytes there; FULL writes the
    table anew, which readers wait for: 0.4 s for 100,000 residents. Rows that somebody's older snapshot still sees are written again with
    it: a backup that is being made, or the database's own analysis. False: somebody held the table, or such a snapshot, for all that time.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {WAIT}")
        try:
            for turn in range(TRIES):
                if turn:
                    sleep(PAUSE)
                try:
                    if not _written_anew(cursor):
                        return True
                except OperationalError:
                    continue
        finally:
            cursor.execute("RESET lock_timeout")
    return False


def _written_anew(cursor: CursorWrapper) -> int:
    """How many rows that are over went into the new file all the same: the first number of what VERBOSE tells, in whatever language.

    Raises:
        OperationalError: the table's lock did not come in time.
    """
    left: list[int] = []

    def heard(notice: Diagnostic) -> None:
        left.extend(int(number) for number in re.findall(r"\d+", notice.message_detail or "")[:1])

    connection.connection.add_notice_handler(heard)
    try:
        cursor.execute("VACUUM (FULL, VERBOSE) keystore.resident_key")
    finally:
        connection.connection.remove_notice_handler(heard)
    return sum(left)
