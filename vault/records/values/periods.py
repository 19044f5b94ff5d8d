"""The time that a payload is about, and the end of its validity, from its own fields."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from vault import types
from vault.records.models import PaperKind
from vault.types import measure_blocks
from vault.types.spans import Span, add_months, month_end, read_day, read_moment

#: The day on which a thing happened or began. A type has at most one of these fields.
_DAYS = ("date_versement", "date_operation", "date", "periode_debut")


def period_of(payload: Mapping[str, Any]) -> Span[datetime]:
    """Return the time of a payload: the income year of a notice, the month of a payslip, the time of a trip.

    Return an empty span for an impossible year.
    """
    try:
        return _period_of(payload)
    except (ValueError, OverflowError):
        return Span()


def validity_of(type_code: str, payload: Mapping[str, Any], today: date | None = None) -> Span[date]:
    """Return the last day on which the values count for a request; an empty span if no field limits it."""
    try:
        return _validity_of(type_code, payload, today or timezone.localdate())
    except (ValueError, OverflowError):
        return Span()


def _period_of(payload: Mapping[str, Any]) -> Span[datetime]:
    if isinstance(year := payload.get("annee_revenus"), int):
        return _span(date(year, 1, 1), date(year, 12, 31))
    if isinstance(month := payload.get("mois"), str) and len(month) == 7:
        return _month(int(month[:4]), int(month[5:]))
    if isinstance(payload.get("mois"), int) and isinstance(payload.get("annee"), int):
        return _month(payload["annee"], payload["mois"])
    if start := read_moment(payload.get("horodate") or payload.get("debut")):
        return _from(start, payload)
    first = next(filter(None, (read_day(payload.get(name)) for name in _DAYS)), None)
    return _span(first, max(first, read_day(payload.get("periode_fin")) or first)) if first else Span()


def _from(start: datetime, payload: Mapping[str, Any]) -> Span[datetime]:
    """Return the time of a trip, a measure or a series: until its end, or as long as its steps."""
    if isinstance(values := payload.get("valeurs"), list) and isinstance(step := payload.get("pas_s"), int):
        return Span(start, start + timedelta(seconds=step * len(values)))
    return Span(start, max(start, read_moment(payload.get("fin")) or start))


def _validity_of(type_code: str, payload: Mapping[str, Any], today: date) -> Span[date]:
    validity = types.get(type_code).rules.validity
    if validity.years_after_income and isinstance(payload.get("annee_revenus"), int):
        return Span(None, date(payload["annee_revenus"] + validity.years_after_income, 12, 31))
    if validity.months_after and {"annee", "mois"} <= payload.keys():
        return Span(None, month_end(add_months(date(payload["annee"], payload["mois"], 1), validity.months_after)))
    if validity.school_year and (end := _school_year_end(payload, today)):
        return Span(None, end)
    return Span(None, read_day(payload.get(validity.until)))


def month_of(type_code: str, payload: Mapping[str, Any]) -> str:
    """Return the local month of a record of data, such as `2026-03`; "" if it has no time."""
    if types.get(type_code).rules.blocks:
        return measure_blocks.month_of(payload)
    written = moment_of(type_code, payload)
    try:
        return (
            written[:7]
            if len(written) <= len("2026-03-04")
            else f"{timezone.localtime(datetime.fromisoformat(written)):%Y-%m}"
        )
    except (ValueError, OverflowError):
        return written[:7]


def moment_of(type_code: str, payload: Mapping[str, Any]) -> str:
    """Return the day or time that a record of data is about, as written in it."""
    return str(payload.get(types.get(type_code).rules.moment) or "")


def months_of(type_code: str, payload: Mapping[str, Any], exact: Span[datetime]) -> Span[datetime]:
    """Return the whole months of a record of data.

    The hour of a trip, or the day of a payment, is never stored in plaintext.
    """
    try:
        start = _local_month(month_of(type_code, payload))
        last = timezone.localtime(exact.end - timedelta(seconds=1)) if exact.end else start
        after = _local_month(f"{add_months(max(start, last).date().replace(day=1), 1):%Y-%m}")
    except (ValueError, OverflowError):
        return Span()
    return Span(start, after - timedelta(seconds=1))


def _local_month(month: str) -> datetime:
    return timezone.make_aware(datetime.strptime(month, "%Y-%m"))


def _school_year_end(payload: Mapping[str, Any], today: date) -> date | None:
    written = str(payload.get("annee_scolaire", ""))[:4]
    if written.isdecimal():
        return date(int(written) + 1, 8, 31)
    return date(today.year + (today.month >= 8), 8, 31) if payload else None


def _month(year: int, month: int) -> Span[datetime]:
    first = date(year, month, 1)
    return _span(first, month_end(first))


def _span(first: date, last: date) -> Span[datetime]:
    return Span(_start(first), _start(last + timedelta(days=1)) - timedelta(seconds=1))


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


def issued_on(records: Sequence[Mapping[str, Any]]) -> date | None:
    return next((day for record in records if (day := read_day(record["provenance"].get("issued_at")))), None)


def expires_on(records: Sequence[Mapping[str, Any]], kind: PaperKind | None, issued_on: date | None) -> date | None:
    written = [read_day(record["payload"].get(name)) for record in records for name in ("date_fin", "date_fin_droit")]
    return next(filter(None, written), None) or (kind.expiry(issued_on) if kind else None)


def about(records: Sequence[Mapping[str, Any]]) -> str:
    """Return what distinguishes two papers of a kind: the year after a notice's income, the month of a payslip."""
    payload: Mapping[str, Any] = records[0]["payload"] if records else {}
    if isinstance(payload.get("annee_revenus"), int):
        return str(payload["annee_revenus"] + 1)
    month = payload.get("mois")
    return month if isinstance(month, str) else ""
