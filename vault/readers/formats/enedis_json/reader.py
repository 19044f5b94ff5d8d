"""Enedis Data Connect v5: load curve, daily energy, highest power, production, and the contract of a delivery point.

The stamps of a load curve end their half-hour and are local without offset; those of days are dates; `end` is
exclusive. The answer gives its quantity but not its direction, which only its path shows.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from vault.readers import sentences
from vault.readers.files.opening import guarded, head_of, json_of, number
from vault.readers.files.source_file import SourceFile
from vault.readers.formats.enedis_csv.table import NEXT, ends_before, flux_of
from vault.readers.reading import Ask, Reading, Unreadable
from vault.readers.subjects import measures
from vault.readers.subjects.measures import Flow, Row, Series

FORMAT = "enedis_json"
VERSION = "1.0.0"
PATHS = re.compile(
    r"/?(?:metering_data_\w+|customers_upc)/v\d+/|/?(?:consumption|production)_load_curve"
    r"|/?daily_(?:consumption|production)"
)
CONTENT = re.compile(r'"usage_point_id"\s*:|"usage_points"\s*:')
INSIDE = re.compile(r'"interval_reading"\s*:|"contracts"\s*:')
PRODUCTION = re.compile(r"production|_dp/|_plc/|_dpp/")
CONSUMPTION = re.compile(r"consumption|_dc/|_clc/|_dcmp/")
LENGTH = re.compile(r"PT(?:(\d{1,2})H)?(?:(\d{1,2})M)?")
QUALITIES = {"BRUT": "brut", "CORRIGE": "corrige", "CORRIGÉ": "corrige"}
HOUR_RANGES = re.compile(r"\((.*)\)")


def recognises(data: bytes, ask: Ask) -> bool:
    head = head_of(data)
    if not head.lstrip().startswith(("{", "[")):
        return False
    return bool(PATHS.search(ask.endpoint)) or bool(CONTENT.search(head) and INSIDE.search(head))


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    document = json_of(data)
    source = SourceFile(data, format=FORMAT, version=VERSION, holder="enedis")
    answers = document if isinstance(document, list) else [document]
    series, points, further = Series(), [], False
    for answer in answers:
        if "customer" in answer or "usage_points" in answer:
            points += _points(answer.get("customer", answer), source)
        else:
            further |= _add(series, answer.get("meter_reading", answer), ask)
    records = [*points, *series.records(source)]
    warnings = [sentences.HEAD_GOES_FURTHER] if further else []
    warnings += [] if records else [sentences.NOTHING_INSIDE]
    facts = measures.facts(records)
    return Reading(
        FORMAT, records, [], warnings, 1, "application/json", facts=facts, asks_direction=series.asks_direction
    )


def _add(series: Series, reading: Mapping[str, Any], ask: Ask) -> bool:
    """Add an answer. Return whether it ends before the day that it announces."""
    kind = reading.get("reading_type") or {}
    unit, aggregate, items = str(kind["unit"]), kind.get("aggregate"), reading["interval_reading"]
    flux = _flux(ask.endpoint) or flux_of(str(kind.get("flow_direction", ""))) or ask.direction
    flow = Flow(str(reading["usage_point_id"]), flux, _quantity(unit, aggregate), unit)
    quality = QUALITIES.get(str(reading.get("quality")).upper(), "")
    if flow.grandeur == "puissance_moyenne":
        series.add_curve(flow, _rows(items, quality), stamps_end=True)
    else:
        for item in items:
            series.add_day(flow, date.fromisoformat(str(item["date"])[:10]), number(item.get("value")), quality)
    last = max((date.fromisoformat(str(item["date"])[:10]) for item in items), default=None)
    announced = reading.get("end")
    return ends_before(last, date.fromisoformat(announced[:10]) - NEXT) if isinstance(announced, str) else False


def _flux(endpoint: str) -> str:
    """Return the direction that the path of the answer shows; without a path, none."""
    return "production" if PRODUCTION.search(endpoint) else "soutirage" if CONSUMPTION.search(endpoint) else ""


def _quantity(unit: str, aggregate: object) -> str:
    if unit == "Wh":
        return "energie"
    if aggregate == "maximum" and unit in {"VA", "W"}:
        return "puissance_max"
    if unit == "W":
        return "puissance_moyenne"
    raise Unreadable("other_shape")


def _rows(items: Sequence[Mapping[str, Any]], quality: str) -> list[Row]:
    return [
        Row(
            datetime.fromisoformat(item["date"]),
            number(item.get("value")),
            seconds(item.get("interval_length") or ""),
            quality,
        )
        for item in items
    ]


def seconds(length: str) -> int:
    """Return the seconds of a length such as `PT30M`, 0 if it has none."""
    match = LENGTH.fullmatch(length)
    return (int(match[1] or 0) * 60 + int(match[2] or 0)) * 60 if match else 0


def _points(customer: Mapping[str, Any], source: SourceFile) -> list[dict[str, Any]]:
    """Return the delivery points. Subscribed power is written `9 kVA`, off-peak hours `HC (23h00-7h00)`."""
    found = []
    for one in customer["usage_points"]:
        contract, point = one.get("contracts") or {}, one["usage_point"]
        power = re.match(r"\s*(\d+(?:[.,]\d+)?)\s*kVA", str(contract.get("subscribed_power", "")))
        hours = str(contract.get("offpeak_hours") or "")
        payload = {
            "energie": "electricite",
            "identifiant": str(point["usage_point_id"]),
            "segment": contract.get("segment"),
            "puissance_souscrite_kva": number(power[1]) if power else None,
            "heures_creuses": match[1] if (match := HOUR_RANGES.search(hours)) else hours or None,
            "tarif_acheminement": contract.get("distribution_tariff"),
        }
        found.append(
            source.record("energie.point", {name: value for name, value in payload.items() if value is not None})
        )
    return found
