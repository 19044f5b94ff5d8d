"""The watch turned on, looked at, and what it found, for tests."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import time_machine
from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from services.watch.actions import accepting
from services.watch.actions.findings import keep_finding
from services.watch.agreements import AGREEMENT
from services.watch.models import Finding, Watch
from vault.records.actions.notes import unseal_note

ALL = [item.code for item in AGREEMENT.items]


def turned_on(user: User, items: list[str] = ALL) -> Watch:
    return accepting.accept(resident_id=user.pk, by=user.pk, items=items, shown={})


def look() -> int:
    from services.watch.actions import evaluating

    return evaluating.look()


def watch_of(user: User) -> Watch | None:
    with scope(resident=user.pk):
        return Watch.objects.select_related("grant").first()


def findings(user: User) -> list[Finding]:
    with scope(resident=user.pk):
        return list(Finding.objects.order_by("found_at", "pk"))


def note_of(finding: Finding) -> Mapping[str, Any]:
    return unseal_note(resident_id=finding.resident_id, place=finding.note_place, content=bytes(finding.content))


def found(user: User) -> dict[str, Mapping[str, Any]]:
    """Return what the watch found, by the aid's code."""
    return {note["code"]: note for note in map(note_of, findings(user))}


def later(clock: time_machine.Traveller, **ago: float) -> None:
    clock.move_to(timezone.now() + timedelta(**ago))


def a_finding(user: User, code: str = "cantine-qf", **more: Any) -> Finding:
    """Return a right that the watch of this resident found, turning the watch on if need be; the engine is not run."""
    watch = watch_of(user) or turned_on(user)
    note = {
        "kind": "new",
        "code": code,
        "label": "Tarif réduit de la cantine",
        "amount": None,
        "unit": "fois",
        "before": None,
        "why": {"fr": "Le quotient familial est de 650 ou moins", "en": "The family quotient is 650 or less"},
        "causes": [{"cause": "records", "type": "social.quotient_familial"}],
        "answer": "",
    }
    with scope(resident=user.pk):
        return keep_finding(watch, note | more)
