"""Drafts: the answers that a resident types, one question per page.

A draft is sealed like a value. At the end it becomes a record, with its journal entry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from core.keys import sealed
from core.models.rows import check
from vault import types
from vault.records import gate, perms
from vault.records.actions.records import (
    ADD,
    CORRECT,
    Source,
    Subject,
    Superseded,
    changed,
    content_of,
    corrected_source,
    journal_record_event,
    one_at_a_time,
    same_subject,
    write,
)
from vault.records.enums import Role
from vault.records.models import Draft, Paper, Record
from vault.records.values import persons, questions
from vault.records.values.decrypted import Values

#: A draft is deleted after this time without a change.
LIFE = timedelta(days=14)


class Replaces(Exception):
    """The vault has another record about the same thing, as far as the answers tell: the resident says which it is."""

    def __init__(self, record: Record) -> None:
        super().__init__(str(record.pk))
        self.record = record


@dataclass(frozen=True)
class DraftOpened:
    """A decrypted draft."""

    answers: Mapping[str, Any]
    names: Sequence[str]
    skipped: Sequence[str]
    unseen: Sequence[str]
    after: str

    @property
    def next_name(self) -> str | None:
        """Return the first question that has no answer, or whose prefilled answer the person has not seen yet."""
        settled = {*self.answers, *self.skipped} - {*self.unseen}
        return next((name for name in self.names if name not in settled), None)


def start_draft(
    *,
    resident_id: UUID,
    by: UUID,
    type: str,
    person: UUID | None = None,
    role: str = Role.SELF,
    paper: Paper | None = None,
    only: Sequence[str] = (),
    answers: Mapping[str, Any] | None = None,
    after: str = "",
) -> Draft:
    perms.require_may_write(resident_id, by)
    names = questions.names(type, role, only)
    content = {
        "answers": dict(answers or {}),
        "names": names,
        "skipped": [],
        "unseen": [*answers] if answers else [],
        "after": after,
    }
    draft = Draft(pk=uuid4(), resident_id=resident_id, type=type, person=person, role=role, paper=paper)
    with transaction.atomic(), scope(resident=resident_id):
        Draft.objects.filter(updated_at__lt=timezone.now() - LIFE).delete()
        _seal(draft, content)
        draft.save(force_insert=True)
    return draft


def open_draft(draft: Draft) -> DraftOpened:
    """Decrypt a draft.

    Write no journal entry: the draft is not in the vault yet, and only the person who types it reads it.

    Raises:
        Forged: what it is, about whom or from which paper is not as the portal wrote it.
    """
    return DraftOpened(**_content(draft))


def answer(*, draft: Draft, by: UUID, name: str, value: Any) -> DraftOpened:  # noqa: ANN401
    """Save one answer, and those that it implies; None skips the question."""
    perms.require_may_write(draft.resident_id, by)
    with transaction.atomic(), scope(resident=draft.resident_id):
        held = Draft.objects.select_for_update().get(pk=draft.pk)
        content = _content(held)
        content["answers"].pop(name, None)
        for settled in ("skipped", "unseen"):
            content[settled] = [other for other in content[settled] if other != name]
        if value is None:
            content["skipped"].append(name)
        else:
            content["answers"] |= {name: value, **questions.implied(held.type, name, value)}
        held.version += 1
        _seal(held, content)
        held.save()
    return DraftOpened(**content)


def finish_draft(*, draft: Draft, by: UUID, replaces: str = "", beside: bool = False) -> Record:
    """Turn the answers into a record.

    They supersede the record about the same thing. Of a type that one has once, its other values stay. Of another one,
    such as incomes, the resident says first whether it is the same: two pensions of one month are two.

    The record takes the id of the draft, so that the same form sent twice finds it.

    Args:
        replaces: the id of the record that the resident agreed to replace.
        beside: the resident said that it is another one.

    Raises:
        Invalid: an answer is missing or implausible; the draft stays.
        Replaces: the draft stays.
        Superseded: the draft was deleted and left no record.
    """
    perms.require_may_write(draft.resident_id, by)
    known = _household(draft)
    with transaction.atomic(), scope(resident=draft.resident_id):
        held = Draft.objects.select_for_update().filter(pk=draft.pk).first()
        if held is None:
            return _finished(draft)
        one_at_a_time(draft.resident_id)
        answers = dict(_content(held)["answers"])
        subject = Subject(type=held.type, person=held.person or held.resident_id, role=held.role)
        if known is not None:
            answers = persons.with_ids(answers, values=known, resident_id=draft.resident_id)
        older = same_subject(subject, answers)
        if older is not None and _may_be_another(older, answers) and str(older.pk) != replaces:
            if not beside:
                raise Replaces(older)
            older = None
        record = _write_typed(held, subject, answers, older)
        event = "record_corrected" if older else "record_added"
        journal_record_event(record, by, event, CORRECT if older else ADD, answers)
        held.delete()
    return record


def drop_draft(*, draft: Draft, by: UUID) -> None:
    perms.require_may_write(draft.resident_id, by)
    with scope(resident=draft.resident_id):
        Draft.objects.filter(pk=draft.pk).delete()


def _may_be_another(older: Record, answers: Mapping[str, Any]) -> bool:
    return not types.get(older.type).rules.single and bool(changed(content_of(older)["payload"], answers))


def _write_typed(draft: Draft, subject: Subject, answers: Mapping[str, Any], older: Record | None) -> Record:
    source = Source(paper_id=draft.paper_id)
    if older is None:
        return write(draft.resident_id, subject, answers, source, older=None, key=draft.pk)
    before = content_of(older)
    payload = {**before["payload"], **answers} if types.get(draft.type).rules.single else answers
    if not changed(before["payload"], payload):
        return older
    kept = corrected_source(older, before, payload)
    source = Source(paper_id=draft.paper_id, origins=kept.origins, quality=kept.quality, proof=kept.proof)
    return write(draft.resident_id, subject, payload, source, older=older, key=draft.pk)


def _finished(draft: Draft) -> Record:
    record = Record.objects.filter(pk=draft.pk).first()
    if record is None:
        raise Superseded
    return record


def _household(draft: Draft) -> Values | None:
    """Return the values needed to give each member of a household a lasting id, or None for another type."""
    if draft.type != persons.HOUSEHOLD:
        return None
    return gate.read_own(resident_id=draft.resident_id, purpose=ADD, fields=persons.FIELDS)


def _content(draft: Draft) -> dict[str, Any]:
    box = sealed.box(resident_id=draft.resident_id)
    check(draft, key=box.row_key)
    content: dict[str, Any] = box.unseal_json(bytes(draft.content), place=draft.place)
    return content


def _seal(draft: Draft, content: Mapping[str, Any]) -> None:
    draft.content = sealed.seal_json(dict(content), resident_id=draft.resident_id, place=draft.place)
