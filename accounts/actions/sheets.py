"""The printed sheet of a vault opened at the desk. It serves to come back there, and once to claim the vault."""

import hashlib
from datetime import timedelta
from functools import partial

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import perms
from accounts.actions.accounts import AddressTaken, keep_proved_address, register_resident
from accounts.actions.closing import require_not_begun
from accounts.models import Sheet, SheetClosing, User
from accounts.models.decisions import SheetClosingQuerySet
from core import journal, rows
from core.symbols import new_code, read_code

#: The longest duration of a grant. An expired sheet opens nothing and its resident cannot be contacted, so the vault
#: is erased a day later.
LASTS = timedelta(days=366)
LATE = timedelta(days=1)
#: Time to print the first sheet. Without one, nobody can come back to the vault.
WITHOUT_A_SHEET = timedelta(days=30)
HAND_OVER = gettext_noop("Vous donner votre coffre, par une feuille imprimée")


class NoSheet(Exception):
    """The sheet's code is mistyped, replaced, used or expired. Do not reveal which."""


def hashed(code: str) -> str:
    """Hash a code. It has 60 random bits, so a slow hash is not needed."""
    return hashlib.sha256(b"sheet" + read_code(code).encode()).hexdigest()


def find(code_hash: str) -> Sheet | None:
    """Return the valid sheet with this code. That of a resident who signs in by themselves is not valid.

    Raises:
        Forged: a row of its account was put back.
    """
    sheet = Sheet.objects.open().filter(code_hash=code_hash).select_related("person").first()
    return sheet if sheet is not None and not perms.can_sign_in(sheet.person) else None


def find_locked(code_hash: str) -> Sheet:
    """Lock and return the sheet in the caller's transaction, so that it is neither replaced nor claimed meanwhile.

    Raises:
        NoSheet: no valid sheet has this code.
    """
    sheet = (
        Sheet.objects.open()
        .select_for_update(of=("self",))
        .filter(code_hash=code_hash)
        .select_related("person")
        .first()
    )
    if sheet is None or perms.can_sign_in(sheet.person):
        raise NoSheet
    return sheet


def open_vault_with(*, name: str, by: User) -> User:
    """Open a vault for a resident without credentials, in the caller's transaction."""
    perms.require_desk(by)
    person = register_resident(email="", name=name, at_desk_by=by.pk)
    person.closes_at = timezone.now() + WITHOUT_A_SHEET
    person.save(update_fields=["closes_at"])
    return person


def print_sheet(*, person: User, by: User) -> tuple[Sheet, str]:
    """Make a sheet and return its code, which is stored only as a hash. The previous sheet becomes invalid.

    A closing that two agents confirmed keeps its date.

    Raises:
        PermissionDenied: `by` may not work at the desk, or the resident signs in by themselves.
        Begun: the vault is being erased.
    """
    perms.require_desk(by)
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=person.pk)
        if not held.is_resident or not held.is_active or perms.can_sign_in(held):
            raise PermissionDenied
        require_not_begun(held)
        code, now = new_code(), timezone.now()
        former = Sheet.objects.filter(person=held).first()
        values = {
            "number": former.number + 1 if former else 1,
            "code_hash": hashed(code),
            "printed_at": now,
            "expires_at": now + LASTS,
        }
        sheet, _made = Sheet.objects.update_or_create(person=held, defaults=values)
        if not genuine(SheetClosing.objects.confirmed().filter(person=held)):
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
    """Let the resident sign in with `email`, which a code has verified. The sheet becomes invalid.

    A closing asked for at the desk ends: whoever takes the vault up closes it from there.

    Raises:
        NoSheet: no valid sheet has this code.
        Begun: the vault is being erased.
        AddressTaken: another account signs in with this address.
    """
    try:
        with transaction.atomic():
            sheet = find_locked(code_hash)
            person = User.objects.select_for_update().get(pk=sheet.person_id)
            require_not_begun(person)
            end_closings(person=person, by=person)
            person.email, person.closes_at = email, None
            person.save(update_fields=["email", "closes_at"])
            keep_proved_address(person)
            sheet.claimed_at = timezone.now()
            sheet.save(update_fields=["claimed_at"])
            journal.write(resident_id=person.pk, actor_id=person.pk, event="vault_claimed", purpose=HAND_OVER)
    except IntegrityError as error:
        raise AddressTaken from error
    return person


def genuine(found: SheetClosingQuerySet) -> list[SheetClosing]:
    """Return the closings that the portal wrote. Any other one is reported, and stops nobody from keeping a vault.

    `found` joins no other model, which would not be checked.
    """
    with rows.unchecked():
        loaded = list(found)
    return [one for one in loaded if _is_genuine(one)]


def end_closings(*, person: User, by: User) -> int:
    """End every closing asked for or confirmed, in the caller's transaction. Return their number."""
    found = genuine(SheetClosing.objects.filter(person=person, cancelled_at=None))
    ended = SheetClosing.objects.filter(pk__in=[one.pk for one in found])
    return ended.update(cancelled_by=by, cancelled_at=timezone.now())


def _is_genuine(closing: SheetClosing) -> bool:
    try:
        rows.check(closing)
    except rows.Forged as forged:
        transaction.on_commit(partial(rows.report, forged), robust=True)
        return False
    return True
