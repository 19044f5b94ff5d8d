"""Grants: give, pause, shorten, narrow or stop one.

Each verb takes effect at once, writes a journal entry and signs a receipt.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import get_language

from core import journal, rows
from core.journal import heads
from core.models import JournalEntry
from vault.records import across, gate, perms
from vault.records.actions.notes import seal_note
from vault.records.enums import GrantChannel, GrantState, Happened, Mode
from vault.records.grants import agreements, documents, lines, receipts, recipients
from vault.records.grants.agreements import Agreement, Item
from vault.records.grants.recipient_names import recipient_name, seal_name
from vault.records.grants.terms import Terms
from vault.records.models import Grant, GrantDocument, GrantEvent, GrantField, GrantPaper, GrantWrite, Paper
from vault.records.models.grant import LONGEST
from vault.types.spans import add_months


class NothingChosen(ValueError):
    """An agreement needs at least one value, paper or document."""


class Changed(Exception):
    """The vault differs from what the page showed: no value leaves that the resident did not see."""


@dataclass(frozen=True)
class Recipient:
    """The recipient of a grant.

    `label` is what the resident reads when they agree; it stays, even if the recipient changes its name. `name` is the
    name typed by the resident; it is kept sealed, and then the label is the same for all recipients of this kind.
    """

    kind: str
    id: UUID
    label: str
    subject_id: UUID | None = None
    name: str = ""


def give(*, resident_id: UUID, by: UUID, agreement: Agreement, recipient: Recipient, terms: Terms) -> Grant:
    """Give a grant. It replaces the former grant to this recipient for this agreement.

    Call it in the caller's transaction and in the resident's scope.

    Raises:
        NothingChosen
        ValueError: a length or a mode that the agreement does not offer, or a paper or document that the resident has
            not kept.
        KeyError: no app registers this kind of recipient.
    """
    perms.require_may_write(resident_id, by)
    return _give(resident_id, by, agreement, recipient, terms, "grant_given")


def give_at_desk(*, resident_id: UUID, by: UUID, agreement: Agreement, recipient: Recipient, terms: Terms) -> Grant:
    """Give a grant to a resident who agrees in front of the agent `by`, aloud or in writing, during a desk visit.

    Only the actions of a desk visit call this.
    """
    if terms.channel not in {GrantChannel.SPOKEN, GrantChannel.DESK}:
        raise ValueError("it was not said at the desk")
    return _give(resident_id, by, agreement, recipient, terms, "granted_at_desk")


def open_in_emergency(
    *, resident_id: UUID, by: UUID, agreement: Agreement, recipient: Recipient, terms: Terms
) -> Grant:
    """Give a grant without the resident, once a second agent has agreed. Only `actions.emergency` calls this."""
    if terms.channel != GrantChannel.EMERGENCY:
        raise ValueError("an emergency says that it is one")
    return _give(resident_id, by, agreement, recipient, terms, "emergency_opened")


def _give(resident_id: UUID, by: UUID, agreement: Agreement, recipient: Recipient, terms: Terms, event: str) -> Grant:
    recipients.get(recipient.kind)
    chosen = agreement.chosen(terms.items)
    fields = {field_id: item.required for item in chosen for field_id in item.fields}
    if not fields and not terms.papers and not terms.documents and not terms.writes and not agreement.typed:
        raise NothingChosen
    if not _offered(agreement, terms):
        raise ValueError("not offered")
    gate.require_known(fields)
    _end_former(resident_id, recipient, agreement)
    grant = _grant(resident_id, agreement, recipient, terms, chosen)
    GrantField.objects.bulk_create(
        GrantField(resident_id=resident_id, grant=grant, field=field_id, required=required)
        for field_id, required in fields.items()
    )
    GrantPaper.objects.bulk_create(
        GrantPaper(resident_id=resident_id, grant=grant, paper_id=paper_id) for paper_id in terms.papers
    )
    GrantDocument.objects.bulk_create(
        GrantDocument(resident_id=resident_id, grant=grant, document_id=key) for key in terms.documents
    )
    GrantWrite.objects.bulk_create(
        GrantWrite(resident_id=resident_id, grant=grant, type=type_code) for type_code in dict.fromkeys(terms.writes)
    )
    note(grant, Happened.GIVEN, grant.starts_at)
    journal_grant_event(grant, by, event, list(fields), count=len(terms.papers) + len(terms.documents))
    return grant


def pause(*, grant: Grant, by: UUID, event: str = "grant_paused") -> Grant:
    """Pause a grant. After this returns, no read succeeds until it is resumed. Its end does not move. Idempotent."""
    perms.require_may_write(grant.resident_id, by)
    with _changing(grant):
        if grant.stands and grant.paused_at is None:
            grant.paused_at = timezone.now()
            grant.save(update_fields=["paused_at"])
            note(grant, Happened.PAUSED, grant.paused_at)
            journal_grant_event(grant, by, event)
    return grant


def resume(*, grant: Grant, by: UUID) -> Grant:
    """Resume a paused grant, with its former terms. An expired or stopped grant stays so."""
    perms.require_may_write(grant.resident_id, by)
    with _changing(grant):
        if grant.state == GrantState.PAUSED:
            grant.paused_at = None
            grant.save(update_fields=["paused_at"])
            note(grant, Happened.RESUMED, timezone.now())
            journal_grant_event(grant, by, "grant_resumed")
    return grant


def shorten(*, grant: Grant, by: UUID, ends_at: datetime) -> Grant:
    """Set an earlier end. A later end needs another agreement.

    Raises:
        ValueError: the new end is not earlier, or already past; to end a grant now, stop it.
    """
    perms.require_may_write(grant.resident_id, by)
    with _changing(grant):
        if not grant.stands or ends_at == grant.ends_at:
            return grant
        if not max(timezone.now(), grant.starts_at) < ends_at < grant.ends_at:
            raise ValueError("not earlier")
        grant.ends_at = ends_at
        grant.save(update_fields=["ends_at"])
        note(grant, Happened.SHORTENED, timezone.now())
        journal_grant_event(grant, by, "grant_shortened")
    return grant


def take_out(*, grant: Grant, by: UUID, line: str) -> Grant:
    """Take one line out of a grant, by its code (`lines.lines_of`). After this returns, nothing of it is read.

    Idempotent. The line comes back by another agreement only.

    Raises:
        ValueError: without this line nothing would remain, or the recipient could do nothing; stop the grant.
    """
    perms.require_may_write(grant.resident_id, by)
    with _changing(grant):
        there = lines.lines_of(grant)
        found = next((one for one in there if one.code == line), None)
        if found is None or not grant.stands:
            return grant
        if not lines.may_take_out(grant, found, there):
            raise ValueError("the whole ends instead")
        things = [UUID(id) for id in found.ids if id not in {*found.fields, *found.writes}]
        GrantField.objects.filter(grant=grant, field__in=found.fields).delete()
        GrantPaper.objects.filter(grant=grant, paper__in=things).delete()
        GrantDocument.objects.filter(grant=grant, document_id__in=things).delete()
        written = [code.removeprefix(agreements.WRITE) for code in found.writes]
        GrantWrite.objects.filter(grant=grant, type__in=written).delete()
        grant.taken_away = [*grant.taken_away, *found.ids]
        grant.save(update_fields=["taken_away"])
        journal_grant_event(grant, by, "grant_narrowed", found.fields, count=len(things))
        _forget(grant)
        note(grant, Happened.NARROWED, timezone.now(), found.ids)
    return grant


def stop(*, grant: Grant, by: UUID) -> Grant:
    """Stop a grant for good. After this returns, no read under it succeeds. Idempotent."""
    perms.require_may_write(grant.resident_id, by)
    return _stop(grant, by, "grant_stopped")


def stop_at_desk(*, grant: Grant, by: UUID) -> Grant:
    """Stop a grant for a resident who asks the agent `by` during a desk visit. Only the visit's actions call this."""
    return _stop(grant, by, "grant_stopped_at_desk")


def give_back(*, grant: Grant, by: UUID) -> Grant:
    """Stop a grant at the request of its recipient. Idempotent."""
    if grant.recipient_id != by:
        raise PermissionDenied
    return _stop(grant, by, "grant_given_back", Happened.RETURNED)


def revoke(*, grant: Grant) -> Grant:
    """End a grant to a recipient that the city no longer allows. Idempotent.

    Only the app of its kind of recipient calls this, once the city has decided it for good.
    """
    return _stop(grant, grant.resident_id, "grant_revoked", Happened.REVOKED)


def end(grant: Grant, at: datetime) -> None:
    """End a grant, and delete what its recipient made of the values.

    Call it under the grant's lock, in its resident's scope.
    """
    grant.stopped_at = at
    grant.save(update_fields=["stopped_at"])
    _forget(grant)


def close_over(grant: Grant) -> None:
    """End an expired grant, so that another one of the same kind can be given.

    Leave a stopped grant as it is. Call it as `end`.
    """
    if grant.stopped_at is None:
        end(grant, grant.ends_at)


def close_expired_grants() -> int:
    """Close each expired grant once, with a receipt, and delete what its recipient made of the values.

    Also note the grants that a parting ended: they are dated at the end of a month, and noted then. The scheduler
    calls this.
    """
    over, parted = across.grants_to_close(), across.parted_grants_to_note()
    return rows.each(_close_expired_grant, over) + rows.each(_note_parted, parted)


def receipt(event: GrantEvent) -> str:
    """Return the receipt of an event; sign it now if no key could sign it then. Return "" if there is still no key.

    Call it in the resident's scope.

    Raises:
        Forged: the portal did not write an event without a receipt as it is.
    """
    if not event.receipt and Happened(event.happened).has_receipt:
        rows.check(event)
        event.receipt = receipts.issue(event, event.grant, receipts.fields_at(event))
        event.save(update_fields=["receipt"])
    return event.receipt


def note(grant: Grant, happened: Happened, at: datetime, taken: Sequence[str] = ()) -> GrantEvent:
    """Write one event in the grant's own history, with its receipt.

    Call it in the caller's transaction and in the resident's scope.
    """
    event = GrantEvent(
        pk=uuid4(),
        resident_id=grant.resident_id,
        grant=grant,
        happened=happened,
        at=at,
        ends_at=grant.ends_at,
        lines=list(taken),
    )
    if happened.has_receipt:
        event.receipt = receipts.issue(event, grant, receipts.fields_of(grant.pk))
    event.save(force_insert=True)
    recipients.tell(event)
    return event


def journal_grant_event(
    grant: Grant, by: UUID, event: str, fields: Sequence[str] = (), *, count: int = 0
) -> JournalEntry:
    """Write a journal entry about a grant. `count` is the number of papers and documents, beside the fields."""
    details = {"recipient": recipient_name(grant), "grant": str(grant.pk), "mode": grant.mode} | (
        {"count": str(count)} if count else {}
    )
    return journal.write(
        resident_id=grant.resident_id,
        actor_id=by,
        event=event,
        purpose=grant.purpose,
        fields=fields,
        details=details,
        ground=journal.Ground.EMERGENCY if grant.in_emergency and by != grant.resident_id else None,
    )


def _stop(grant: Grant, by: UUID, event: str, happened: Happened = Happened.STOPPED) -> Grant:
    with _changing(grant):
        if grant.stands:
            now = timezone.now()
            end(grant, now)
            journal_grant_event(grant, by, event)
            note(grant, happened, now)
    return grant


@contextmanager
def _changing(grant: Grant) -> Iterator[None]:
    """Take the grant's exclusive lock, read its row again and check it.

    A change waits for running reads, and new reads wait for the change. A grant that somebody only made look over in
    the database is not taken for one that is over: they would write it back.

    Raises:
        Forged: the grant is not as the portal wrote it last.
    """
    with gate.locked_exclusively(grant):
        grant.refresh_from_db()
        rows.check(grant)
        yield


def _forget(grant: Grant) -> None:
    agreement = agreements.of(grant)
    if agreement is not None:
        agreement.ended(grant)


def _close_expired_grant(grant: Grant) -> bool:
    with _changing(grant):
        if GrantEvent.objects.filter(grant=grant, happened=Happened.OVER).exists():
            return False
        if grant.ends_at <= timezone.now():
            close_over(grant)  # stored, so that a clock that goes back does not make it active again
        else:
            _forget(grant)
        note(grant, Happened.OVER, min(grant.ends_at, timezone.now()))
        journal_grant_event(grant, grant.resident_id, "grant_over")
    return True


def _note_parted(grant: Grant) -> bool:
    """Note that a parting stopped the grant.

    Its resident's journal gets its entry from `household.learn_of_partings`.
    """
    with _changing(grant):
        ended = GrantEvent.objects.filter(grant=grant, happened__in=[one for one in Happened if one.ends])
        if grant.stopped_at is None or ended.exists():
            return False
        note(grant, Happened.STOPPED, grant.stopped_at)
    return True


def _offered(agreement: Agreement, terms: Terms) -> bool:
    kinds = list(Paper.objects.kept().filter(pk__in=terms.papers).values_list("kind", flat=True))
    papers = len(kinds) == len(terms.papers) and agreement.takes_papers(kinds)
    known = {document.id for document in documents.held()} if terms.documents else set()
    made = set(terms.documents) <= known and (agreement.free or not terms.documents)
    return papers and made and agreement.offers(terms)


def _end_former(resident_id: UUID, recipient: Recipient, agreement: Agreement) -> None:
    """End the former grant for the same. The head knows it, whatever somebody wrote in its row."""
    same = {
        "recipient_kind": recipient.kind,
        "recipient_id": recipient.id,
        "subject_id": recipient.subject_id,
        "agreement": agreement.code,
    }
    gate.lock_exclusively(Grant.objects.filter(**same))
    now = timezone.now()
    for grant in heads.live(resident_id, Grant):
        if any(getattr(grant, name) != value for name, value in same.items()):
            continue
        if grant.stands:
            end(grant, now)
            note(grant, Happened.REPLACED, now)
        else:
            close_over(grant)


def _grant(
    resident_id: UUID, agreement: Agreement, recipient: Recipient, terms: Terms, chosen: Sequence[Item]
) -> Grant:
    language = get_language() or "fr"
    now = timezone.now()
    grant = Grant(
        pk=uuid4(),
        resident_id=resident_id,
        recipient_kind=recipient.kind,
        recipient_id=recipient.id,
        recipient_label=recipient.label,
        subject_id=recipient.subject_id,
        agreement=agreement.code,
        purpose=agreement.purpose,
        mode=terms.mode,
        keep_days=agreement.keep_days if terms.mode == Mode.KEEP else None,
        once=terms.once,
        at_most_every=agreement.at_most_every,
        channel=terms.channel,
        notice_version=agreement.version,
        notice_hash=agreement.notice_hash(language),
        language=language,
        starts_at=now,
        ends_at=_end(now, terms),
    )
    grant.recipient_name = seal_name(grant, recipient.name)
    grant.snapshot = seal_note(
        resident_id=resident_id, place=grant.place, note=_as_read(agreement, recipient, terms, chosen)
    )
    grant.save(force_insert=True)
    return grant


def _as_read(agreement: Agreement, recipient: Recipient, terms: Terms, chosen: Sequence[Item]) -> dict[str, Any]:
    """Return the text of the page in the language in which it was read: every item, chosen or not, with the values
    displayed.
    """
    items = [
        {
            "label": str(item.label),
            "shown": terms.shown.get(item.code, ""),
            "required": item.required,
            "chosen": item in chosen,
        }
        for item in agreement.items
    ]
    kinds = set(Paper.objects.filter(pk__in=terms.papers).values_list("kind", flat=True)) if agreement.papers else ()
    items += [
        {
            "label": str(paper.label),
            "shown": terms.shown.get(paper.kind, ""),
            "required": paper.required,
            "chosen": paper.kind in kinds,
        }
        for paper in agreement.papers
    ]
    items += [
        {"label": str(one.label), "shown": "", "required": False, "chosen": one.type in terms.writes}
        for one in agreement.writes
    ]
    return {
        "title": str(agreement.title),
        "words": agreement.rendered_words(recipient.name or recipient.label),
        "items": items,
        **_length(terms),
    }


def _length(terms: Terms) -> dict[str, str | int]:
    if terms.until:
        return {"until": terms.until.isoformat()}
    return {"lasts": str(terms.lasts)} if terms.lasts else {"months": terms.months}


def _end(now: datetime, terms: Terms) -> datetime:
    """Return the end of a grant. Twelve months of a leap year, out of summer time, would last an hour too long."""
    end = terms.until or (now + terms.lasts if terms.lasts else months_later(now, terms.months))
    return min(end, now + LONGEST) if end - now <= LONGEST + timedelta(hours=1) else end


def months_later(start: datetime, months: int) -> datetime:
    """Return the same hour of the same day, some months later by the calendar."""
    local = timezone.localtime(start)
    return timezone.make_aware(datetime.combine(add_months(local.date(), months), local.time()))
