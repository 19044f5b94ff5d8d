"""Contests: a resident contests an entry of their journal; the city's data protection officer reads and answers.

The officer sees only what the resident sent: the text of the entry, which names data but contains no value, and a
message.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override
from django_scopes import scope

from accounts import reminding
from accounts.models import User
from core import journal, rows
from core.messages import mails
from core.models import City
from core.models.rows import check
from core.templatetags.civic import long_date
from vault.journal import across, perms, sentences
from vault.journal.models import Contest
from vault.records import gate
from vault.records.actions.notes import seal_note, unseal_note
from vault.records.perms import require_may_write

CONTEST = gettext_noop("Contester une ligne de votre journal")
#: GDPR, article 12(3): one month, counted in days.
DELAY = timedelta(days=30)
LONGEST = 2000


class Over(Exception):
    """The contest was withdrawn or answered."""


def contest_line(*, resident_id: UUID, by: UUID, entry_id: UUID, message: str) -> Contest:
    """Contest an entry. If it has an open contest already, return that one with its first message.

    Raises:
        PermissionDenied: the journal is another resident's, or has no such entry.
    """
    require_may_write(resident_id, by)
    entry = journal.find(resident_id=resident_id, entry_id=entry_id)
    if entry is None:
        raise PermissionDenied
    with transaction.atomic(), scope(resident=resident_id):
        contest = Contest(
            resident_id=resident_id, entry_id=entry_id, number=entry.number, due_on=timezone.localdate() + DELAY
        )
        contest.content = seal_note(
            resident_id=resident_id,
            place=contest.place,
            note={"line": as_sent(entry, resident_id), "message": message[:LONGEST], "answer": ""},
        )
        Contest.objects.bulk_create([contest], ignore_conflicts=True)
        kept = Contest.objects.open().get(entry_id=entry_id)
        if kept.pk == contest.pk:
            _journal_event(kept, by, "contest_sent")
            transaction.on_commit(_notify_officer, robust=True)
    return kept


def withdraw_contest(*, contest: Contest, by: UUID) -> Contest:
    """Withdraw the contest and erase its message. Idempotent.

    Raises:
        Over: the contest was answered.
    """
    require_may_write(contest.resident_id, by)
    with transaction.atomic(), scope(resident=contest.resident_id):
        held = Contest.objects.select_for_update().get(pk=contest.pk)
        check(held)
        if held.answered_at is not None:
            raise Over
        if held.withdrawn_at is None:
            held.withdrawn_at, held.content = timezone.now(), b""
            held.save(update_fields=["withdrawn_at", "content"])
            _journal_event(held, by, "contest_withdrawn")
    return held


def open_contest(contest: Contest) -> dict[str, Any]:
    """Decrypt the contest for its resident, through the gate.

    Raises:
        Forged: the portal did not write it as it is.
    """
    check(contest)
    return gate.own_note(
        resident_id=contest.resident_id,
        purpose=CONTEST,
        place=contest.place,
        content=bytes(contest.content),
        event="contest_opened",
    )


def read_contest(*, contest: Contest, by: User) -> dict[str, Any]:
    """Decrypt the contest for the officer, through the gate, with an entry in the resident's journal.

    Raises:
        PermissionDenied: `by` is not the officer.
        Over: the contest was withdrawn.
        Forged: the portal did not write it as it is.
    """
    perms.require_may_answer_contests(by)
    check(contest)
    if contest.withdrawn_at is not None:
        raise Over
    return gate.sent_note(
        resident_id=contest.resident_id,
        reader=by.pk,
        purpose=CONTEST,
        place=contest.place,
        content=bytes(contest.content),
        event="contest_read",
    )


def answer_contest(*, contest: Contest, by: User, answer: str) -> Contest:
    """Record the answer, which cannot change later. `notify_contest_answers` notifies the resident at the next tick.

    Raises:
        PermissionDenied: `by` is not the officer.
        Over: the contest was withdrawn or answered.
    """
    perms.require_may_answer_contests(by)
    with transaction.atomic(), scope(resident=contest.resident_id):
        held = Contest.objects.select_for_update().get(pk=contest.pk)
        check(held)
        if held.withdrawn_at is not None or held.answered_at is not None:
            raise Over
        note = unseal_note(resident_id=held.resident_id, place=held.place, content=bytes(held.content))
        held.version += 1
        held.content = seal_note(
            resident_id=held.resident_id, place=held.place, note=note | {"answer": answer[:LONGEST]}
        )
        held.answered_at, held.answered_by = timezone.now(), by.pk
        held.save()
        journal.write(
            resident_id=held.resident_id,
            actor_id=by.pk,
            event="contest_answered",
            purpose=CONTEST,
            ground=journal.Ground.OWN,
            means=journal.Means.ADMIN,
        )
    return held


def notify_contest_answers() -> int:
    """Notify each resident once that there is an answer; retried if sending fails. Called by the scheduler."""
    return rows.each(_notify_answer, across.answers_to_notify())


def as_sent(entry: journal.Line, resident_id: UUID) -> dict[str, Any]:
    """Return the entry as the officer will read it, in French whatever the resident's language."""
    with override("fr"):
        text = sentences.present_entry(entry, sentences.paper_kinds([entry]), resident_id)
        when = _("%(day)s à %(at)s") % {"day": long_date(entry.at), "at": text.at}
        return {
            "number": entry.number,
            "when": when,
            "sentence": text.sentence,
            "why": text.why,
            "fields": sentences.by_type(entry.fields),
        }


def _notify_answer(answered: Contest) -> bool:
    resident_id = answered.resident_id

    def tell(_contest: Contest) -> bool:
        return reminding.remind(user_id=resident_id, template="journal/email/contest_answered", asked=True)

    def note(held: Contest) -> None:
        held.told_at = timezone.now()
        held.save(update_fields=["told_at"])

    with scope(resident=resident_id):
        due = Contest.objects.filter(pk=answered.pk, told_at=None)
        return reminding.once("contest answered", answered.pk, due, send=tell, note=note)


def _journal_event(contest: Contest, by: UUID, event: str) -> None:
    details = {"line": str(contest.number)}
    journal.write(resident_id=contest.resident_id, actor_id=by, event=event, purpose=CONTEST, details=details)


def _notify_officer() -> None:
    """E-mail the officer, without any content of the contest. Their list shows it even if the e-mail fails."""
    context = {"admin_url": f"{settings.SITE_URL}/admin/"}
    mails.send("journal/email/contest_sent", to=[City.current().dpo_email], said=context, languages=mails.FRENCH)
