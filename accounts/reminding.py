"""Short messages inviting a resident to the portal. They name no organisation, paper or value: others may see them."""

from collections.abc import Callable, Mapping
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import override

from accounts.models import User
from core.messages import mails, phones, sms


def remind(*, user_id: UUID, template: str, asked: bool = False, counted: bool = True) -> bool:
    """E-mail `<template>_subject.txt` and `<template>_message.txt`. Return False without an address or consent.

    Sent in both languages, since the user's is unknown.

    Args:
        asked: the user asked for this message, so their setting for reminders is ignored.
        counted: as in `mails.send`.
    """
    user = User.objects.filter(pk=user_id, is_active=True).first()
    wanted = user is not None and (asked or user.reminders_by_email)
    address = (user.contact_email or user.email) if user and wanted else ""
    if not address:
        return False
    mails.send(template, to=[address], counted=counted)
    return True


def text(*, user_id: UUID, template: str, said: Callable[[], Mapping[str, object]] = dict) -> bool:
    """Text `<template>_sms.txt` to the resident's verified number. Return False without a number or if sending failed.

    As short and discreet as an e-mail, because other people see a telephone's screen.
    """
    if not sms.offered() or not User.objects.filter(pk=user_id, is_active=True, is_resident=True).exists():
        return False
    number = phones.number_of(resident_id=user_id)
    if not number:
        return False
    texts = []
    for language in mails.LANGUAGES:
        with override(language):
            texts.append(render_to_string(f"{template}_sms.txt", dict(said())).strip())
    return sms.send(number=number, text=" ".join([*texts, settings.SITE_URL]))
