"""A resident's telephone number, for text messages: proved by a code, sealed under their key, used by nothing else."""

from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import journal, sealed
from core.keys import KeyMissing
from core.models import Phone

REACH = gettext_noop("Vous écrire sur votre téléphone")


def keep(*, resident_id: UUID, by: UUID, number: str) -> None:
    """`number` is E.164, and was proved by the caller. It takes the place of the one before."""
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


def number_of(*, resident_id: UUID) -> str:
    """To send to it, or to show it to its resident. Empty: there is none."""
    with scope(resident=resident_id):
        phone = Phone.objects.first()
        if phone is None:
            return ""
        try:
            told: dict[str, str] = sealed.unseal_json(phone.content, resident_id=resident_id, place=phone.place)
        except KeyMissing:
            return ""
    return told["number"]
