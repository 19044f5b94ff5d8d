"""Load the shipped local aids into the city's table, as versions in force that no agent wrote."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from services.aids import catalogue, local_rules
from services.aids.models import LocalAid, LocalAidCase, State

OWN = ("code", "label", "version", "valid_from", "valid_to", "review_on", "tests")


class Faulty(Exception):
    """A shipped aid whose own cases do not hold."""


def load_local_aids(*, codes: Iterable[str] = catalogue.DEMONSTRATION) -> list[LocalAid]:
    """Write these shipped aids, except those that the city has in the same version or in versions of its own."""
    wanted = set(codes)
    return [write(item) for item in catalogue.local_aids() if item["code"] in wanted]


@transaction.atomic
def write(item: dict[str, Any]) -> LocalAid:
    held = LocalAid.objects.filter(code=item["code"])
    newest = held.aggregate(found=Max("version"))["found"]
    current = held.published().first() or held.order_by("-version").first()
    if current is not None and (newest >= item["version"] or held.filter(shipped=False).exists()):
        return current
    if faults := local_rules.faults(item):
        raise Faulty(item["code"], *faults)
    aid = LocalAid.objects.create(shipped=True, state=State.TESTED, **columns(item))
    write_cases(aid, item["tests"])
    now = timezone.now()
    held.published().update(state=State.CLOSED, closed_at=now, updated_at=now)
    aid.state, aid.published_at = State.PUBLISHED, now
    aid.save(update_fields=["state", "published_at", "updated_at"])
    return aid


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
