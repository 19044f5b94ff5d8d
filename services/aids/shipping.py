"""Load what comes with the portal into the city's tables, as versions in force that no agent wrote."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db import connection, transaction

from services.aids import catalogue, urgent
from services.aids.local import checking
from services.aids.models import LocalAid, LocalAidCase, UrgentSituation
from services.versions.models import State
from services.versions.shipping import Faulty, kept, put_in_force

NUMBERS = "SELECT nextval(pg_get_serial_sequence('aids_localaidcase', 'id')) FROM generate_series(1, %s)"
OWN = ("code", "label", "title", "version", "valid_from", "valid_to", "review_on", "tests")


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
    if (current := kept(held, item)) is not None:
        return current
    if faults := checking.faults(item):
        raise Faulty(item["code"], *faults)
    aid = LocalAid.objects.create(shipped=True, state=State.TESTED, **columns(item))
    write_cases(aid, item["tests"])
    put_in_force(aid, held)
    return aid


@transaction.atomic
def write_situation(item: dict[str, Any]) -> UrgentSituation:
    held = UrgentSituation.objects.filter(code=item["code"])
    if (current := kept(held, item)) is not None:
        return current
    if faults := urgent.faults(item):
        raise Faulty(item["code"], *faults)
    row = UrgentSituation.objects.create(shipped=True, state=State.TESTED, **situation_columns(item))
    put_in_force(row, held)
    return row


def urgent_situations() -> list[UrgentSituation]:
    """Return the situations in force, in the order of the shipped ones, then by name.

    A shipped one that the city has in no version is among them, without a row: whom to call is never missing.
    """
    found = {row.code: row for row in UrgentSituation.objects.order_by("label").in_force()}
    known = {row.code for row in UrgentSituation.objects.shown().believed()}
    shipped = {item["code"]: item for item in catalogue.urgent_situations()}
    unsaved = {code: _unsaved(item) for code, item in shipped.items() if code not in known}
    first = [found.get(code) or unsaved.get(code) for code in shipped]
    return [*filter(None, first), *(row for code, row in found.items() if code not in shipped)]


def urgent_situation(code: str) -> UrgentSituation | None:
    """Return the situation in force, or the shipped one if the city has no public version of it."""
    rows = list(UrgentSituation.objects.filter(code=code).shown())
    if rows:
        row = next((row for row in rows if row.state == State.PUBLISHED), None)
        if row is not None:
            row.check_published()
        return row
    return next((_unsaved(item) for item in catalogue.urgent_situations() if item["code"] == code), None)


def _unsaved(item: Mapping[str, Any]) -> UrgentSituation:
    return UrgentSituation(shipped=True, state=State.PUBLISHED, **situation_columns(item))


def national_rights() -> list[LocalAid]:
    """Return the national rights in the form of local aids. No row of the database has them."""
    return [LocalAid(shipped=True, state=State.PUBLISHED, **columns(item)) for item in catalogue.national_rights()]


def write_cases(aid: LocalAid, cases: Iterable[Mapping[str, Any]]) -> None:
    made = [LocalAidCase(aid=aid, rank=rank, **case) for rank, case in enumerate(cases, 1)]
    with connection.cursor() as cursor:  # a case's MAC names its number
        cursor.execute(NUMBERS, [len(made)])
        for case, (number,) in zip(made, cursor.fetchall(), strict=True):
            case.pk = number
    LocalAidCase.objects.bulk_create(made)


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
