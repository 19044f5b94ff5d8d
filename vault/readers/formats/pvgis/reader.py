"""PVGIS 5: the computed hourly power of a solar installation at a place, as JSON or CSV. Its values are estimates.

Times are in UTC, ten minutes past the hour; each value covers its hour.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vault.readers import sentences
from vault.readers.files.opening import guarded, head_of, json_of, measure, number, rows_of, text_of
from vault.readers.files.source_file import SourceFile
from vault.readers.reading import Ask, Fact, Reading
from vault.readers.subjects import measures
from vault.readers.subjects.measures import Flow, Measure, Series, Value, plain

FORMAT = "pvgis"
VERSION = "1.0.0"
AS_JSON = re.compile(r'"radiation_db"|"pv_module"')
HOURLY = re.compile(r'"hourly"\s*:\s*\[')
AS_CSV = re.compile(r"^Latitude \(decimal degrees\):", re.MULTILINE)
COLUMNS = re.compile(r"^time,(?:P,)?G", re.MULTILINE)
INPUTS = {
    "latitude": r"Latitude \(decimal degrees\):\s*(-?[\d.,]+)",
    "longitude": r"Longitude \(decimal degrees\):\s*(-?[\d.,]+)",
    "peak_power": r"Nominal power of the PV system[^:]*:\s*([\d.,]+)",
    "system_loss": r"System losses[^:]*:\s*([\d.,]+)",
    "slope": r"Slope:\s*(-?[\d.,]+)",
    "azimuth": r"Azimuth:\s*(-?[\d.,]+)",
}
HOUR = 3600
POWERS = {"w": 1.0, "kw": 1000.0}


def recognises(data: bytes, ask: Ask) -> bool:
    head = head_of(data)
    if head.lstrip().startswith("{"):
        return bool(AS_JSON.search(head) and HOURLY.search(head))
    return bool(AS_CSV.search(head) and COLUMNS.search(head))


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    is_json = data.lstrip().startswith(b"{")
    inputs, hours = _json(data) if is_json else _csv(text_of(data))
    source = SourceFile(data, format=FORMAT, version=VERSION, holder="PVGIS")
    series = Series()
    flow = Flow(f"PVGIS {inputs['latitude']:.3f},{inputs['longitude']:.3f}", "production", "puissance_moyenne", "W")
    for hour in hours:
        if "P" in hour:
            series.add(
                flow, Measure(_seconds(str(hour["time"])), HOUR, measure(hour["P"], POWERS, has_point=True), "estime")
            )
    records = _installation(inputs, source) + series.records(source)
    facts = measures.facts(records) or [Fact("points", str(len(hours)))]
    direct: list[Value] = [number(hour["Gb(i)"]) for hour in hours if "Gb(i)" in hour]
    facts += [Fact("irradiation_direct", plain(sum(value or 0 for value in direct)))] if direct else []
    media = "application/json" if is_json else "text/csv"
    return Reading(FORMAT, records, [], [] if records else [sentences.NO_POWER], 1, media, facts=facts)


def _json(data: bytes) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    document = json_of(data)
    given = document["inputs"]
    mounting: Mapping[str, Any] = next(iter(given.get("mounting_system", {}).values()), {})
    module = given.get("pv_module") or {}
    inputs = {name: given["location"][name] for name in ("latitude", "longitude")}
    inputs |= {name: module.get(name) for name in ("peak_power", "system_loss")}
    inputs |= {name: number((mounting.get(name) or {}).get("value")) for name in ("slope", "azimuth")}
    return inputs, document["outputs"]["hourly"]


def _csv(text: str) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    above, found = text.split("\ntime,", 1)
    inputs = {
        name: number(match[1]) if (match := re.search(pattern, above)) else None for name, pattern in INPUTS.items()
    }
    rows = rows_of("time," + found, ",")
    names = next(rows)
    return inputs, [dict(zip(names, row, strict=True)) for row in rows if len(row) == len(names)]


def _seconds(text: str) -> int:
    return int(datetime.strptime(text, "%Y%m%d:%H%M").replace(tzinfo=UTC).timestamp())


def _installation(inputs: Mapping[str, Any], source: SourceFile) -> list[dict[str, Any]]:
    """Return the installation. Like the vault, PVGIS measures azimuth from the south; panels that turn have none."""
    if not (power := number(inputs["peak_power"])):
        return []
    payload = {
        "puissance_kwc": power,
        "inclinaison_deg": inputs["slope"],
        "azimut_deg": inputs["azimuth"],
        "latitude": number(inputs["latitude"]),
        "longitude": number(inputs["longitude"]),
        "pertes_pct": number(inputs["system_loss"]),
    }
    return [
        source.record("solaire.installation", {name: value for name, value in payload.items() if value is not None})
    ]
