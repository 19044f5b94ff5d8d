"""A resident contests a line of their journal; the city's data protection officer reads what they sent, and answers.

What the officer sees is what the resident sent for it: the line as the journal tells it, names of data and never a value, and a message.
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
from core import journal
from core.messages import mails
from core.models import City
from core.templatetags.civic import long_date
from vault.journal import across, perms, sentences
from vault.journal.models import Contest
from vault.records import gate
from vault.records.actions.notes import seal_note, unseal_note
from vault.records.perms import require_may_write

CONTEST = gettext_noop("Contester une ligne de votre journal")
#: Article 12(3) of the GDPR: one month, told in days.
DELAY = timedelta(days=30)
LONGEST = 2000


class Over(Exception):
    """It was withdrawn or answered meanwhile."""


def contest_line(*, resident_id: UUID, by: UUID, entry_id: UUID, message: str) -> Contest:
    """A line that is contested already keeps its contest, and its first message.

    Raises:
        PermissionDenied: not theirs, or no such line.
    """
    require_may_write(resident_id, by)
    line = journal.find(resident_id=resident_id, entry_id=entry_id)
    if line is None:
        raise PermissionDenied
    with transaction.atomic(), scope(resident=resident_id):
        contest = Contest(
            resident_id=resident_id, entry_id=entry_id, number=line.number, due_on=timezone.localdate() + DELAY
        )
        contest.content = seal_note(
            resident_id=resident_id,
            place=contest.place,
            note={"line": as_sent(line, resident_id), "message": message[:LONGEST], "answer": ""},
        )
        Contest.objects.bulk_create([contest], ignore_conflicts=True)
        kept = Contest.objects.open().get(entry_id=entry_id)
        if kept.pk == contest.pk:
            _journal_event(kept, by, "contest_sent")
            transaction.on_commit(_write_to_officer, robust=True)
    return kept


def withdraw_contest(*, contest: Contest, by: UUID) -> Contest:
    """The message is erased. Withdrawing twice changes nothing; what was answered stays.

    Raises:
        Over: there is an answer.
    """
    require_may_write(contest.resident_id, by)
    with transaction.atomic(), scope(resident=contest.resident_id):
        held = Contest.objects.select_for_update().get(pk=contest.pk)
        if held.answered_at is not None:
            raise Over
        if held.withdrawn_at is None:
            held.withdrawn_at, held.content = timezone.now(), b""
            held.save(update_fields=["withdrawn_at", "content"])
            _journal_event(held, by, "contest_withdrawn")
    return held


def open_contest(contest: Contest) -> dict[str, Any]:
    """For its resident, through the gate."""
    return gate.own_note(
        resident_id=contest.resident_id,
        purpose=CONTEST,
        place=contest.place,
        content=bytes(contest.content),
        event="contest_opened",
    )


def read_contest(*, contest: Contest, by: User) -> dict[str, Any]:
    """For the officer, through the gate: the resident's journal says that it was read.

    Raises:
        PermissionDenied: `by` is not the officer.
        Over: it was withdrawn.
    """
    perms.require_may_answer_contests(by)
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
    """Once: the answer does not change any more. The resident is told at the next tick (`notify_contest_answers`).

    Raises:
        PermissionDenied: `by` is not the officer.
        Over: it was withdrawn, or answered already.
    """
    perms.require_may_answer_contests(by)
    with transaction.atomic(), scope(resident=contest.resident_id):
        held = Contest.objects.select_for_update().get(pk=contest.pk)
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
    """Tell each resident once that there is an answer. Called by the scheduler; a mail server that is down is tried again."""
    return sum(_notify_answer(key, resident_id) for key, resident_id in across.answers_to_notify())


def as_sent(line: journal.Line, resident_id: UUID) -> dict[str, Any]:
    """The line as its resident sees it and as the officer will: in French, whoever writes."""
    with override("fr"):
        told = sentences.present_entry(line, sentences.paper_kinds([line]), resident_id)
        when = _("%(day)s à %(at)s") % {"day": long_date(line.at), "at": told.at}
        return {
            "number": line.number,
            "when": when,
            "sentence": told.sentence,
            "why": told.why,
            "fields": sentences.by_type(line.fields),
        }


def _notify_answer(key: UUID, resident_id: UUID) -> bool:
    with scope(resident=resident_id), transaction.atomic():
        held = Contest.objects.select_for_update(skip_locked=True).filter(pk=key, told_at=None).first()
        if held is None:
            return False
        held.told_at = timezone.now()
        held.save(update_fields=["told_at"])
        return reminding.remind(user_id=resident_id, template="journal/email/contest_answered", asked=True)


def _journal_event(contest: Contest, by: UUID, event: str) -> None:
    details = {"line": str(contest.number)}
    journal.write(resident_id=contest.resident_id, actor_id=by, event=event, purpose=CONTEST, details=details)


def _write_to_officer() -> None:
    """Without a word of what is contested; their list has it, whether this arrives or not."""
    said = {"admin_url": f"{settings.SITE_URL}/admin/"}
    mails.send("journal/email/contest_sent", to=[City.current().dpo_email], said=said, languages=mails.FRENCH)
