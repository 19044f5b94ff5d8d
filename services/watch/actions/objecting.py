"""Refuse the search that the city may make by itself (CRPA L114-8, II), or take that refusal back."""

from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import journal
from core.database import locks
from services.watch import perms
from services.watch.models import Objection

OBJECT: Final = gettext_noop("Refuser que la ville cherche vos droits d’elle-même")


def object_to_search(*, resident_id: UUID, by: UUID) -> Objection:
    """Refuse every search of the city, from now on. Idempotent."""
    perms.require_self(resident_id, by)
    with transaction.atomic(), scope(resident=resident_id):
        locks.hold("objection", resident_id)
        if held := Objection.objects.first():
            return held
        made = Objection.objects.create(resident_id=resident_id)
        journal.write(resident_id=resident_id, actor_id=by, event="search_refused", purpose=OBJECT)
    return made


def take_back(*, resident_id: UUID, by: UUID) -> None:
    """Take the refusal back. Idempotent."""
    perms.require_self(resident_id, by)
    with transaction.atomic(), scope(resident=resident_id):
        locks.hold("objection", resident_id)
        if Objection.objects.exists():
            Objection.objects.all().delete()
            journal.write(resident_id=resident_id, actor_id=by, event="search_allowed", purpose=OBJECT)
