"""The printed sheet of a vault that was opened at the desk: it brings its person back there, and serves once to claim the vault."""

import hashlib
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import perms
from accounts.actions.accounts import AddressTaken, keep_proved_address, register_resident
from accounts.models import Sheet, User
from core import journal
from core.symbols import new_code, read_code

#: As long as anything may be granted for. A sheet that is over opens nothing, and its person can't be written to: a day later the vault
#: is erased, for nobody could open it any more.
LASTS = timedelta(days=366)
LATE = timedelta(days=1)
#: Until its first sheet is printed, nobody can come back to it.
WITHOUT_A_SHEET = timedelta(days=30)
HAND_OVER = gettext_noop("Vous donner votre coffre, par une feuille imprimée")


class NoSheet(Exception):
    """No sheet like this opens anything: mistyped, replaced by another one, used, or too old. Which one is not told."""


def hashed(code: str) -> str:
    """60 random bits need no slow hash."""
    return hashlib.sha256(b"sheet" + read_code(code).encode()).hexdigest()


def find(code_hash: str) -> Sheet | None:
    return Sheet.objects.open().filter(code_hash=code_hash).select_related("person").first()


def find_locked(code_hash: str) -> Sheet:
    """In the caller's transaction: it is neither replaced nor claimed meanwhile.

    Raises:
        NoSheet
    """
    sheet = (
        Sheet.objects.open()
        .select_for_update(of=("self",))
        .filter(code_hash=code_hash)
        .select_related("person")
        .first()
    )
    if sheet is None:
        raise NoSheet
    return sheet


def open_vault_with(*, name: str, by: User) -> User:
    """In the caller's transaction: a resident without credentials, whose vault an agent opens with them."""
    perms.require_desk(by)
    person = register_resident(email="", name=name, at_desk_by=by.pk)
    person.closes_at = timezone.now() + WITHOUT_A_SHEET
    person.save(update_fields=["closes_at"])
    return person


def print_sheet(*, person: User, by: User) -> tuple[Sheet, str]:
    """A new code, which is nowhere but on the paper; the sheet before it opens nothing any more.

    Raises:
        PermissionDenied: `by` does not keep the desk, or the person signs in by themselves.
    """
    perms.require_desk(by)
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=person.pk)
        if not held.is_resident or not held.is_active or held.email:
            raise PermissionDenied
        code, now = new_code(), timezone.now()
        former = Sheet.objects.filter(person=held).first()
        values = {
            "number": former.number + 1 if former else 1,
            "code_hash": hashed(code),
            "printed_at": now,
            "expires_at": now + LASTS,
        }
        sheet, _made = Sheet.objects.update_or_create(person=held, defaults=values)
        held.closes_at = sheet.expires_at + LATE
        held.save(update_fields=["closes_at"])
        journal.write(
            resident_id=held.pk,
            actor_id=by.pk,
            event="sheet_printed",
            purpose=HAND_OVER,
            details={"recipient": by.name},
            means=journal.Means.DESK,
        )
    return sheet, code


def claim(*, code_hash: str, email: str) -> User:
    """`email` was proved by a code: from now on its person signs in with it, and the sheet opens nothing. It serves once.

    Raises:
        NoSheet
        AddressTaken: another account signs in with this address.
    """
    try:
        with transaction.atomic():
            sheet = find_locked(code_hash)
            person = User.objects.select_for_update().get(pk=sheet.person_id)
            person.email, person.closes_at = email, None
            person.save(update_fields=["email", "closes_at"])
            keep_proved_address(person)
            sheet.claimed_at = timezone.now()
            sheet.save(update_fields=["claimed_at"])
            journal.write(resident_id=person.pk, actor_id=person.pk, event="vault_claimed", purpose=HAND_OVER)
    except IntegrityError as error:
        raise AddressTaken from error
    return person
