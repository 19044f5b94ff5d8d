"""GRDF, customer site: readings as JSON, keyed by delivery point."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from vault.readers.files.opening import guarded, head_of, json_of, measure
from vault.readers.files.source_file import SourceFile
from vault.readers.reading import Ask, Reading
from vault.readers.subjects import gas

FORMAT = "grdf_json"
VERSION = "1.0.0"
CONTENT = re.compile(r'"releves"\s*:')
INSIDE = re.compile(r'"journeeGaziere"\s*:|"dateDebutReleve"\s*:|"idPce"\s*:')


def recognises(data: bytes, ask: Ask) -> bool:
    head = head_of(data)
    return head.lstrip().startswith("{") and bool(CONTENT.search(head) and INSIDE.search(head))


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    source = SourceFile(data, format=FORMAT, version=VERSION, holder="grdf")
    readings = [
        _reading(str(held.get("idPce") or point), one)
        for point, held in json_of(data).items()
        for one in held["releves"]
    ]
    records, facts, warnings = gas.records(readings, source)
    return Reading(FORMAT, records, [], warnings, 1, "application/json", facts=facts)


def _reading(point: str, one: Mapping[str, Any]) -> gas.GasReading:
    """Build one reading; a day without measure has only its date."""
    day = one.get("journeeGaziere")
    start = gas.day_of(day or one["dateDebutReleve"])
    return gas.GasReading(
        point=point,
        start=start,
        end=start + timedelta(days=1) if day else gas.day_of(one["dateFinReleve"]),
        volume=gas.measured(one.get("volumeBrutConsomme"), one.get("qualificationReleve"), gas.VOLUMES),
        energy=gas.measured(one.get("energieConsomme"), one.get("qualificationReleve"), gas.ENERGIES),
        index_start=measure(one.get("indexDebut"), gas.VOLUMES),
        index_end=measure(one.get("indexFin"), gas.VOLUMES),
        quality=gas.quality_of(one.get("qualificationReleve")),
    )
