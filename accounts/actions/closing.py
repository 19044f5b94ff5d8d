"""Closing of a vault: asked, cancelled or done.

Only the resident can ask, and choose thirty days' notice or none. The erasure begins with the ledger's file, which
is written under the account's lock: from then on the vault cannot be kept.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseFault
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import User
from core import journal, leaving, rows
from core.journal import erasures
from core.journal.erasures import Erasure
from core.messages import mails

logger = logging.getLogger(__name__)

#: Time to reconsider, or to notice that someone else asked.
COOLING_OFF = timedelta(days=30)
#: For this long after a closing, rows are searched again: a concurrent request may have written one.
LATE = timedelta(days=1)
CLOSE = gettext_noop("Fermer votre coffre")


class Begun(Exception):
    """The erasure has begun: the vault cannot be kept."""


class NotAllClosed(Exception):
    """A vault could not be erased: the log says which. The others are; the scheduler tries again within the hour."""


def ask(*, user: User, by: UUID) -> User:
    """Schedule the erasure of the vault in thirty days. Asking again keeps the first date.

    Raises:
        Begun
    """
    _require_own(user, by)
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=user.pk)
        require_not_begun(held)
        if held.closes_at is None:
            held.closes_at = timezone.now() + COOLING_OFF
            held.save(update_fields=["closes_at"])
            journal.write(resident_id=held.pk, actor_id=by, event="closing_asked", purpose=CLOSE)
            transaction.on_commit(
                lambda: mails.send("account/email/closing_asked", to=[address_of(held)]), robust=True
            )
    return held


def cancel(*, user: User, by: UUID) -> User:
    """Keep the vault. Idempotent.

    Raises:
        Begun
    """
    _require_own(user, by)
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=user.pk)
        if held.is_closing:
            require_not_begun(held)
            held.closes_at = None
            held.save(update_fields=["closes_at"])
            journal.write(resident_id=held.pk, actor_id=by, event="closing_cancelled", purpose=CLOSE)
    return held


def require_not_begun(held: User) -> None:
    """Check that the vault can still be kept. The caller holds the account's lock.

    Raises:
        Begun
    """
    if erasures.find(held.pk) is not None:
        raise Begun


def close(*, user: User, by: UUID) -> bool:
    """Erase the vault at once; idempotent. After it returns, nobody can decrypt any of its data.

    Return False if the vault was kept meanwhile. If interrupted, the scheduler or a replay of the ledger finishes it.
    """
    _require_own(user, by)
    with transaction.atomic(durable=True):
        held = User.objects.select_for_update().get(pk=user.pk)
        now = timezone.now()
        held.closes_at = min(held.closes_at or now, now)
        held.save(update_fields=["closes_at"])
    _close_if_due(user.pk)
    return not _is_back(user.pk)


def close_due() -> int:
    """Close the vaults whose date has come, and erase late rows of the last day's. Each vault has its own transaction.

    Called by the scheduler.

    Raises:
        NotAllClosed: at the end.
    """
    closed, failed = _each(_close_if_due, list(_due().values_list("pk", flat=True)))
    emptied = User.objects.filter(is_resident=False, is_active=False, closes_at__gt=timezone.now() - LATE)
    _swept, failed_late = _each(_erase_late_rows, list(emptied.values_list("pk", flat=True)))
    if failed or failed_late:
        raise NotAllClosed
    return closed


def replay() -> int:
    """Erase again the vaults of the ledger that a restore brought back; idempotent.

    Raises:
        NotAllClosed: at the end.
    """
    erased, failed = _each(_erase_again, [one.resident_id for one in erasures.lines()])
    if failed:
        raise NotAllClosed
    return erased


def ledger() -> Iterator[tuple[str, bytes]]:
    """Yield the ledger's files, as name and content, for a backup."""
    for erasure in erasures.lines():
        yield f"{erasure.resident_id}.json", erasures.content(erasure)


def replay_after_restore(folder: Path) -> str:
    """Restore the backup's part of the ledger, which may be lost with the machine, then replay the ledger."""
    for path in folder.glob("*.json"):
        resident_id = UUID(path.stem)
        if erasures.find(resident_id) is None:
            erasures.write(Erasure(resident_id, erasures.read_time(path.read_bytes()) or timezone.now()))
    try:
        return f"{replay()} vaults that were closed had come back and are erased again."
    except NotAllClosed:
        return "A vault that was closed has come back and could not be erased: see the log, then run replay_erasures."


def address_of(user: User) -> str:
    return user.contact_email or user.email


def _require_own(user: User, by: UUID) -> None:
    if user.pk != by or not user.is_resident:
        raise PermissionDenied


def _due() -> QuerySet[User]:
    return User.objects.filter(is_resident=True, is_active=True, closes_at__lte=timezone.now())


def _each(act: Callable[[UUID], bool], residents: Iterable[UUID]) -> tuple[int, int]:
    """Call `act` for each resident, and report its failures. Return how often it returned True, and failed."""
    done = failed = 0
    for resident_id in residents:
        try:
            done += act(resident_id)
        except Exception as error:
            failed += 1
            logger.error("a vault could not be erased", exc_info=error, extra={"code": str(resident_id)})
            if isinstance(error, rows.Forged):
                rows.report(error)
    return done, failed


def _close_if_due(resident_id: UUID) -> bool:
    """Erase the vault, unless it was kept meanwhile. Return False if it was, or if another process erased it.

    First write the ledger's file, under the account's lock. An erasure that is resumed writes it again with its own
    time: the journal may have grown meanwhile, and `verify_journal` looks for entries after the erasure. Then revoke
    other people's access, in separate transactions. Then delete the key and all rows in one transaction.
    """
    try:
        with transaction.atomic(durable=True):
            # Loaded whatever its columns say, since it is checked as it is loaded.
            user = User.objects.select_for_update().get(pk=resident_id)
            if not (user.is_resident and user.is_active and user.closes_at and user.closes_at <= timezone.now()):
                return False
            erasures.write(Erasure(user.pk, timezone.now()))
    except DatabaseFault:
        _unwrite_if_kept(resident_id)
        raise
    leaving.stop(resident_id=user.pk)
    if not _erase(user.pk):
        return False
    with suppress(mails.NotSent):
        mails.send("account/email/closed", to=[address_of(user)])
    return True


def _unwrite_if_kept(resident_id: UUID) -> None:
    """Remove the ledger's file of a vault that was kept while the file was written: the connection, and the lock with
    it, was lost.
    """
    with transaction.atomic(durable=True):
        held = User.objects.select_for_update().filter(pk=resident_id, is_resident=True)
        if held.exclude(closes_at__lte=timezone.now()).first() is not None:
            erasures.remove(resident_id)


def _erase_late_rows(resident_id: UUID) -> bool:
    if not leaving.remains(resident_id=resident_id):
        return False
    _erase(resident_id)
    return True


def _erase_again(resident_id: UUID) -> bool:
    """Erase the vault as a closing does, if a restore brought it back."""
    if not _is_back(resident_id):
        return False
    erasures.write(Erasure(resident_id, timezone.now()))
    leaving.stop(resident_id=resident_id)
    _erase(resident_id)
    return True


def _is_back(resident_id: UUID) -> bool:
    return User.objects.filter(pk=resident_id, is_resident=True).exists() or leaving.remains(resident_id=resident_id)


def _erase(resident_id: UUID) -> bool:
    """Erase the vault. Return whether its key was still there."""
    with transaction.atomic(durable=True):
        User.objects.select_for_update().filter(pk=resident_id).first()
        return leaving.erase(resident_id=resident_id, purpose=CLOSE)
