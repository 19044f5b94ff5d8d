"""Refer a subject, write an opinion, answer it. All three are public at once, and none ever changes."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from accounts.models import User
from campaigns.panel import perms, standing, subjects
from campaigns.panel.actions import volunteers
from campaigns.panel.actions.panels import ANNOUNCING, KIND
from campaigns.panel.draw import sha256_of_text
from campaigns.panel.enums import LONGEST_READING, SHORTEST_READING, Decision, Stance, State
from campaigns.panel.models import Answer, Opinion, Panel, Referral
from campaigns.panel.subjects import Subject
from core import journal
from core.database import locks
from core.journal import register
from vault.records.perms import require_may_write

OPINE = gettext_noop("Donner un avis au panel des habitants")


class NotNow(Exception):
    """No panel sits, the last day is over, or it is written already."""


def refer(*, by: User, subject: str, question: str, last_day: date, now: datetime | None = None) -> Referral:
    """Ask the panel that sits about a subject.

    Args:
        subject: the value of a `Subject`.

    Raises:
        PermissionDenied: `by` is no agent, or may not refer this subject, or it does not exist.
        ValueError: no question, or the last day is out of bounds.
        NotNow: no panel sits, or it ends before the last day.
    """
    perms.require_agent(by)
    now = now or timezone.now()
    found = _subject(by, subject)
    days = last_day - timezone.localdate(now)
    if not question.strip() or not SHORTEST_READING <= days <= LONGEST_READING:
        raise ValueError("out of bounds")
    with transaction.atomic():
        locks.hold(KIND, ANNOUNCING)
        panel = standing.sitting(now)
        if panel is None or last_day > panel.ends_on:
            raise NotNow
        asked = {"question": question.strip(), "last_day": last_day, "by": by}
        made = Referral.objects.create(number=_next_number(), panel=panel, **_frozen(found), **asked)
        _note(made, "panel_referred", {"kind": found.kind.value, "last_day": last_day.isoformat()})
    return made


def opine(*, resident_id: UUID, by: UUID, referral: Referral, stance: Stance, reasons: str) -> Opinion:
    """Publish the opinion of a member, once, under their chosen name or their rank.

    Raises:
        PermissionDenied: not their vault, or they do not sit.
        ValueError: no reasons.
        NotNow
    """
    require_may_write(resident_id, by)
    with transaction.atomic(), scope(resident=resident_id):
        panel = _held(referral)
        entry = volunteers.own_entry(panel)
        row = volunteers.volunteer(panel, entry.number) if entry else None
        if row is None or row.state != State.SITS:
            raise PermissionDenied
        said = {"member": standing.ranks(panel)[row.number], "name": row.name}
        made = _publish(referral, panel, stance, reasons, **said)
        journal.write(resident_id=resident_id, actor_id=by, event="panel_opinion", purpose=OPINE)
    return made


def opine_for_association(*, by: User, referral: Referral, stance: Stance, reasons: str) -> Opinion:
    """Publish the opinion of the association that a companion works for, once.

    Raises:
        PermissionDenied: their organisation is not named beside this panel.
        ValueError: no reasons.
        NotNow
    """
    with transaction.atomic():
        panel = _held(referral)
        organisation = perms.require_association(by, panel).organisation
        return _publish(referral, panel, stance, reasons, organisation=organisation, name=organisation.name)


def answer(*, by: User, referral: Referral, opinions: Sequence[UUID], decision: Decision, words: str) -> list[Answer]:
    """Answer some opinions of a referral with the same words.

    Raises:
        PermissionDenied: `by` is no agent.
        ValueError: no words, or no opinion.
        NotNow: one of them is answered already, or is about something else.
    """
    perms.require_agent(by)
    if not words.strip() or not opinions:
        raise ValueError("say something, to somebody")
    with transaction.atomic():
        locks.hold(KIND, referral.panel_id)
        waiting = {one.pk: one for one in standing.unanswered(referral)}
        if not {*opinions} <= {*waiting}:
            raise NotNow
        made = [
            Answer.objects.create(opinion=waiting[one], decision=decision, words=words.strip(), by=by)
            for one in dict.fromkeys(opinions)
        ]
        content = {"opinions": [str(one.opinion_id) for one in made], "decision": decision.value}
        _note(referral, "panel_answered", content | {"sha256": sha256_of_text(words.strip())})
    return made


def _subject(by: User, value: str) -> Subject:
    found = subjects.find(by, value)
    if found is None:
        raise PermissionDenied
    return found


def _frozen(subject: Subject) -> dict[str, Any]:
    """Return the columns of a referral that keep its subject as it is today."""
    names = ("kind", "title", "title_en", "content")
    return {"subject_id": subject.id} | {name: getattr(subject, name) for name in names}


def _next_number() -> int:
    """Return the number of the next referral. Requires the lock."""
    return (Referral.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def _held(referral: Referral) -> Panel:
    """Hold the panel of a referral, so that nobody leaves it meanwhile, and return it as it is now."""
    locks.hold(KIND, referral.panel_id)
    return Panel.objects.get(pk=referral.panel_id)


def _publish(referral: Referral, panel: Panel, stance: Stance, reasons: str, **author: Any) -> Opinion:
    if not reasons.strip():
        raise ValueError("say why")
    now = timezone.now()
    whose = {name: author.get(name) for name in ("member", "organisation")}
    is_open = panel.sits(now) and timezone.localdate(now) <= referral.last_day
    if not is_open or Opinion.objects.filter(referral=referral, **whose).exists():
        raise NotNow
    made = Opinion.objects.create(referral=referral, stance=stance, reasons=reasons.strip(), at=now, **author)
    said = {"stance": stance.value, "sha256": sha256_of_text(made.reasons), "opinion": str(made.pk)}
    named = {"association": made.name} if made.member is None else {"member": made.member}
    _note(referral, "panel_opinion", said | named)
    return made


def _note(referral: Referral, event: str, content: dict[str, Any]) -> None:
    """Write the register's entry: hashes of words, and no name that a resident chose."""
    about = {"referral": referral.number, "title": referral.title, "panel": referral.panel.number}
    register.write(kind=KIND, subject_id=referral.pk, event=event, content=about | content)
