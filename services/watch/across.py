"""Queries across residents for the watch: which watches are due, and to whom something is to be said.

No page has what they return, and nothing here counts: the city learns neither who has the watch nor how many.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django_scopes import scopes_disabled

from services.watch.enums import GATHERED, KEPT, State
from services.watch.models import Finding, Watch

#: For how long a worker has the watches that it took. Longer than a batch takes, so that only a dead one loses them.
LEASE = timedelta(minutes=10)
#: When a watch whose reading failed is tried again: nobody has one for longer.
LATER = timedelta(minutes=30)


#: When this process began to look.
STARTED = timezone.now()


@dataclass(frozen=True, slots=True)
class LawMark:
    """What decides an outcome beside the values: `city`, the month and the city's own aids; `code`, what this version
    of the portal brings: the engine, the law's parameters, the national rights in force, which changed at `since`.
    """

    LENGTH: ClassVar = 31

    city: str
    code: str
    since: datetime

    def __str__(self) -> str:
        return f"{self.city}:{self.code}"

    def is_past(self) -> Q:
        """Return which watches were looked at under another law.

        Of another `code`, only those looked at before this process began, or before a national right came into force
        or ended: two versions that run beside each other during an upgrade would otherwise read each watch again each
        minute.
        """
        before = Q(checked_at=None) | Q(checked_at__lt=max(STARTED, self.since)) | Q(checked_at__gt=timezone.now())
        other = ~Q(law=str(self)) & before
        return ~Q(law__startswith=f"{self.city}:") | other


def claim(count: int, *, law: LawMark) -> list[Watch]:
    """Take the watches that are due: after a change of the vault, or another month, law or aid.

    Two workers share them. A watch that is paused waits until it is resumed. A time that is further away than any that
    the portal writes is none: no MAC covers these columns, so somebody else may have written it. What they hide, the
    first look of the next month finds.
    """
    now = timezone.now()
    due_now = Q(due_at__lte=now) | Q(due_at__gt=now + GATHERED) | law.is_past()
    free = Q(taken_until=None) | Q(taken_until__lte=now) | Q(taken_until__gt=now + LATER)
    with scopes_disabled(), transaction.atomic():
        due = Watch.objects.filter(due_now, free)
        due = due.filter(grant__stopped_at=None, grant__paused_at=None, grant__ends_at__gt=now)
        order = F("due_at").asc(nulls_last=True)
        taken = due.order_by(order, "pk").select_for_update(of=("self",), skip_locked=True)[:count]
        ids = list(taken.values_list("pk", flat=True))
        Watch.objects.filter(pk__in=ids).update(taken_until=now + LEASE)
        found = Watch.objects.filter(pk__in=ids).select_related("grant").defer("grant__snapshot")
        return list(found.order_by(order, "pk"))


def open_findings(watches: Sequence[Watch]) -> dict[UUID, list[Finding]]:
    """Return the findings whose question is still to come or to answer, by the watch's id."""
    found: dict[UUID, list[Finding]] = {}
    with scopes_disabled():
        for row in Finding.objects.filter(watch__in=watches, asks_on__isnull=False):
            found.setdefault(row.watch_id, []).append(row)
    return found


def held(watches: Sequence[Watch]) -> list[Watch]:
    """Return these watches as they are now, locked, in the caller's transaction, without those that somebody holds."""
    with scopes_disabled():
        found = Watch.objects.filter(pk__in=[one.pk for one in watches]).order_by("pk")
        return list(found.select_for_update(of=("self",), skip_locked=True))


def nothing_new(watches: Sequence[Watch], *, law: LawMark) -> None:
    """Note that these watches were looked at, and that nothing changed. A change of the vault since stays due."""
    now = timezone.now()
    with scopes_disabled(), transaction.atomic():
        Watch.objects.filter(pk__in=[one.pk for one in watches]).update(checked_at=now, law=str(law), taken_until=None)
        for one in watches:
            if one.due_at is not None:
                Watch.objects.filter(pk=one.pk, changes=one.changes).update(due_at=None)


def put_back(watch: Watch, *, until: datetime) -> None:
    """Give back a watch that could not be looked at; it is tried again from `until` on."""
    with scopes_disabled():
        Watch.objects.filter(pk=watch.pk).update(taken_until=until)


def residents_to_tell(state: State, *, by: datetime) -> list[UUID]:
    """Return the residents who have findings in a state that a message ends: found, or asked about since.

    A watch that is paused, or over, says nothing.
    """
    with scopes_disabled():
        found = Finding.objects.filter(state=state, watch__grant__stopped_at=None, watch__grant__paused_at=None)
        found = found.filter(watch__grant__ends_at__gt=by)
        if state == State.TOLD:
            found = found.filter(asks_on__lte=timezone.localdate(by))
        return list(found.order_by("resident_id").values_list("resident_id", flat=True).distinct())


def residents_left_midway(*, before: datetime) -> list[UUID]:
    """Return the residents whose message was under way when its worker was killed."""
    with scopes_disabled():
        telling = Q(state=State.TELLING, told_at__lte=before) | Q(state=State.ASKING, asked_at__lte=before)
        found = Finding.objects.filter(telling).order_by("resident_id")
        return list(found.values_list("resident_id", flat=True).distinct())


def delete_old_findings() -> int:
    """Delete what was found a year ago: the watch may last longer, given again. Return how many."""
    with scopes_disabled():
        return Finding.objects.filter(found_at__lt=timezone.now() - KEPT).delete()[0]


def is_any() -> bool:
    """Return whether a watch is on, so that its worker is needed. It says nothing more."""
    with scopes_disabled():
        return Watch.objects.exists()
