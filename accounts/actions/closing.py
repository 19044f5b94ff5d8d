"""Closing of a vault: asked, cancelled or done.

Only the resident can ask, and choose a delay of thirty days or none.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import User
from core import erasures, journal, leaving
from core.erasures import Erasure
from core.messages import mails

#: Time to reconsider, or to notice that someone else asked.
COOLING_OFF = timedelta(days=30)
#: For this long after a closing, rows are searched again: a concurrent request may have written one.
LATE = timedelta(days=1)
CLOSE = gettext_noop("Fermer votre coffre")


def ask(*, user: User, by: UUID) -> User:
    """Schedule the erasure of the vault in thirty days. Asking again keeps the first date."""
    _require_own(user, by)
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=user.pk)
        if held.closes_at is None:
            held.closes_at = timezone.now() + COOLING_OFF
            held.save(update_fields=["closes_at"])
            journal.write(resident_id=held.pk, actor_id=by, event="closing_asked", purpose=CLOSE)
            transaction.on_commit(
                lambda: mails.send("account/email/closing_asked", to=[address_of(held)]), robust=True
            )
    return held


def cancel(*, user: User, by: UUID) -> User:
    _require_own(user, by)
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=user.pk)
        if held.is_closing:
            held.closes_at = None
            held.save(update_fields=["closes_at"])
            journal.write(resident_id=held.pk, actor_id=by, event="closing_cancelled", purpose=CLOSE)
    return held


def close(*, user: User, by: UUID) -> None:
    """Erase the vault at once; idempotent. After it returns, nobody can decrypt any of its data.

    First revoke other people's access, in separate transactions. Then write the ledger's file. Then delete the key and
    all rows in one transaction. If interrupted, the scheduler or a replay of the ledger finishes it.
    """
    _require_own(user, by)
    address = address_of(user)
    leaving.stop(resident_id=user.pk)
    erasures.write(Erasure(user.pk, timezone.now()))
    _erase(user.pk)
    mails.send("account/email/closed", to=[address])


def close_due() -> int:
    """Close the vaults whose date has come, and erase late rows of the last day's. Each vault has its own transaction.

    Called by the scheduler.
    """
    now, closed = timezone.now(), 0
    due = User.objects.filter(is_resident=True, is_active=True, closes_at__lte=now)
    for resident_id in list(due.values_list("pk", flat=True)):
        # Asked again just before: others were closed meanwhile, and this one may have been kept.
        if user := due.filter(pk=resident_id).first():
            close(user=user, by=user.pk)
            closed += 1
    for user in User.objects.filter(is_resident=False, is_active=False, closes_at__gt=now - LATE):
        if leaving.remains(resident_id=user.pk):
            _erase(user.pk)
    return closed


def replay() -> int:
    """Erase again the vaults of the ledger that a restore brought back; idempotent."""
    back = [one.resident_id for one in erasures.lines() if _is_back(one.resident_id)]
    for resident_id in back:
        _erase(resident_id)
    return len(back)


def ledger() -> Iterator[tuple[str, bytes]]:
    """Yield the ledger's files, as name and content, for a backup."""
    for erasure in erasures.lines():
        yield f"{erasure.resident_id}.json", erasures.content(erasure)


def replay_after_restore(folder: Path) -> str:
    """Restore the backup's part of the ledger, which may be lost with the machine, then replay the ledger."""
    for path in folder.glob("*.json"):
        erasures.write(erasures.read(path.read_bytes()))
    return f"{replay()} vaults that were closed had come back and are erased again."


def address_of(user: User) -> str:
    return user.contact_email or user.email


def _require_own(user: User, by: UUID) -> None:
    if user.pk != by or not user.is_resident:
        raise PermissionDenied


def _is_back(resident_id: UUID) -> bool:
    return User.objects.filter(pk=resident_id, is_resident=True).exists() or leaving.remains(resident_id=resident_id)


def _erase(resident_id: UUID) -> None:
    with transaction.atomic(durable=True):
        User.objects.select_for_update().filter(pk=resident_id).first()
        leaving.erase(resident_id=resident_id, purpose=CLOSE)
