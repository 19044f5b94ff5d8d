"""Access requests: a companion asks to see items of a vault; its resident accepts all or part of them, or refuses.

A request without an answer expires as if it were refused.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts import reminding
from accounts.actions import places
from accounts.models import Membership, User
from core import journal, once
from core.messages import phones, sms
from core.symbols import symbols
from vault.records import perms
from vault.records.actions.grants import Changed
from vault.records.enums import GrantChannel, Mode
from vault.records.grants.agreements import Agreement
from vault.records.grants.terms import Terms
from vault.records.wording import join_labels
from vault.sharing.across import access_requests
from vault.sharing.actions.household import fingerprint
from vault.sharing.actions.mandates import give_to, today
from vault.sharing.agreements.entrusting import AGREEMENT, length_words, theirs
from vault.sharing.enums import AskedFor
from vault.sharing.models import AccessRequest, Mandate
from vault.sharing.models.asking import CODE_TRIES, CODE_WAITS, WAITS

ASKED = gettext_noop("Un accompagnant demande à voir")


class NotWaiting(Exception):
    """The request was answered or has expired."""


def ask(
    *, companion: User, address: str, items: Sequence[str], purpose: AskedFor, length: str, by_phone: bool = False
) -> AccessRequest:
    """Create an access request, whether or not a resident has this address.

    The work, the answer and the row are the same in both cases. The scheduler notifies the resident, so that the
    response time reveals nothing either.

    Args:
        address: the e-mail address that the resident signs in with, or a telephone number (E.164).
        by_phone: the resident answers by a code sent to their telephone.

    Raises:
        PermissionDenied: the companion has no current membership.
        ValueError: no item, a length that is not offered, or `by_phone` with a telephone number as the address: a
            number does not prove who holds it.
    """
    place = places.of_companion(companion)
    if place is None:
        raise PermissionDenied
    asked = [item.code for item in AGREEMENT.items if item.code in items and not item.required]
    if not asked or length not in AGREEMENT.lengths or (by_phone and sms.E164.match(address)):
        raise ValueError("not offered")
    owner = _resident_at(address) or uuid4()
    with scope(resident=owner):
        return AccessRequest.objects.create(
            resident_id=owner,
            reference=f"{symbols(4)}-{symbols(4)}",
            membership_id=place.pk,
            label=place.label,
            items=asked,
            purpose=purpose,
            length=length,
            expires_at=timezone.now() + WAITS,
            by_phone=by_phone,
        )


def agreement_of(request: AccessRequest) -> Agreement:
    """Return the mandate's agreement with only the items, the purpose and the length that were asked for."""
    months, lasts = AGREEMENT.lengths[request.length]
    return replace(
        AGREEMENT,
        purpose=AskedFor(request.purpose).in_french,
        items=tuple(item for item in AGREEMENT.items if item.required or item.code in request.items),
        months=(months,) if lasts is None else (),
        short=(lasts,) if lasts else (),
    )


def accept(*, request: AccessRequest, by: UUID, terms: Terms, seen: str) -> Mandate:
    """Accept all or part of the request: give a new mandate, beside those that this companion has.

    Args:
        seen: the fingerprint of the values that the page showed.

    Raises:
        NotWaiting: the request was answered or has expired.
        PermissionDenied: the request is another resident's, or the companion left their organisation.
        Changed: a value changed since the page was shown.
        NothingChosen
    """
    perms.require_may_write(request.resident_id, by)
    if fingerprint(today(resident_id=request.resident_id)) != seen:
        raise Changed
    with transaction.atomic(), scope(resident=request.resident_id):
        held = AccessRequest.objects.select_for_update().get(pk=request.pk)
        place = (
            Membership.objects.current().select_related("person", "organisation").filter(pk=held.membership_id).first()
        )
        if not held.waits:
            raise NotWaiting
        if place is None:
            raise PermissionDenied
        mandate = give_to(held.resident_id, place, agreement_of(held), terms, [], subject_id=held.pk)
        held.answered_at, held.grant_id = timezone.now(), mandate.grant_id
        held.save(update_fields=["answered_at", "grant_id"])
    return mandate


def text_codes() -> int:
    """Send a code to the telephone of each resident who is with the companion. Return how many messages were sent.

    The message says who asks, for what and how long. A request without a resident or without a telephone number gets
    a code that is sent to nobody. Called by the scheduler.
    """
    return sum(_text_code(key, owner) for key, owner in access_requests.to_text())


def accept_by_code(*, request: AccessRequest, companion: User, code: str) -> Mandate | None:
    """Give a mandate for all that was asked, if the code is right: the resident said it to the companion.

    Return None if the code is wrong or no longer valid. Each try is counted.

    Raises:
        PermissionDenied: another companion's request, or the companion left their organisation.
    """
    place = places.of_companion(companion)
    if place is None or place.pk != request.membership_id:
        raise PermissionDenied
    with scope(resident=request.resident_id):
        sent = AccessRequest.objects.get(pk=request.pk).code_hash
    # Committed before the code is compared: somebody in the database may have what follows rolled back.
    if not sent or not once.count("access request", sent, most=CODE_TRIES):
        return None
    with transaction.atomic(), scope(resident=request.resident_id):
        held = AccessRequest.objects.select_for_update().get(pk=request.pk)
        if held.code_hash != sent or not held.waits or held.tries >= CODE_TRIES:
            return None
        if held.code_until is None or held.code_until <= timezone.now():
            return None
        held.tries += 1
        right = hmac.compare_digest(_digest(held, "".join(filter(str.isdecimal, code))), held.code_hash)
        mandate = _accept_all(held, place) if right and once.use("access request", held.code_hash) else None
        held.save(update_fields=["tries", "answered_at", "grant_id"])
    return mandate


def refuse(*, request: AccessRequest, by: UUID) -> None:
    """Refuse the request. The companion is not notified: for them it stays waiting until it expires."""
    perms.require_may_write(request.resident_id, by)
    with transaction.atomic(), scope(resident=request.resident_id):
        held = AccessRequest.objects.select_for_update().get(pk=request.pk)
        if held.waits:
            held.answered_at = timezone.now()
            held.save(update_fields=["answered_at"])
            _journal_event(held, by, "access_declined")


def notify_access_requests() -> int:
    """Notify each resident once, in their journal and by a message that names nobody. Return how many were sent.

    A request without a resident is only marked as notified. Called by the scheduler.
    """
    return sum(_notify_request(key, owner) for key, owner in access_requests.to_notify())


def _resident_at(address: str) -> UUID | None:
    """Return the resident with this address, by one query in every case.

    Return None for a number that two residents share: the request could be for either.
    """
    people = (
        User.objects.filter(pk__in=phones.asked_by(address))
        if sms.E164.match(address)
        else User.objects.signing_in_as(address)
    )
    found = list(people.filter(is_resident=True, is_active=True).values_list("pk", flat=True)[:2])
    return found[0] if len(found) == 1 else None


def _text_code(key: UUID, owner: UUID) -> bool:
    """Text the code after its hash is kept: whoever reads the message may type it at once."""
    with scope(resident=owner):
        with transaction.atomic():
            held = AccessRequest.objects.to_text().select_for_update(skip_locked=True).filter(pk=key).first()
            if held is None:
                return False
            code = f"{secrets.randbelow(1_000_000):06}"
            held.code_hash, held.code_until = _digest(held, code), timezone.now() + CODE_WAITS
            held.save(update_fields=["code_hash", "code_until"])
        return reminding.text(
            user_id=owner, template="sharing/email/access_code", said=partial(_message_context, held, code)
        )


def _message_context(request: AccessRequest, code: str) -> dict[str, str]:
    """Return the message's context, in the current language."""
    labels = join_labels(theirs(request.items))
    return {
        "who": request.label,
        "lines": labels,
        "length": length_words(*AGREEMENT.lengths[request.length]),
        "code": code,
    }


def _accept_all(held: AccessRequest, place: Membership) -> Mandate:
    agreement = agreement_of(held)
    months, lasts = AGREEMENT.lengths[held.length]
    terms = Terms(held.items, Mode.LOOK, months, lasts=lasts, channel=GrantChannel.TELEPHONE)
    mandate = give_to(held.resident_id, place, agreement, terms, [], subject_id=held.pk)
    held.answered_at, held.grant_id = timezone.now(), mandate.grant_id
    _journal_event(held, place.person_id, "access_code_typed")
    return mandate


def _digest(request: AccessRequest, code: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), request.pk.bytes + code.encode(), "sha256").hexdigest()


def _notify_request(key: UUID, owner: UUID) -> bool:
    is_known = User.objects.filter(pk=owner, is_resident=True, is_active=True).exists()

    def tell(_request: AccessRequest) -> bool:
        if not is_known:
            return False
        sent = reminding.remind(user_id=owner, template="sharing/email/access_asked", asked=True)
        reminding.text(user_id=owner, template="sharing/email/access_asked")
        return sent

    def note(held: AccessRequest) -> None:
        held.told_at = timezone.now()
        held.save(update_fields=["told_at"])
        if is_known:
            _journal_event(held, held.membership_id, "access_asked")

    with scope(resident=owner):
        due = AccessRequest.objects.filter(pk=key, told_at=None)
        return reminding.once("access asked", key, due, send=tell, note=note)


def _journal_event(request: AccessRequest, by: UUID, event: str) -> None:
    journal.write(
        resident_id=request.resident_id, actor_id=by, event=event, purpose=ASKED, details={"recipient": request.label}
    )
