"""Read several residents in one transaction, each under their own grant, for a program that looks at thousands.

What decides for one resident is theirs alone: the locks, the grant, the fields, the head, the key and an entry of
their own journal, written before a value is decrypted. Only the statements are shared: they take most of a reading.

Nothing waits. A resident whose journal or grant somebody holds is left out, and so is one about whom anything is
unusual: the caller reads them alone, which waits, or refuses with an entry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import OperationalError, transaction
from django.utils import timezone
from django_scopes import scope

from core import journal, keys
from core.journal import checkpoints, heads
from core.keys import KeyMissing, sealed
from core.keys.sealed import Box
from core.models.many_rows import check_read, write_together
from core.models.rows import AuthenticatedRow, Forged, check
from vault.records import across
from vault.records.gate import passing_on
from vault.records.gate.building import paths_of
from vault.records.gate.decrypting import UnknownField, decrypt_loaded, require_known
from vault.records.gate.granted_reads import (
    UNUSED_HERE,
    act_of,
    count_read,
    event_of,
    reading_of,
    recipient_refusal,
    why_not,
    why_over,
)
from vault.records.gate.locks import try_locks
from vault.records.models import Grant, GrantField, Record
from vault.records.values.decrypted import Values

#: What makes a reading of several fail, although most of them could be read: each is then read alone.
UNUSUAL = (Forged, KeyMissing, OperationalError, keys.KeyringError, sealed.Unreadable)

Notes = Mapping[str, tuple[AuthenticatedRow, bytes]]
Read = tuple[Values, dict[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class _Taken:
    """A grant that may be read now, as it is under its locks, with all its fields."""

    grant: Grant
    fields: Sequence[str]
    notes: Notes
    box: Box


def read_together(asked: Sequence[tuple[Grant, Notes]]) -> dict[UUID, Read]:
    """Return what `read_with_notes` returns for each of these grants, of different residents, by the grant's id.

    Those left out are to be read alone. Each resident's journal is locked until all are read.
    """
    if not checkpoints.anchored():
        return {}
    try:
        with transaction.atomic(durable=True), keys.read_once():
            ends = try_locks([grant for grant, _notes in asked], journals=True)
            tips = {
                resident_id: heads.Tip(resident_id, end, sealed.box_in(end.key, resident_id=resident_id))
                for resident_id, end in ends.items()
            }
            with heads.holding(*tips.values()):
                return _read(asked, {resident_id: tip.opened for resident_id, tip in tips.items()})
    except UNUSUAL:
        return {}


def _read(asked: Sequence[tuple[Grant, Notes]], boxes: Mapping[UUID, Box]) -> dict[UUID, Read]:
    taken = _take([one for one in asked if one[0].resident_id in boxes], boxes)
    _enter(taken)
    records = across.current_records({one.grant.resident_id: paths_of(one.fields).keys() for one in taken})
    return {one.grant.pk: _decrypted(one, records[one.grant.resident_id]) for one in taken}


def _take(asked: Sequence[tuple[Grant, Notes]], boxes: Mapping[UUID, Box]) -> list[_Taken]:
    """Return those of the grants that may be read now: each is checked as it is under its locks, with its notes."""
    ids = [grant.pk for grant, _notes in asked]
    now, rows = across.grants_now(ids, without=UNUSED_HERE), across.fields_granted(ids)
    taken = []
    for grant, notes in asked:
        found, box, granted = now.get(grant.pk), boxes[grant.resident_id], rows.get(grant.pk, ())
        fields = [field for _pk, _mac, _grant, field in granted]
        try:
            check_read(GrantField, granted, key=box.row_key)
            check(*(row for row, _content in notes.values()), key=box.row_key)
            require_known(fields)
            if why_not(found, box, fields, granted=fields) is None and found and not _is_followed(found):
                taken.append(_Taken(found, fields, notes, box))
        except (Forged, UnknownField):
            continue
    return taken


def _is_followed(grant: Grant) -> bool:
    """Return whether a head follows the use of this grant, such as one for a single reading: it is read alone."""
    return "last_used_at" in grant.followed()


def _enter(taken: Sequence[_Taken]) -> None:
    """Mark the grants as used, and write the entry of each reading."""
    now = timezone.now()
    for one in taken:
        one.grant.last_used_at = now
    write_together([one.grant for one in taken], [one.box.row_key for one in taken], "last_used_at")
    entries = journal.write_together(
        [act_of(one.grant, one.fields, event_of(one.grant, one.fields), one.box, None) for one in taken]
    )
    across.note_readings(
        reading_of(one.grant, entry, fields=one.fields) for one, entry in zip(taken, entries, strict=True)
    )
    for one in taken:
        count_read(one.grant, None)


def _decrypted(one: _Taken, records: Sequence[Record]) -> Read:
    grant, box = one.grant, one.box
    terms = passing_on.terms_for(grant)
    with scope(resident=grant.resident_id):
        values = terms.part(decrypt_loaded(grant.resident_id, records, one.fields, box, keep=terms.allows))
    return values, {
        place: box.unseal_json(content, place=f"note|{place}")
        for place, (_row, content) in one.notes.items()
        if content
    }


def open_together(grants: Sequence[Grant]) -> dict[UUID, Box]:
    """Return the boxes of the residents, by the id of their grant, under each of which something may be done now.

    For who writes what it made of a reading. Call it first in the caller's transaction, until the end of which the
    grants' locks are shared. Those left out are stopped, paused, or locked by somebody.

    Raises:
        KeyMissing
    """
    ends = try_locks(grants, journals=False)
    now = across.grants_now([grant.pk for grant in grants if grant.resident_id in ends], without=UNUSED_HERE)
    return {
        grant.pk: sealed.box_in(ends[grant.resident_id].key, resident_id=grant.resident_id)
        for grant in now.values()
        if grant.resident_id in ends and not (why_over(grant) or recipient_refusal(grant))
    }
