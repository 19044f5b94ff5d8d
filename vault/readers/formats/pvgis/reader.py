"""PVGIS 5: the hourly power that an installation of this place would give, as JSON or CSV. It is computed, so it is estimated.

Times are UTC, ten minutes past the hour: each stands for its hour.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vault.readers import sentences
from vault.readers.files.opening import guarded, head_of, json_of, number, rows_of, text_of
from vault.readers.files.source_file import SourceFile
from vault.readers.reading import Ask, Fact, Reading
from vault.readers.subjects.measures import Flow, Measure, Series, Value, plain

FORMAT = "pvgis"
VERSION = "1.0.0"
AS_JSON = re.compile(r'"radiation_db"|"pv_module"')
HOURLY = re.compile(r'"hourly"\s*:\s*\[')
AS_CSV = re.compile(r"^Latitude \(decimal degrees\):", re.MULTILINE)
COLUMNS = re.compile(r"^time,(?:P,)?G", re.MULTILINE)
TOLD = {
    "latitude": r"Latitude \(decimal degrees\):\s*(-?[\d.]+)",
    "longitude": r"Longitude \(decimal degrees\):\s*(-?[\d.]+)",
    "peak_power": r"Nominal power of the PV system[^:]*:\s*([\d.]+)",
    "system_loss": r"System losses[^:]*:\s*([\d.]+)",
    "slope": r"Slope:\s*(-?[\d.]+)",
    "azimuth": r"Azimuth:\s*(-?[\d.]+)",
}
HOUR = 3600


def recognises(data: bytes, ask: Ask) -> bool:
    head = head_of(data)
    if head.lstrip().startswith("{"):
        return bool(AS_JSON.search(head) and HOURLY.search(head))
    return bool(AS_CSV.search(head) and COLUMNS.search(head))


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    is_json = data.lstrip().startswith(b"{")
    told, hours = _json(data) if is_json else _csv(text_of(data))
    source = SourceFile(data, format=FORMAT, version=VERSION, holder="PVGIS")
    series = Series()
    flow = Flow(f"PVGIS {told['latitude']:.3f},{told['longitude']:.3f}", "production", "puissance_moyenne", "W")
    for hour in hours:
        if "P" in hour:
            series.add(flow, Measure(_seconds(str(hour["time"])), HOUR, number(hour["P"]), "estime"))
    records = _installation(told, source) + series.records(source)
    facts = series.facts() or [Fact("points", str(len(hours)))]
    direct: list[Value] = [number(hour["Gb(i)"]) for hour in hours if "Gb(i)" in hour]
    facts += [Fact("irradiation_direct", plain(sum(value or 0 for value in direct)))] if direct else []
    media = "application/json" if is_json else "text/csv"
    return Reading(FORMAT, records, [], [] if records else [sentences.NO_POWER], 1, media, facts=facts)


def _json(data: bytes) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    document = json_of(data)
    inputs = document["inputs"]
    mounting: Mapping[str, Any] = next(iter(inputs.get("mounting_system", {}).values()), {})
    module = inputs.get("pv_module") or {}
    told = {name: inputs["location"][name] for name in ("latitude", "longitude")}
    told |= {name: module.get(name) for name in ("peak_power", "system_loss")}
    told |= {name: number((mounting.get(name) or {}).get("value")) for name in ("slope", "azimuth")}
    return told, document["outputs"]["hourly"]


def _csv(text: str) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    above, found = text.split("\ntime,", 1)
    told = {name: number(match[1]) if (match := re.search(pattern, above)) else None for name, pattern in TOLD.items()}
    rows = rows_of("time," + found, ",")
    names = next(rows)
    return told, [dict(zip(names, row, strict=True)) for row in rows if len(row) == len(names)]


def _seconds(text: str) -> int:
    return int(datetime.strptime(text, "%Y%m%d:%H%M").replace(tzinfo=UTC).timestamp())


def _installation(told: Mapping[str, Any], source: SourceFile) -> list[dict[str, Any]]:
    """Its azimuth is the vault's: 0 to the south. Where the panels turn there is none."""
    if not (power := number(told["peak_power"])):
        return []
    payload = {
        "puissance_kwc": power,
        "inclinaison_deg": told["slope"],
        "azimut_deg": told["azimuth"],
        "latitude": number(told["latitude"]),
        "longitude": number(told["longitude"]),
        "pertes_pct": number(told["system_loss"]),
    }
    return [
        source.record("solaire.installation", {name: value for name, value in payload.items() if value is not None})
    ]
