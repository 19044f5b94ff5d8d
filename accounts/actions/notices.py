"""E-mails about nominations and settings of the city: to who governs, and to the agent who is named.

They name nobody and no value: the page says them. A task sends each once, and the scheduler runs it again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.utils import timezone

from accounts.models import CityDecision, Nomination, User
from core.database import locks
from core.messages import mails

LASTS = timedelta(days=7)
LETTERS = {
    "proposed": "account/email/two_proposed",
    "done": "account/email/two_done",
    "over": "account/email/two_over",
}


def tell_soon() -> None:
    """Tell those concerned once the caller's transaction is committed."""
    transaction.on_commit(lambda: current_app.send_task("accounts.tasks.notify_decisions", retry=False), robust=True)


def notify_decisions() -> int:
    """Tell those concerned of what happened since they were last told. Return how many e-mails were sent.

    An error of the mail server is raised: nothing is noted, and the next tick tries again.
    """
    since = timezone.now() - LASTS
    sent = 0
    for key in Nomination.objects.to_tell(since).values_list("pk", flat=True):
        sent += _tell_nomination(key)
    for key in CityDecision.objects.to_tell(since).values_list("pk", flat=True):
        sent += _tell_setting(key)
    return sent


def _tell_nomination(key: UUID) -> int:
    with locks.alone("nomination told", key) as is_free:
        now = timezone.now()
        found = Nomination.objects.to_tell(now - LASTS).select_related("person").filter(pk=key)
        held = found.first() if is_free else None
        if held is None:
            return 0
        state = "over" if held.ended_at else "done" if held.confirmed_at else "proposed"
        when = held.ended_at or held.confirmed_at or held.proposed_at
        return _tell(held, state, now, when=when, also=[held.person])


def _tell_setting(key: UUID) -> int:
    with locks.alone("setting told", key) as is_free:
        now = timezone.now()
        found = CityDecision.objects.to_tell(now - LASTS).filter(pk=key)
        held = found.first() if is_free else None
        if held is None:
            return 0
        state = "proposed" if held.decided_at is None else "done" if held.agreed else "over"
        return _tell(held, state, now, when=held.decided_at or held.proposed_at, also=[])


def tell_governing(letter: str, *, said: Mapping[str, object]) -> None:
    """E-mail those who manage agents and the officer. Errors of the mail server are raised."""
    for one in _governing():
        mails.send(letter, to=[one.email], said=said)


def _governing() -> list[User]:
    """Return who governs now. Every agent is loaded, hence checked: a filter would miss one whose row was changed."""
    return [one for one in User.objects.agents() if one.is_active and (one.is_superuser or one.is_dpo)]


def _tell(held: Nomination | CityDecision, state: str, read_at: datetime, *, when: datetime, also: list[User]) -> int:
    """Tell each, then note when the row was read: what happens while a mail leaves is told by the next tick.

    Whoever governed at the time is told too: one person may have ended their role, or closed their account, since.
    """
    governed = User.objects.agents().filter(pk__in=Nomination.objects.of_who_governed(when).values("person"))
    told = [*_governing(), *governed, *(one for one in also if one.is_active)]
    addresses = sorted({one.email for one in told if one.email})
    for address in addresses:
        mails.send(LETTERS[state], to=[address], said={"is_setting": isinstance(held, CityDecision)})
    type(held).objects.filter(pk=held.pk).update(told_at=read_at)
    return len(addresses)
