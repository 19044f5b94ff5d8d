"""Keep an interview in the vault: its answers become declared records, shown before they are written."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop
from django_scopes import scope

from services.aids.interview.chain import Chain
from services.aids.interview.overlay import renamed
from vault import types
from vault.records.actions import Subject, add_record, correct_record
from vault.records.models import Record
from vault.records.values.decrypted import Opened

KEEP: Final = gettext_noop("Garder mes réponses à « Faire le point »")
IDENTITY: Final = "identite.pivot"
FAMILY: Final = "foyer.composition"


@dataclass(frozen=True, slots=True)
class ToWrite:
    """A record to write. `corrects` is the vault's record that it completes."""

    record: Opened
    corrects: Opened | None


def records(chain: Chain) -> tuple[list[ToWrite], list[Opened]]:
    """Return the records to write, and those that cannot be written because their type needs more."""
    found = [ToWrite(record, corrects) for record, corrects in _folded(chain)]
    complete = [one for one in found if not types.validate(one.record.type, _payload(one))]
    return complete, [one.record for one in found if one not in complete]


def _folded(chain: Chain) -> list[tuple[Opened, Opened | None]]:
    """Move a birth date into the household's record: an identity needs a name and a birthplace too."""
    written = chain.overlay.records()
    identity = next((record for record, corrects in written if record.type == IDENTITY and corrects is None), None)
    family = next((record for record, _corrects in written if record.type == FAMILY), None)
    if identity is None or family is None:
        return written
    adults = [dict(adult) for adult in family.payload.get("allocataires") or []]
    if adults:
        adults[0]["date_naissance"] = identity.payload["birthdate"]
    dated = renamed(family, allocataires=adults)
    return [(dated if one is family else one, corrects) for one, corrects in written if one is not identity]


def keep(*, resident_id: UUID, by: UUID, chain: Chain) -> list[Record]:
    """Write the answers as declared records, all or none.

    Raises:
        Invalid: a value is implausible.
        Superseded: another window changed the vault meanwhile.
    """
    complete, _others = records(chain)
    with transaction.atomic(), scope(resident=resident_id):
        return [_write(resident_id, by, one) for one in complete]


def _payload(one: ToWrite) -> dict[str, Any]:
    """Return the whole payload. An empty part, such as an address not asked, never replaces one of the vault."""
    if one.corrects is None:
        return dict(one.record.payload)
    return {**one.corrects.payload, **{name: value for name, value in one.record.payload.items() if value != {}}}


def _write(resident_id: UUID, by: UUID, one: ToWrite) -> Record:
    payload = _payload(one)
    if one.corrects is not None:
        record = Record.objects.get(pk=one.corrects.record_id)
        return correct_record(record=record, by=by, payload=payload, purpose=KEEP)
    return add_record(
        resident_id=resident_id,
        by=by,
        subject=Subject(type=one.record.type, person=one.record.person, role=one.record.role),
        payload=payload,
        in_place=True,
        purpose=KEEP,
    )
