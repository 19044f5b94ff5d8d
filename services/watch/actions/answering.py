"""What a resident does with a finding: open it, answer the one question."""

from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import journal
from core.models.rows import check
from services.watch import perms
from services.watch.enums import Answer, Kind, State
from services.watch.models import Finding
from vault.records import gate
from vault.records.actions.notes import seal_note, unseal_note

OPEN: Final = gettext_noop("Voir ce que votre veille a trouvé")
ANSWER: Final = gettext_noop("Dire si vous avez demandé une aide")


class NoQuestion(Exception):
    """The right did not appear, or its watch was stopped: there is nothing to ask for."""


def open_findings(*, resident_id: UUID, by: UUID, findings: list[Finding]) -> list[dict[str, Any]]:
    """Return what each finding says, through the gate, with one entry. They are seen from now on."""
    perms.require_self(resident_id, by)
    for one in findings:
        perms.require_owner(one, by)
    if not findings:
        return []
    notes = {one.note_place: bytes(one.content) for one in findings}
    found = gate.own_notes(resident_id=resident_id, purpose=OPEN, notes=notes, event="watch_opened")
    with scope(resident=resident_id):
        unseen = [one.pk for one in findings if one.seen_at is None]
        if unseen:
            Finding.objects.filter(pk__in=unseen).update(seen_at=timezone.now())
    return [found[one.note_place] for one in findings]


def answer(*, finding: Finding, by: UUID, said: Answer) -> Finding:
    """Keep the answer to "did you ask for it?". It may be changed, and nothing is asked again.

    Raises:
        NoQuestion
    """
    perms.require_owner(finding, by)
    with transaction.atomic(), scope(resident=by):
        # First: a stop takes the journal before the rows too.
        journal.write(resident_id=by, actor_id=by, event="watch_answered", purpose=ANSWER)
        held = Finding.objects.select_for_update().filter(pk=finding.pk).first()
        if held is None:
            raise NoQuestion
        check(held)
        note = unseal_note(resident_id=by, place=held.note_place, content=bytes(held.content))
        if note["kind"] != Kind.NEW:
            raise NoQuestion
        held.version += 1
        held.content = seal_note(resident_id=by, place=held.note_place, note=note | {"answer": said.value})
        held.state, held.answered_at, held.asks_on = State.ANSWERED, timezone.now(), None
        held.told_at = held.told_at or held.answered_at
        held.save()
    return held
