"""Note that a resident's vault changed (`vault.records.changes`). Changes of ten minutes are looked at together."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from services.aids.facts import from_vault
from services.watch.enums import GATHERED
from services.watch.models import Watch

#: The types that the computation of aids reads.
READ: Final = frozenset(name.partition("#")[0] for name in from_vault.FIELDS)


def note_change(resident_id: UUID, types: Collection[str]) -> None:
    """Have the watch look in ten minutes, or with the changes that wait already. Cost: one statement.

    `changes` tells a check that the vault changed after it was read.
    """
    if READ.isdisjoint(types):
        return
    soon = Value(timezone.now() + GATHERED, DateTimeField())
    Watch.objects.filter(resident_id=resident_id).update(
        due_at=Least(Coalesce(F("due_at"), soon), soon), changes=F("changes") + 1
    )
