"""Short messages that call a resident back to the portal. They name no organisation, no paper and no figure: a mailbox may be shared."""

from collections.abc import Callable, Mapping
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import override

from accounts.models import User
from core.messages import mails, phones, sms


def remind(*, user_id: UUID, template: str, asked: bool = False) -> bool:
    """Send `<template>_subject.txt` and `<template>_message.txt`; False when this person wants no such message, or has no address.
    `asked`: they asked for this very message, whatever they said of reminders.

    Nobody is there to say in which language: both are sent.
    """
    user = User.objects.filter(pk=user_id, is_active=True).first()
    wanted = user is not None and (asked or user.reminders_by_email)
    address = (user.contact_email or user.email) if user and wanted else ""
    if not address:
        return False
    mails.send(template, to=[address])
    return True


def text(*, user_id: UUID, template: str, said: Callable[[], Mapping[str, object]] = dict) -> bool:
    """Send `<template>_sms.txt` to the number that a resident has proved; False when there is none, or it was not sent. As short and as
    silent as a mail: the screen of a telephone is read by others.
    """
    if not sms.offered() or not User.objects.filter(pk=user_id, is_active=True, is_resident=True).exists():
        return False
    number = phones.number_of(resident_id=user_id)
    if not number:
        return False
    told = []
    for language in mails.LANGUAGES:
        with override(language):
            told.append(render_to_string(f"{template}_sms.txt", dict(said())).strip())
    return sms.send(number=number, text=" ".join([*told, settings.SITE_URL]))
