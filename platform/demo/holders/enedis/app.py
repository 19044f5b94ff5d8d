"""Enedis Data Connect v5: agreement page, the application's token, then contract, days and load curves by meter."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from demo.holders import agreement
from demo.holders.cases import Case
from demo.holders.frame import Answer, App, Request, redirect, say

APP = App("enedis", "Enedis")
PARIS, HALF_HOUR = ZoneInfo("Europe/Paris"), timedelta(minutes=30)
#: Number of past days with measures; before, the meter was not in service.
IN_SERVICE = 420
CURVE_DAYS = 7
AUTHORIZE = "/dataconnect/v1/oauth2/authorize"


@APP.route("GET", AUTHORIZE)
def ask(request: Request) -> Answer:
    return agreement.ask(request, "enedis", "Enedis")


@APP.route("POST", AUTHORIZE)
def answer(request: Request) -> Answer:
    agreed = agreement.agreed_meter(request, "enedis", "Enedis")
    if isinstance(agreed, Answer):
        return agreed
    meter, state = agreed
    return redirect(agreement.back_to("enedis"), code="inutile-en-v5", state=state, usage_point_id=meter)


@APP.route("POST", "/oauth2/v3/token")
def token(request: Request) -> Answer:
    return agreement.token(request, APP)


@APP.route("GET", "/customers_i/v5/identity")
def identity(request: Request) -> Answer:
    case = _case(request, measures=False)
    if isinstance(case, Answer):
        return case
    wrong = request.mode(case.slug) == "wrong_person"
    lastname = "Autre" if wrong else str(case.facts["family_name"])
    person = {"title": "", "firstname": "Personne" if wrong else str(case.facts["given_name"]), "lastname": lastname}
    return say({"customer_id": f"c-{case.slug}", "identity": {"natural_person": person}}, about=case.slug)


@APP.route("GET", "/customers_upc/v5/usage_points/contracts")
def contract(request: Request) -> Answer:
    case = _case(request)
    if isinstance(case, Answer):
        return case
    meter = request.one("usage_point_id")
    known = agreement.meters("enedis")[meter][1]
    terms = {
        "segment": "C5",
        "subscribed_power": f"{known['kva']} kVA",
        "distribution_tariff": "BTINFCUST",
        "offpeak_hours": "HC (22H30-6H30)",
        "contract_status": "SERVC",
    }
    if request.mode(case.slug) == "masked":
        terms = {"segment": "C5"}
    usage_point = {"usage_point_id": meter, "usage_point_status": "com", "meter_type": "AMM"}
    return say(
        {
            "customer": {
                "customer_id": f"c-{case.slug}",
                "usage_points": [{"usage_point": usage_point, "contracts": terms}],
            }
        },
        about=case.slug,
    )


@APP.route("GET", "/metering_data_dc/v5/daily_consumption")
def days(request: Request) -> Answer:
    asked = _read_request(request, 3 * 365)
    if isinstance(asked, Answer):
        return asked
    case, meter, start, end = asked
    listed = [{"value": str(sum(_half_hours(meter, day)) // 2), "date": day.isoformat()} for day in _days(start, end)]
    reading = {"unit": "Wh", "measurement_kind": "energy", "aggregate": "sum", "measuring_period": "P1D"}
    return _readings(case, meter, start, end, reading, listed)


@APP.route("GET", "/metering_data_clc/v5/consumption_load_curve")
def curve(request: Request) -> Answer:
    asked = _read_request(request, CURVE_DAYS)
    if isinstance(asked, Answer):
        return asked
    case, meter, start, end = asked
    listed = [
        {
            "value": str(watts),
            "date": stamp.strftime("%Y-%m-%d %H:%M:%S"),
            "interval_length": "PT30M",
            "measure_type": "B",
        }
        for day in _days(start, end)
        for stamp, watts in zip(_stamps(day), _half_hours(meter, day), strict=True)
    ]
    reading = {"unit": "W", "measurement_kind": "power", "aggregate": "average"}
    return _readings(case, meter, start, end, reading, listed)


def _readings(
    case: Case, meter: str, start: date, end: date, reading: dict[str, str], listed: list[dict[str, str]]
) -> Answer:
    if not listed:
        return _nothing()
    period = {"usage_point_id": meter, "start": start.isoformat(), "end": end.isoformat(), "quality": "BRUT"}
    return say({"meter_reading": {**period, "reading_type": reading, "interval_reading": listed}}, about=case.slug)


def _nothing() -> Answer:
    reason = "The requested period cannot be anterior to the meter's last activation date"
    return say({"error": "ADAM-ERR0123", "error_description": reason}, 404)


def _case(request: Request, *, measures: bool = True) -> Case | Answer:
    """Return the case of the meter in the request, or the refusal if the city may not ask."""
    if refusal := agreement.refused(request, APP):
        return refusal
    case = agreement.case_of("enedis", request.one("usage_point_id"))
    if case is None or request.mode(case.slug) == "expired":
        return say(
            {
                "error": "access_denied",
                "error_description": "no consent can be found for this customer and this usage point",
            },
            403,
        )
    if measures and request.mode(case.slug) == "not_found":
        return _nothing()
    return case


def _read_request(request: Request, longest: int) -> tuple[Case, str, date, date] | Answer:
    case = _case(request)
    if isinstance(case, Answer):
        return case
    try:
        start, end = date.fromisoformat(request.one("start")), date.fromisoformat(request.one("end"))
    except ValueError:
        return say({"error": "ADAM-ERR0031", "error_description": "dates"}, 400)
    if not timedelta(0) < end - start <= timedelta(days=longest):
        return say({"error": "ADAM-ERR0100", "error_description": f"The period is limited to {longest} days"}, 400)
    if request.mode(case.slug) == "stale":
        end = min(end, timezone.localdate() - timedelta(days=200))
    return case, request.one("usage_point_id"), start, end


def _days(start: date, end: date) -> Iterator[date]:
    first = timezone.localdate() - timedelta(days=IN_SERVICE)
    last = min(end, timezone.localdate())
    day = max(start, first)
    while day < last:
        yield day
        day += timedelta(days=1)


def _stamps(day: date) -> list[datetime]:
    """Return the end of each half-hour of a local day: 46, 48 or 50 of them."""
    begin = datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(ZoneInfo("UTC"))
    after = day + timedelta(days=1)
    finish = datetime(after.year, after.month, after.day, tzinfo=PARIS).astimezone(ZoneInfo("UTC"))
    count = int((finish - begin) / HALF_HOUR)
    return [(begin + HALF_HOUR * (place + 1)).astimezone(PARIS) for place in range(count)]


def _half_hours(meter: str, day: date) -> list[int]:
    """Return plausible watts of a home, always the same for a given day."""
    noise = sha256(f"{meter}{day}".encode()).digest()
    winter: Any = 1.6 if day.month in {11, 12, 1, 2} else 1.0
    shape = [
        120,
        110,
        100,
        100,
        110,
        160,
        320,
        450,
        380,
        260,
        240,
        300,
        420,
        340,
        250,
        240,
        260,
        380,
        620,
        820,
        760,
        560,
        320,
        180,
    ]
    return [int(shape[stamp.hour] * winter) + noise[place % 32] for place, stamp in enumerate(_stamps(day))]
