"""Settings of the city that take two persons: switching urgent access on, and waiting fewer days before deciding."""

from collections.abc import Iterable
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.actions.nominations import require_governs
from accounts.models import CityDecision, User
from accounts.two_persons import GOVERNING
from core.models import City

WAITS = timedelta(days=7)
What = CityDecision.What


class Over(Exception):
    """The proposal was decided, or is older than a week."""


def change(*, what: CityDecision.What, value: int, by: User) -> CityDecision | None:
    """Change a setting, or propose it to a second person. Return the proposal, or None if the change is done.

    Switching urgent access off, and waiting more days, protect residents: one person does it at once.

    Raises:
        PermissionDenied: `by` neither manages agents nor is the officer.
        NotTwo: `by` may not be one of the two.
        ValueError: less than a day.
    """
    require_governs(by)
    if what == What.DAYS and value < 1:
        raise ValueError("less than a day")
    with transaction.atomic():
        now = _value(what, _locked())
        if value == now:
            return None
        if _protects(what, value, now):
            _write(what, value)
            return None
        GOVERNING.require_one(by)
        since = timezone.now() - WAITS
        waiting = CityDecision.objects.waiting(since).filter(what=what, value=value, proposed_by=by).first()
        return waiting or CityDecision.objects.create(what=what, value=value, proposed_by=by)


def change_all(choices: Iterable[tuple[CityDecision.What, int]], *, by: User) -> list[CityDecision | None]:
    """Change several settings, or none of them; returns and raises as `change`."""
    with transaction.atomic():
        return [change(what=what, value=value, by=by) for what, value in choices]


def decide(*, decision: CityDecision, by: User, agree: bool) -> None:
    """Record the second person's answer. If they agree, the setting changes now.

    Raises:
        PermissionDenied, NotTwo
        Over
    """
    require_governs(by)
    with transaction.atomic():
        held = CityDecision.objects.select_for_update().select_related("proposed_by").get(pk=decision.pk)
        if held.decided_at or timezone.now() - held.proposed_at > WAITS:
            raise Over
        if agree:
            require_governs(held.proposed_by)
            GOVERNING.require(held.proposed_by, by)
        elif held.proposed_by == by:
            raise PermissionDenied
        held.decided_by, held.decided_at, held.agreed = by, timezone.now(), agree
        held.save(update_fields=["decided_by", "decided_at", "agreed"])
        if agree:
            _write(What(held.what), held.value)


def _locked() -> City:
    return City.objects.select_for_update().first() or City.current()


def _value(what: CityDecision.What, city: City) -> int:
    return int(city.emergency_access) if what == What.EMERGENCY else city.days_before_deciding


def _protects(what: CityDecision.What, value: int, now: int) -> bool:
    return value < now if what == What.EMERGENCY else value > now


def _write(what: CityDecision.What, value: int) -> None:
    city = _locked()
    if what == What.EMERGENCY:
        city.emergency_access, city.emergency_changed_at = bool(value), timezone.now()
    else:
        city.days_before_deciding = value
    city.save()
