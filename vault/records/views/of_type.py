"""All the records of one type: data year by year with sums, then one month's rows; other values page by page."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max, Min
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SignedInRequest
from core.templatetags.civic import month as month_words
from vault import types
from vault.records import actions, gate, wording
from vault.records.models import RecordQuerySet
from vault.records.presenting import data
from vault.records.presenting import values as rows
from vault.records.values import listing, persons, summaries
from vault.records.values.decrypted import Opened, Values
from vault.records.values.periods import moment_of
from vault.types.spans import Span

SHOW = gettext_noop("Afficher des données de votre coffre")
A_PAGE = 20
LINES = 50
ORIGINS = 5
OLDEST_YEAR = 1900


@require_safe
def of_type(request: SignedInRequest, type_code: str) -> HttpResponse:
    records = _records(type_code)
    if type_code not in types.data_codes():
        return _values(request, type_code, records)
    month = _asked_month(request)
    return _month(request, type_code, month) if month else _year(request, type_code, records)


@require_http_methods(["GET", "POST"])
def withdraw(request: SignedInRequest, type_code: str) -> HttpResponse:
    count = _records(type_code).count()
    if type_code not in types.data_codes():
        raise Http404
    if request.method == "POST":
        actions.withdraw_data(resident_id=request.user.pk, by=request.user.pk, type_code=type_code)
        messages.success(request, _("Ces données sont retirées de votre coffre."))
        return redirect("records:home")
    context = {"type": types.get(type_code), "counted": data.counted(type_code, count)}
    return render(request, "records/withdraw_data.html", context)


def _records(type_code: str) -> RecordQuerySet:
    """Return the records of a type that the vault shows.

    Raises:
        Http404: there are none.
    """
    records = listing.shown().filter(type=type_code)
    if not records.exists():
        raise Http404
    return records


def _values(request: SignedInRequest, type_code: str, records: RecordQuerySet) -> HttpResponse:
    page = Paginator([row.pk for row in listing.newest_first(records)], A_PAGE).get_page(request.GET.get("page"))
    values, papers = gate.own_page(
        resident_id=request.user.pk, purpose=SHOW, record_ids=list(page), codes={type_code}, paper_ids=[]
    )
    groups = [
        group
        for section in rows.sections(values, papers, _people(request.user.pk, values))
        for group in section.groups
    ]
    context = {"type": types.get(type_code), "page": page, "groups": groups}
    return render(request, "records/of_type.html", context)


def _people(resident_id: UUID, values: Values) -> dict[UUID, str]:
    """Return the names of the household, only if a value is about a person other than the resident."""
    if all(record.person == resident_id for record in values):
        return {}
    known = gate.read_own(resident_id=resident_id, purpose=SHOW, fields=persons.FIELDS)
    return {person.id: person.label for person in persons.persons(known, resident_id=resident_id)}


def _year(request: SignedInRequest, type_code: str, records: RecordQuerySet) -> HttpResponse:
    years = _years(records)
    asked = request.GET.get("annee", "")
    year = (
        int(asked) if asked.isdecimal() and len(asked) == 4 and int(asked) in years else (years[0] if years else None)
    )
    during = _during(year, 1, 12) if year else None
    values = gate.own_of_type(resident_id=request.user.pk, purpose=SHOW, type_code=type_code, during=during)
    people = _people(request.user.pk, values)
    lines = [(whose, line) for whose, held in _by_person(values, people) for line in summaries.lines(held)]
    context: dict[str, Any] = {
        "type": types.get(type_code),
        "years": years,
        "year": year,
        "lines": [_line(type_code, line, whose, chart=position == 0) for position, (whose, line) in enumerate(lines)],
        "origins": _origins(values),
        "rows": [] if year else _rows(values[:LINES], people),
        "heads": _heads(type_code, people),
    }
    return render(request, "records/data_year.html", context)


def _month(request: SignedInRequest, type_code: str, month: str) -> HttpResponse:
    during = _during(int(month[:4]), int(month[5:]), int(month[5:]))
    values = gate.own_of_type(resident_id=request.user.pk, purpose=SHOW, type_code=type_code, during=during)
    held = sorted(values, key=lambda record: moment_of(type_code, record.payload))
    people = _people(request.user.pk, values)
    tables = _day_tables(held) if types.get(type_code).rules.blocks else []
    page = Paginator([] if tables else held, LINES).get_page(request.GET.get("page"))
    context = {
        "type": types.get(type_code),
        "month": month_words(month),
        "year": month[:4],
        "tables": tables,
        "heads": _heads(type_code, people),
        "rows": _rows(page, people),
        "page": page,
        "query": f"mois={month}",
    }
    return render(request, "records/data_month.html", context)


def _by_person(values: Values, people: Mapping[UUID, str]) -> list[tuple[str, list[tuple[str, Mapping[str, Any]]]]]:
    """Return the values of each person in turn: the expenses of two people are never added up.

    Without names, they are all under "".
    """
    held: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for record in values:
        held.setdefault(people.get(record.person, ""), []).append((record.type, record.payload))
    order = list(people.values())
    return sorted(held.items(), key=lambda one: order.index(one[0]) if one[0] in order else len(order))


def _heads(type_code: str, people: Mapping[UUID, str]) -> list[dict[str, object]]:
    return data.record_heads(type_code) + ([{"label": _("De qui")}] if people else [])


def _rows(records: Iterable[Opened], people: Mapping[UUID, str]) -> list[list[object]]:
    found = [(record.person, data.record_row(record.type, record.payload)) for record in records]
    return [[*row, people.get(person, "–")] if people else row for person, row in found]


def _line(type_code: str, line: summaries.Line, whose: str, *, chart: bool) -> dict[str, Any]:
    shown = data.line_shown(line, chart=chart, whose=whose)
    heads, found = data.month_rows(line)
    months = [name for name in sorted(line.months, reverse=True) if name]
    url = reverse("records:of_type", args=[type_code])
    return {
        "shown": shown,
        "heads": heads,
        "rows": found,
        "months": [{"label": month_words(name), "href": f"{url}?mois={name}"} for name in months],
    }


def _day_tables(held: Sequence[Opened]) -> list[dict[str, Any]]:
    """Return a table by day for each meter and flow of the month."""
    by_line: dict[tuple[str, ...], list[Any]] = {}
    for record in held:
        (line,) = summaries.lines([(record.type, record.payload)])
        by_line.setdefault(line.key, []).append((record.type, record.payload))
    return [data.day_table(blocks) for blocks in by_line.values()]


def _origins(held: Sequence[Opened]) -> list[str]:
    """Return the holders and days, newest first."""
    return list(dict.fromkeys(wording.origin(record.origin("")) for record in reversed(held)))[:ORIGINS]


def _years(records: RecordQuerySet) -> list[int]:
    """Return the years, newest first. Data without a time, such as places, has none."""
    ends = records.aggregate(first=Min("period_start"), last=Max("period_start"))
    if ends["first"] is None:
        return []
    first, last = (timezone.localtime(ends[name]).year for name in ("first", "last"))
    return list(range(last, first - 1, -1))


def _asked_month(request: SignedInRequest) -> str:
    asked = request.GET.get("mois", "")
    try:
        month = datetime.strptime(asked, "%Y-%m") if len(asked) == len("2026-03") else None
    except ValueError:
        return ""
    return f"{month:%Y-%m}" if month and OLDEST_YEAR <= month.year <= timezone.localdate().year + 10 else ""


def _during(year: int, first: int, last: int) -> Span[datetime]:
    """Return a span of whole local months, as data is stored (`periods.months_of`)."""
    zone = timezone.get_current_timezone()
    return Span(datetime(year, first, 1, tzinfo=zone), datetime(year + last // 12, last % 12 + 1, 1, tzinfo=zone))
