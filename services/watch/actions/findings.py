"""Keep one change that the watch found."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from services.aids import shipping
from services.watch.enums import ASKED_AFTER, Kind, State
from services.watch.models import Finding, Watch
from vault.records.actions import seal_note


def keep_finding(watch: Watch, note: Mapping[str, Any]) -> Finding:
    """Write a finding, in the caller's transaction and in the resident's scope; the caller journals.

    Nobody is sent a message about a discreet aid, nor asked about it: it is on the page, and its row looks like any.
    """
    now = timezone.now()
    quiet = is_discreet(note["code"])
    made = Finding(
        resident_id=watch.resident_id,
        watch=watch,
        state=State.TOLD if quiet else State.FOUND,
        told_at=now if quiet else None,
        asks_on=timezone.localdate(now + ASKED_AFTER) if note["kind"] == Kind.NEW and not quiet else None,
    )
    made.content = seal_note(resident_id=watch.resident_id, place=made.note_place, note=note)
    made.save(force_insert=True)
    return made


def is_discreet(code: str) -> bool:
    """Return whether an aid is only named by situations that send no message, such as violence at home. One query."""
    situations = [row.said for row in shipping.urgent_situations()]
    discreet = {name for one in situations if one.discreet for name in one.dossiers}
    return code in discreet - {name for one in situations if not one.discreet for name in one.dossiers}
