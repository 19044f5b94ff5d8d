"""Keep one change that the watch found."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.utils import timezone

from services.aids import shipping
from services.procedures import finding
from services.watch.enums import ASKED_AFTER, Kind
from services.watch.models import Finding, Watch
from vault.records.actions import seal_note


def keep_finding(watch: Watch, note: Mapping[str, Any]) -> Finding:
    """Write a finding, in the caller's transaction and in the resident's scope; the caller journals.

    Nobody is sent a message about a discreet aid (`telling.py`). Its row is as any: nothing here depends on that.
    """
    asks_on = timezone.localdate(timezone.now() + ASKED_AFTER) if note["kind"] == Kind.NEW else None
    made = Finding(resident_id=watch.resident_id, watch=watch, asks_on=asks_on)
    sealed = {**note, "dossier": str(uuid4())}
    made.content = seal_note(resident_id=watch.resident_id, place=made.note_place, note=sealed)
    made.save(force_insert=True)
    return made


def is_discreet(code: str) -> bool:
    """Return whether only situations that send no message, such as violence at home, name the procedure that applies
    for an aid. Two queries at most.
    """
    situations = [row.said for row in shipping.urgent_situations()]
    discreet = {name for one in situations if one.discreet for name in one.dossiers}
    others = {name for one in situations if not one.discreet for name in one.dossiers}
    return bool({code, finding.applying(code)} & discreet - others)
