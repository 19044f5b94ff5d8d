"""The API's answers, as JSON."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from certification.access import details
from certification.access.models import Client
from vault import types
from vault.holders import across
from vault.holders.enums import LineOutcome
from vault.holders.models import Connection, Lot, Sender
from vault.records.enums import Happened
from vault.records.grants import agreements
from vault.records.models import Grant, GrantEvent, GrantPaper
from vault.records.values.decrypted import Opened, Values, walk
from vault.sharing.models import ErasureRequest

#: The name of each event of a grant, for services. A reminder to the resident is not theirs to know.
EVENTS = {
    Happened.GIVEN: "consent.given",
    Happened.PAUSED: "consent.paused",
    Happened.RESUMED: "consent.resumed",
    Happened.SHORTENED: "consent.changed",
    Happened.NARROWED: "consent.changed",
    Happened.STOPPED: "consent.withdrawn",
    Happened.REPLACED: "consent.replaced",
    Happened.RETURNED: "consent.returned",
    Happened.REVOKED: "consent.withdrawn",
    Happened.OVER: "consent.expired",
}


def fields(grant: Grant, asked: Sequence[str], values: Values) -> dict[str, Any]:
    """Return the values of each field, newest first. A field without any has an empty list."""
    return {"grant": str(grant.pk), "fields": [_field(field_id, values) for field_id in asked]}


def grant(found: Grant, client: Client) -> dict[str, Any]:
    """Return what the resident agreed to. No value. Call it in the resident's scope."""
    papers = GrantPaper.objects.filter(grant=found).select_related("paper").order_by("pk")
    every = found.at_most_every
    return {
        "id": str(found.pk),
        "purpose": str(details.purpose_of(found)),
        "title": found.purpose,
        "state": found.state.value,
        "mode": found.mode,
        "keep_days": found.keep_days,
        "at_most_every_seconds": int(every.total_seconds()) if every else None,
        "starts_at": _moment(found.starts_at),
        "ends_at": _moment(found.ends_at),
        "notice": {"version": found.notice_version, "sha256": found.notice_hash, "language": found.language},
        "fields": [_described(field_id) for field_id in sorted(agreements.fields_of(found))],
        "documents": [{"id": str(one.paper_id), "kind": one.paper.kind} for one in papers],
        "writes": agreements.writes_of(found),
        "environment": client.environment,
    }


def event(found: GrantEvent) -> dict[str, Any]:
    return {
        "id": str(found.pk),
        "type": EVENTS[Happened(found.happened)],
        "at": _moment(found.at),
        "grant": str(found.grant_id),
        "ends_at": _moment(found.ends_at),
        "removed": found.lines,
    }


def erasure(found: ErasureRequest, sub: str) -> dict[str, Any]:
    """Return a request to erase what a service received, which names its resident as the service knows them."""
    return {
        "id": str(found.pk),
        "type": "erasure.requested",
        "grant": str(found.grant_id),
        "sub": sub,
        "purpose": str(details.purpose_of(found.grant)),
        "cause": found.cause,
        "fields": found.fields,
        "paper_kinds": found.papers,
        "asked_at": _moment(found.created_at),
        "due_at": _moment(found.due_at),
        "answer": found.answer or None,
        "answered_at": _moment(found.answered_at),
    }


def connection(found: Connection, sender: Sender, sub: str) -> dict[str, Any]:
    """Return what a resident accepted of a holder, and the name by which it knows them."""
    return {
        "sub": sub,
        "types": [code for code in found.datasets if code in sender.types],
        "rhythm": sender.rhythm,
        "until": found.expires_on.isoformat(),
    }


def lot(found: Lot) -> dict[str, Any]:
    """Return what became of a lot: counts, and refused lines by number. Never a value."""
    sealed = across.outcomes_of(found)
    late = [[number, outcome] for number, outcome in sealed if outcome not in {"", LineOutcome.WRITTEN}]
    return {
        "id": str(found.pk),
        "state": "done" if found.finished_at else "writing",
        "received_at": _moment(found.created_at),
        "finished_at": _moment(found.finished_at),
        "signed": found.signed,
        "lines": found.lines,
        "written": sum(outcome == LineOutcome.WRITTEN for _number, outcome in sealed),
        "waiting": sum(not outcome for _number, outcome in sealed),
        "refused": [{"line": number, "code": code} for number, code in sorted([*found.refused, *late])],
    }


def _field(field_id: str, values: Values) -> dict[str, Any]:
    code, _hash, pointer = field_id.partition("#/")
    steps = pointer.split("/")
    found = [(record, walk(record.payload, steps)) for record in reversed(values.of_type(code))]
    return _described(field_id) | {
        "values": [_value(record, steps[0], value) for record, value in found if value is not None]
    }


def _described(field_id: str) -> dict[str, Any]:
    known = types.field(field_id)
    return {"field": field_id, "kind": known.kind, "unit": known.unit or None}


def _value(record: Opened, name: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - a payload's value
    origin = record.origin(name)
    return {
        "value": value,
        "holder": origin.holder,
        "assurance": origin.assurance,
        "method": origin.method,
        "retrieved_at": _moment(origin.at),
        "issued_at": _moment(origin.issued_at),
        "period": {"start": _moment(record.period.start), "end": _moment(record.period.end)},
        "valid": {"from": _moment(record.validity.start), "until": _moment(record.validity.end)},
    }


def _moment(value: datetime | date | None) -> str | None:
    """Return a date, or a moment in UTC: that of a row just written may be in the city's time."""
    if isinstance(value, datetime):
        value = value.astimezone(UTC)
    return value.isoformat() if value else None
