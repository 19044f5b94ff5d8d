"""Closing a vault: asked, cancelled, done. The resident alone asks; thirty days later, or at once if they say so, nothing of it opens."""

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

#: To think again, or to notice that somebody else asked.
COOLING_OFF = timedelta(days=30)
#: For so long after a closing its rows are looked for once more: a request that was under way may have written one meanwhile.
LATE = timedelta(days=1)
CLOSE = gettext_noop("Fermer votre coffre")


def ask(*, user: User, by: UUID) -> User:
    """The vault will be erased in thirty days; until then nothing changes. Asking twice keeps the first day."""
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
    """At once and for good: when this returns nothing of theirs can be opened, by anybody. Closing twice changes nothing.

    What stops others comes first, in transactions of its own; then the ledger's line; then one transaction in which the key and every
    row go. Cut off in between, it is finished by the scheduler, or by a replay of the ledger.
    """
    _require_own(user, by)
    address = address_of(user)
    leaving.stop(resident_id=user.pk)
    erasures.write(Erasure(user.pk, timezone.now()))
    _erase(user.pk)
    mails.send("account/email/closed", to=[address])


def close_due() -> int:
    """Those whose day has come, and those of the last day once more. Called by the scheduler; each in its own transaction."""
    now = timezone.now()
    due = list(User.objects.filter(is_resident=True, is_active=True, closes_at__lte=now))
    for user in due:
        close(user=user, by=user.pk)
    for user in User.objects.filter(is_resident=False, is_active=False, closes_at__gt=now - LATE):
        if leaving.remains(resident_id=user.pk):
            _erase(user.pk)
    return len(due)


def replay() -> int:
    """After a restore: erase again whoever the ledger names and who is there. Replaying twice changes nothing."""
    back = [one.resident_id for one in erasures.lines() if _is_back(one.resident_id)]
    for resident_id in back:
        _erase(resident_id)
    return len(back)


def ledger() -> Iterator[tuple[str, bytes]]:
    """Its lines, each a file by its name, to go along with a backup."""
    for erasure in erasures.lines():
        yield f"{erasure.resident_id}.json", erasures.content(erasure)


def replay_after_restore(folder: Path) -> str:
    """The ledger outside may be lost with the machine: what the backup knew of it is put back first."""
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
