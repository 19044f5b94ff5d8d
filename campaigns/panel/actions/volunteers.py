"""Volunteer, withdraw, accept a seat. One proven identity has one entry; the city reads a number and no name."""

import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts.models import User
from campaigns.debates.actions import identities
from campaigns.panel import across
from campaigns.panel.actions.panels import KIND
from campaigns.panel.draw import HIGHEST, LOWEST
from campaigns.panel.enums import State
from campaigns.panel.models import Entry, Panel, Volunteer
from core import journal
from core.database import locks
from core.models.rows import check
from core.rows import city_key
from vault.records.perms import require_may_write

SIT = gettext_noop("Siéger au panel des habitants")


class NotNow(Exception):
    """The list is frozen, the seat was answered for, or the time to answer is over."""


class NoIdentity(Exception):
    """The resident has proved no identity."""


class EnteredElsewhere(Exception):
    """Another account of the same identity volunteered."""


def enter(*, resident: User, by: UUID, panel: Panel) -> Entry:
    """Volunteer under a number that is drawn at random. Idempotent.

    Raises:
        PermissionDenied: not their vault.
        NotNow, NoIdentity, EnteredElsewhere
    """
    with _acting(resident.pk, by, panel) as held:
        own = own_entry(held)
        if own is not None:
            return own
        if not held.takes_entries(timezone.now()):
            raise NotNow
        identity = identities.of(resident)
        if identity is None:
            raise NoIdentity
        person = _person(held, bytes(identity.pseudonym))
        made = Entry(resident_id=resident.pk, panel=held, number=_free_number(held), person=person)
        try:
            with transaction.atomic():
                made.save(force_insert=True)
        except IntegrityError:
            # The panel's lock is held, and the number is free: it is the identity.
            raise EnteredElsewhere from None
        journal.write(resident_id=resident.pk, actor_id=by, event="panel_entered", purpose=SIT)
    return made


def withdraw(*, resident_id: UUID, by: UUID, panel: Panel) -> bool:
    """Withdraw at once: from the list, as a substitute, or from the seat. Idempotent.

    Return whether there was an entry.

    The frozen list keeps the number, which leads to nobody any more. Published opinions stay.

    Raises:
        PermissionDenied: not their vault.
    """
    with _acting(resident_id, by, panel) as held:
        own = own_entry(held)
        if own is None:
            return False
        leave(own, held)
        journal.write(resident_id=resident_id, actor_id=by, event="panel_left", purpose=SIT)
    return True


def leave(entry: Entry, panel: Panel) -> None:
    """Delete an entry, and the name under which its resident sat. Requires the panel's lock."""
    if entry.number in panel.entries:
        row = volunteer(panel, entry.number)
        if row is None:
            Volunteer.objects.create(panel=panel, number=entry.number, state=State.LEFT)
        elif row.state in {State.CALLED, State.SITS}:
            row.write(state=State.DECLINED if row.state == State.CALLED else State.LEFT, name="")
    entry.delete()


def accept(*, resident_id: UUID, by: UUID, panel: Panel, name: str) -> Volunteer:
    """Accept the seat, under a chosen name or, without one, as “member” with the rank in the draw.

    Raises:
        PermissionDenied: not their vault.
        Entry.DoesNotExist: they did not volunteer, or withdrew.
        NotNow: their number is not called, or not any more.
    """
    with _acting(resident_id, by, panel) as held:
        own = own_entry(held)
        if own is None:
            raise Entry.DoesNotExist
        row, now = volunteer(held, own.number), timezone.now()
        if row is None or row.state != State.CALLED or row.is_late(now) or not held.sits(now):
            raise NotNow
        row.write(state=State.SITS, name=name.strip())
        journal.write(resident_id=resident_id, actor_id=by, event="panel_accepted", purpose=SIT)
    return row


def own_entry(panel: Panel) -> Entry | None:
    """Return the entry of the resident in scope.

    Raises:
        Forged: the portal did not write it as it is.
    """
    found = Entry.objects.filter(panel=panel).first()
    if found is not None:
        check(found)
    return found


def volunteer(panel: Panel, number: int) -> Volunteer | None:
    return Volunteer.objects.filter(panel=panel, number=number).first()


@contextmanager
def _acting(resident_id: UUID, by: UUID, panel: Panel) -> Iterator[Panel]:
    """Hold the panel, so that its list is frozen before or after, and yield it as it is now."""
    require_may_write(resident_id, by)
    with transaction.atomic(), scope(resident=resident_id):
        locks.hold(KIND, panel.pk)
        yield Panel.objects.get(pk=panel.pk)


def _person(panel: Panel, identity: bytes) -> bytes:
    """Return the pseudonym of an identity for one panel: two panels do not show that they have the same volunteer."""
    return hmac.digest(city_key(), f"panel|{panel.pk}|{identity.hex()}".encode(), "sha256")


def _free_number(panel: Panel) -> int:
    while across.is_taken(panel, number := LOWEST + secrets.randbelow(HIGHEST - LOWEST + 1)):
        pass
    return number
