"""Read and write what is kept of a resident's last run of the engine."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from core import rows
from services.aids.models import KeptRun
from vault.records import gate
from vault.records.actions import seal_note
from vault.records.actions.records import one_at_a_time
from vault.records.models import Record
from vault.records.values.decrypted import Values

if TYPE_CHECKING:
    from services.aids.engine.kept import Kept


def read(*, resident_id: UUID, purpose: str, fields: Sequence[str]) -> tuple[Values, dict[str, Any] | None]:
    """Return the resident's values and what is kept of their last run. The entry is the same without any.

    A row that the portal did not write as it is, is reported and dropped: nobody needs it, and the engine runs again.
    """
    with scope(resident=resident_id):
        row = KeptRun.objects.first()
    if row is None:
        return gate.read_own(resident_id=resident_id, purpose=purpose, fields=fields), None
    try:
        return gate.read_own_with_note(
            resident_id=resident_id,
            purpose=purpose,
            fields=fields,
            row=row,
            place=row.note_place,
            content=bytes(row.content),
        )
    except rows.Forged as forged:
        rows.report(forged)
    with scope(resident=resident_id):
        KeptRun.objects.filter(pk=row.pk).delete()
    return gate.read_own(resident_id=resident_id, purpose=purpose, fields=fields), None


def keep(*, resident_id: UUID, kept: "Kept", records: Collection[UUID]) -> KeptRun | None:
    """Write over the resident's kept run. It has no entry: it is the working copy of a reading that has one.

    Return None if one of `records` was withdrawn or replaced since they were read.
    """
    with transaction.atomic(), scope(resident=resident_id):
        one_at_a_time(resident_id)
        if Record.objects.current().filter(pk__in=records).count() != len(records):
            return None
        row = KeptRun.objects.select_for_update().first() or KeptRun(resident_id=resident_id)
        row.version, row.made_at = row.version + 1, timezone.now()
        row.content = seal_note(resident_id=resident_id, place=row.note_place, note=kept.note())
        row.save()
    return row
