"""A resident's telephone number for text messages, confirmed by a code and sealed under their key.

Other people can send a request to this number only if the resident accepts it. Until then, no hash of the number is
stored.
"""

import hmac
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_noop
from django_scopes import scope, scopes_disabled

from core import journal
from core.keys import KeyMissing, sealed
from core.models import Phone
from core.models.rows import check

ASKED = gettext_noop("Qu’on puisse vous demander quelque chose par votre numéro")
REACH = gettext_noop("Vous écrire sur votre téléphone")


def keep(*, resident_id: UUID, by: UUID, number: str) -> None:
    """Keep a number in place of the previous one. Requests by this number are not accepted yet.

    Args:
        number: E.164, already confirmed by the caller.
    """
    with transaction.atomic(), scope(resident=resident_id):
        Phone.objects.all().delete()
        phone = Phone(pk=uuid4(), resident_id=resident_id)
        phone.content = sealed.seal_json({"number": number}, resident_id=resident_id, place=phone.place)
        phone.save(force_insert=True)
        journal.write(resident_id=resident_id, actor_id=by, event="phone_kept", purpose=REACH)


def forget(*, resident_id: UUID, by: UUID) -> None:
    with transaction.atomic(), scope(resident=resident_id):
        if Phone.objects.all().delete()[0]:
            journal.write(resident_id=resident_id, actor_id=by, event="phone_forgotten", purpose=REACH)


def accept_requests(*, resident_id: UUID, by: UUID, on: bool) -> None:
    """Accept or refuse requests sent to the resident's number; idempotent."""
    with transaction.atomic(), scope(resident=resident_id):
        phone = Phone.objects.select_for_update().first()
        if phone:
            check(phone)
        lookup = _lookup(_number(phone)) if phone and on else ""
        if phone and phone.lookup != lookup:
            phone.lookup = lookup
            phone.save(update_fields=["lookup"])
            event = "phone_requests_accepted" if on else "phone_requests_ended"
            journal.write(resident_id=resident_id, actor_id=by, event=event, purpose=ASKED)


def accepts_requests(*, resident_id: UUID) -> bool:
    """Return True if requests are accepted under today's secret. A change of secret ends the acceptance."""
    with scope(resident=resident_id):
        phone = Phone.objects.first()
        return phone is not None and bool(phone.lookup) and phone.lookup == _lookup(_number(phone))


def asked_by(number: str) -> QuerySet[Phone, UUID]:
    """Return the residents who accept requests by this number, as a lazy query that looks the same for any number.

    Args:
        number: E.164.
    """
    with scopes_disabled():
        return Phone.objects.filter(lookup=_lookup(number)).values_list("resident_id", flat=True)


def number_of(*, resident_id: UUID) -> str:
    """Return the resident's number, to send to it or show it to them, or an empty string."""
    with scope(resident=resident_id):
        phone = Phone.objects.first()
        return _number(phone) if phone else ""


def _number(phone: Phone) -> str:
    try:
        check(phone, locked=False)
        content: dict[str, str] = sealed.unseal_json(phone.content, resident_id=phone.resident_id, place=phone.place)
    except KeyMissing:
        return ""
    return content["number"]


def _lookup(number: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), b"telephone|" + number.encode(), "sha256").hexdigest()
