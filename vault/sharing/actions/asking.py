"""A companion asks to see something; the resident answers, in part if they like, or says nothing: silence is a no."""

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
from accounts.actions.companions import place_of
from accounts.models import Membership, User
from core import journal
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
    """It was answered, or it is too old."""


def ask(
    *, companion: User, address: str, items: Sequence[str], purpose: AskedFor, length: str, by_phone: bool = False
) -> AccessRequest:
    """`address`: by which they sign in, or a telephone number (E.164). The same work, the same answer and the same row whether or not it
    leads to somebody. The resident is told by the scheduler, so that not even the time it takes says it.

    Raises:
        PermissionDenied: they work nowhere any more.
        ValueError: a line or a length that is not offered, or a code by telephone to whoever holds a number.
    """
    place = place_of(companion)
    if place is None:
        raise PermissionDenied
    asked = [item.code for item in AGREEMENT.items if item.code in items and not item.required]
    if not asked or length not in AGREEMENT.lengths or (by_phone and sms.E164.match(address)):
        raise ValueError("not offered")
    owner = _whose(address) or uuid4()
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
    """What the resident reads: the lines that were asked for, why, and for how long; no more than a mandate could say."""
    months, lasts = AGREEMENT.lengths[request.length]
    return replace(
        AGREEMENT,
        purpose=AskedFor(request.purpose).in_french,
        items=tuple(item for item in AGREEMENT.items if item.required or item.code in request.items),
        months=(months,) if lasts is None else (),
        short=(lasts,) if lasts else (),
    )


def accept(*, request: AccessRequest, by: UUID, terms: Terms, seen: str) -> Mandate:
    """Yes, to all of it or to a part: a new agreement, beside those that this companion has. Answering twice changes nothing.

    Raises:
        NotWaiting
        PermissionDenied: not theirs, or the companion has left their place.
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
    """To the telephone of each person who is there to answer: who asks, for what, how long, and a code to say if they agree. A request to
    nobody, or to somebody without a number, gets a code that nobody knows. Called by the scheduler."""
    return sum(_text_code(key, owner) for key, owner in access_requests.to_text())


def accept_by_code(*, request: AccessRequest, companion: User, code: str) -> Mandate | None:
    """The person said their code: that is their yes, to all that was asked. None: not this code, or it serves no more. Each try is kept.

    Raises:
        PermissionDenied: another companion's request, or they have left their place.
    """
    place = place_of(companion)
    if place is None or place.pk != request.membership_id:
        raise PermissionDenied
    with transaction.atomic(), scope(resident=request.resident_id):
        held = AccessRequest.objects.select_for_update().get(pk=request.pk)
        if not held.waits or held.tries >= CODE_TRIES or held.code_until is None or held.code_until <= timezone.now():
            return None
        held.tries += 1
        right = hmac.compare_digest(_digest(held, "".join(filter(str.isdigit, code))), held.code_hash)
        mandate = _accept_all(held, place) if right else None
        held.save(update_fields=["tries", "answered_at", "grant_id"])
    return mandate


def refuse(*, request: AccessRequest, by: UUID) -> None:
    """No. The companion is not told: to them it waits, then it is over, as if nobody had read it."""
    perms.require_may_write(request.resident_id, by)
    with transaction.atomic(), scope(resident=request.resident_id):
        held = AccessRequest.objects.select_for_update().get(pk=request.pk)
        if held.waits:
            held.answered_at = timezone.now()
            held.save(update_fields=["answered_at"])
            _journal_event(held, by, "access_declined")


def notify_access_requests() -> int:
    """Each resident is told once, in their journal and by a message that names nobody; a request to nobody is only ticked off. Called by
    the scheduler."""
    return sum(_notify_request(key, owner) for key, owner in access_requests.to_notify())


def _whose(address: str) -> UUID | None:
    """One query whatever is found. A number that two residents share leads to neither: nobody knows which one was meant."""
    people = (
        User.objects.filter(pk__in=phones.asked_by(address))
        if sms.E164.match(address)
        else User.objects.signing_in_as(address)
    )
    found = list(people.filter(is_resident=True, is_active=True).values_list("pk", flat=True)[:2])
    return found[0] if len(found) == 1 else None


def _text_code(key: UUID, owner: UUID) -> bool:
    with scope(resident=owner), transaction.atomic():
        held = AccessRequest.objects.to_text().select_for_update(skip_locked=True).filter(pk=key).first()
        if held is None:
            return False
        code = f"{secrets.randbelow(1_000_000):06}"
        held.code_hash, held.code_until = _digest(held, code), timezone.now() + CODE_WAITS
        held.save(update_fields=["code_hash", "code_until"])
        return reminding.text(user_id=owner, template="sharing/email/access_code", said=partial(_in_words, held, code))


def _in_words(request: AccessRequest, code: str) -> dict[str, str]:
    """What the message says, in the language of the moment."""
    lines = join_labels(theirs(request.items))
    return {
        "who": request.label,
        "lines": lines,
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
    with scope(resident=owner), transaction.atomic():
        held = AccessRequest.objects.select_for_update(skip_locked=True).filter(pk=key, told_at=None).first()
        if held is None:
            return False
        held.told_at = timezone.now()
        held.save(update_fields=["told_at"])
        if not User.objects.filter(pk=owner, is_resident=True, is_active=True).exists():
            return False
        _journal_event(held, held.membership_id, "access_asked")
        reminding.text(user_id=owner, template="sharing/email/access_asked")
        return reminding.remind(user_id=owner, template="sharing/email/access_asked", asked=True)


def _journal_event(request: AccessRequest, by: UUID, event: str) -> None:
    journal.write(
        resident_id=request.resident_id, actor_id=by, event=event, purpose=ASKED, details={"recipient": request.label}
    )
