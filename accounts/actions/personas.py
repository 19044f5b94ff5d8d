"""Personas: fictional residents whom developers play in the sandbox. They have a vault and no credentials."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from core import journal, residents


def open_persona(*, id: UUID, name: str) -> tuple[User, bool]:
    """Return the persona of this number, and whether they were just made, with their key and journal.

    Raises:
        ValueError: the number is a real account's.
    """
    with transaction.atomic():
        known = User.objects.select_for_update().filter(pk=id).first()
        if known is not None:
            if not known.is_persona:
                raise ValueError("a real account")
            return known, False
        user = User.objects.create_user(pk=id, name=name, is_resident=True, is_persona=True, reminders_by_email=False)
        residents.prepare(resident_id=user.pk)
        journal.write(resident_id=user.pk, actor_id=user.pk, event="vault_opened", purpose="Ouvrir le coffre")
    return user, True
