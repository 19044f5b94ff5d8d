"""Load what comes with the portal into the city's tables, as versions in force that no agent wrote."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from services.aids import catalogue, urgent
from services.aids.local import checking
from services.aids.models import LocalAid, LocalAidCase, State, UrgentSituation

V = TypeVar("V", bound=LocalAid | UrgentSituation)
OWN = ("code", "label", "title", "version", "valid_from", "valid_to", "review_on", "tests")


class Faulty(Exception):
    """A shipped aid whose own cases do not hold, or a situation that may not be published."""


def load_local_aids(*, codes: Iterable[str] = catalogue.DEMONSTRATION) -> list[LocalAid]:
    """Write these shipped aids, except those that the city has in the same version or in versions of its own."""
    wanted = set(codes)
    return [write(item) for item in catalogue.local_aids() if item["code"] in wanted]


def load_urgent_situations() -> list[UrgentSituation]:
    """Write the shipped urgent situations, as `load_local_aids` writes aids."""
    return [write_situation(item) for item in catalogue.urgent_situations()]


@transaction.atomic
def write(item: dict[str, Any]) -> LocalAid:
    held = LocalAid.objects.filter(code=item["code"])
    if (current := _stays(held, item)) is not None:
        return current
    if faults := checking.faults(item):
        raise Faulty(item["code"], *faults)
    aid = LocalAid.objects.create(shipped=True, state=State.TESTED, **columns(item))
    write_cases(aid, item["tests"])
    _put_in_force(aid, held)
    return aid


@transaction.atomic
def write_situation(item: dict[str, Any]) -> UrgentSituation:
    held = UrgentSituation.objects.filter(code=item["code"])
    if (current := _stays(held, item)) is not None:
        return current
    if faults := urgent.faults(item):
        raise Faulty(item["code"], *faults)
    row = UrgentSituation.objects.create(shipped=True, state=State.TESTED, **situation_columns(item))
    _put_in_force(row, held)
    return row


def _stays(held: QuerySet[V], item: Mapping[str, Any]) -> V | None:
    """Return the city's version if it is as new as the shipped one, or if agents wrote one."""
    newest = held.aggregate(found=Max("version"))["found"]
    current = held.filter(state=State.PUBLISHED).first() or held.order_by("-version").first()
    kept = current is not None and (newest >= item["version"] or held.filter(shipped=False).exists())
    return current if kept else None


def _put_in_force(row: V, held: QuerySet[V]) -> None:
    now = timezone.now()
    held.filter(state=State.PUBLISHED).update(state=State.CLOSED, closed_at=now, updated_at=now)
    row.state, row.published_at = State.PUBLISHED, now
    row.save(update_fields=["state", "published_at", "updated_at"])


def urgent_situations() -> list[UrgentSituation]:
    """Return the situations in force, in the order of the shipped ones, then by name.

    A shipped one that the city has in no version is among them, without a row: whom to call is never missing.
    """
    rows = list(UrgentSituation.objects.order_by("label"))
    found = {row.code: row for row in rows if row.state == State.PUBLISHED}
    known = {row.code for row in rows if row.is_frozen}
    shipped = {item["code"]: item for item in catalogue.urgent_situations()}
    unsaved = {code: _unsaved(item) for code, item in shipped.items() if code not in known}
    first = [found.get(code) or unsaved.get(code) for code in shipped]
    return [*filter(None, first), *(row for code, row in found.items() if code not in shipped)]


def urgent_situation(code: str) -> UrgentSituation | None:
    """Return the situation in force, or the shipped one if the city has no public version of it."""
    rows = list(UrgentSituation.objects.filter(code=code).shown())
    if rows:
        return next((row for row in rows if row.state == State.PUBLISHED), None)
    return next((_unsaved(item) for item in catalogue.urgent_situations() if item["code"] == code), None)


def _unsaved(item: Mapping[str, Any]) -> UrgentSituation:
    return UrgentSituation(shipped=True, state=State.PUBLISHED, **situation_columns(item))


def national_rights() -> list[LocalAid]:
    """Return the national rights in the form of local aids. No row of the database has them."""
    return [LocalAid(shipped=True, state=State.PUBLISHED, **columns(item)) for item in catalogue.national_rights()]


def write_cases(aid: LocalAid, cases: Iterable[Mapping[str, Any]]) -> None:
    LocalAidCase.objects.bulk_create(LocalAidCase(aid=aid, rank=rank, **case) for rank, case in enumerate(cases, 1))


def columns(item: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a version, of the format that files have."""
    return {
        "code": item["code"],
        "label": item["label"],
        "version": item["version"],
        "valid_from": date.fromisoformat(item["valid_from"]),
        "valid_to": date.fromisoformat(item["valid_to"]) if item.get("valid_to") else None,
        "review_on": date.fromisoformat(item["review_on"]),
        "rules": {name: value for name, value in item.items() if name not in OWN},
    }


def situation_columns(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a version of an urgent situation, of the format that the content file has."""
    return {
        "code": item["code"],
        "label": item["title"],
        "version": item["version"],
        "review_on": date.fromisoformat(item["review_on"]),
        "rules": {name: value for name, value in item.items() if name not in OWN},
    }
