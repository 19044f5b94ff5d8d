"""Short messages inviting a resident to the portal. They name no organisation, paper or value: others may see them."""

from collections.abc import Callable, Mapping
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Model, QuerySet
from django.template.loader import render_to_string
from django.utils.translation import override

from accounts.models import User
from core.database import locks
from core.messages import mails, phones, sms
from core.models.rows import AuthenticatedRow, check

Row = TypeVar("Row", bound=Model)


def once(
    kind: str, key: UUID, due: QuerySet[Row], *, send: Callable[[Row], bool], note: Callable[[Row], object]
) -> bool:
    """Send what the row `due` is about, then note it. Return what `send` returned; False if there is nothing to send.

    No row is locked and no transaction is open while a message leaves: a mail server may hang. Two schedulers send one
    message. One that fails is tried again at the next tick, since nothing was noted. `note` gets the row read again,
    under its lock, if it is still due.

    Raises:
        Forged: the portal did not write the row as it is; nothing is sent.
    """
    with locks.alone(kind, key) as is_free:
        row = due.first() if is_free else None
        if row is None:
            return False
        if isinstance(row, AuthenticatedRow):
            check(row, locked=False, ended=bool(row.decides.ends))
        sent = send(row)
        with transaction.atomic():
            held = due.select_for_update(of=("self",)).first()
            if held is not None:
                note(held)
    return sent


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
