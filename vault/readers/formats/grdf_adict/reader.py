"""GRDF ADICT v2: consumption, contract, meter and right of access, as JSON lines, an array or one object."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from vault.readers.files.opening import guarded, head_of, json_of, measure, number, text_of
from vault.readers.files.source_file import SourceFile
from vault.readers.reading import Ask, Fact, Reading
from vault.readers.subjects import gas

FORMAT = "grdf_adict"
VERSION = "1.0.0"
PATHS = re.compile(r"/adict/v\d/|/?pce/[^/]+/(?:donnees_|droit)")
CONTENT = re.compile(r'"id_pce"\s*:')
INSIDE = re.compile(
    r'"(?:consommation|donnees_contractuelles|donnees_techniques|id_droit_acces|statut_restitution)"\s*:'
)
#: Facts on the right of access, GRDF's trace of the resident's consent: shown, not stored as a value.
ACCESS = {
    "etat_droit_acces": "access_state",
    "date_debut_droit_acces": "access_start",
    "date_fin_droit_acces": "access_end",
}


def recognises(data: bytes, ask: Ask) -> bool:
    head = head_of(data)
    if not head.lstrip().startswith(("{", "[")):
        return False
    return bool(PATHS.search(ask.endpoint)) or bool(CONTENT.search(head) and INSIDE.search(head))


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    source = SourceFile(data, format=FORMAT, version=VERSION, holder="grdf")
    readings: list[gas.GasReading] = []
    points: dict[str, dict[str, Any]] = {}
    facts: list[Fact] = []
    for item in _items(data):
        point = str((item.get("pce") or item)["id_pce"])
        if item.get("consommation"):
            readings += [_reading(point, item)] if item["consommation"].get("date_debut_consommation") else []
        elif item.get("donnees_contractuelles") or item.get("donnees_techniques"):
            points.setdefault(point, {}).update(_point(point, item))
        elif "id_droit_acces" in item:
            facts += [Fact(code, str(item[name])) for name, code in ACCESS.items() if item.get(name)]
    series, totals, warnings = gas.records(readings, source)
    warnings = warnings if series or not (points or facts) else []
    records = [source.record("energie.point", payload) for payload in points.values()]
    return Reading(FORMAT, records + series, [], warnings, 1, "application/json", facts=totals + facts)


def _items(data: bytes) -> Iterator[Mapping[str, Any]]:
    try:
        document = json_of(data)
    except ValueError:
        document = [json.loads(line) for line in text_of(data).splitlines() if line.strip()]
    yield from document if isinstance(document, list) else [document]


def _reading(point: str, item: Mapping[str, Any]) -> gas.GasReading:
    used = item["consommation"]
    day = used.get("journee_gaziere")
    start = gas.day_of(day or used["date_debut_consommation"])
    return gas.GasReading(
        point=point,
        start=start,
        end=start + timedelta(days=1) if day else gas.day_of(used["date_fin_consommation"]),
        volume=measure(used.get("volume_brut"), gas.VOLUMES),
        energy=measure(used.get("energie"), gas.ENERGIES),
        index_start=_index(item.get("releve_debut"), "index_brut_debut"),
        index_end=_index(item.get("releve_fin"), "index_brut_fin"),
        quality=gas.quality_of(used.get("type_qualif_conso")),
        injected=str(used.get("sens_flux_gaz") or "").startswith("Inj"),
    )


def _index(reading: Mapping[str, Any] | None, name: str) -> float | int | None:
    return measure(((reading or {}).get(name) or {}).get("valeur_index"), gas.VOLUMES)


def _point(point: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an object says of a delivery point. Contract and meter come in two objects.

    The meter's postal address is left out: `energie.point` has no such field.
    """
    contract, meter = item.get("donnees_contractuelles") or {}, item.get("donnees_techniques") or {}
    payload = {
        "energie": "gaz",
        "identifiant": point,
        "tarif_acheminement": contract.get("tarif_acheminement"),
        "car_kwh": number(contract.get("car")),
        "date_mise_en_service": contract.get("date_mes"),
        "frequence_releve": (meter.get("caracteristiques_compteur") or {}).get("frequence"),
    }
    return {name: value for name, value in payload.items() if value is not None}
