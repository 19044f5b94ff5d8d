"""Enedis's R15 flow: meter indexes, and the shares of collective self-consumption between two readings.

Measure classes: 1 index, 2 consumption, 3 produced for oneself, 4 received from others, 5 used of it (by period of the
day), 6 surplus.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from vault.readers import sentences
from vault.readers.files.opening import guarded, head_of, local, number, words, xml_of
from vault.readers.files.source_file import SourceFile, instant
from vault.readers.reading import Ask, Fact, Reading
from vault.readers.subjects.measures import PARIS, plain

FORMAT = "acc_r15"
VERSION = "1.0.0"
CONTENT = re.compile(r"<(?:\w+:)?R15\b")
SHARED = {"3": "autoproduite_kwh", "4": "alloproduite_kwh", "5": "autoconsommee_kwh", "6": "surplus_kwh"}
FACTS = {
    "autoproduite_kwh": "acc_produced",
    "alloproduite_kwh": "acc_received",
    "autoconsommee_kwh": "acc_used",
    "surplus_kwh": "acc_surplus",
}
INDEX, DRAWN = "1", "0"
GRIDS = {
    "Classe_Temporelle_Distributeur": "Libelle_Calendrier_Distributeur",
    "Classe_Temporelle": "Libelle_Calendrier",
}
WATT_HOURS = {"kWh": 1000, "Wh": 1}


def recognises(data: bytes, ask: Ask) -> bool:
    return bool(CONTENT.search(head_of(data)))


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    root = xml_of(data)
    source = SourceFile(data, format=FORMAT, version=VERSION, holder="enedis")
    records: list[dict[str, Any]] = []
    for point in (one for one in root.iter() if local(one) == "PRM"):
        for reading in (one for one in point if local(one) == "Donnees_Releve"):
            records += _readings(words(point, "Id_PRM"), reading, source)
    return Reading(
        FORMAT, records, [], [] if records else [sentences.NOTHING_INSIDE], 1, "application/xml", facts=_facts(records)
    )


def _readings(point: str, reading: Any, source: SourceFile) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - untyped lxml
    end = _moment(words(reading, "Date_Releve"))
    before = words(reading, "Date_Releve_Precedent")
    for grid, label in GRIDS.items():
        for value, moment in (("Valeur_Precedent", _moment(before) if before else None), ("Valeur", end)):
            if moment and (dials := _dials(reading, grid, value)):
                payload = {
                    "point": point,
                    "horodate": instant(moment),
                    "unite": "Wh",
                    "cadrans": dials,
                    "total": sum(dials.values()),
                }
                calendar = words(reading, label)
                yield source.record(
                    "energie.index", payload | ({"calendrier": calendar} if calendar else {}), start=moment
                )
    shared = _shared(reading)
    if shared and before and words(reading, "Autoconsommation_Collective") == "1":
        start = _moment(before)
        yield source.record(
            "acc.repartition",
            {"point": point, "debut": instant(start), "fin": instant(end)} | shared,
            start=start,
            end=end,
        )


def _classes(reading: Any, grid: str) -> Iterator[Any]:  # noqa: ANN401 - lxml is untyped
    return (one for one in reading if local(one) == grid)


def _dials(reading: Any, grid: str, name: str) -> dict[str, float]:  # noqa: ANN401 - lxml is untyped
    found: dict[str, float] = {}
    for one in _classes(reading, grid):
        value, factor = number(words(one, name)), WATT_HOURS.get(words(one, "Unite_Mesure"))
        if (
            words(one, "Classe_Mesure") == INDEX
            and words(one, "Sens_Mesure") == DRAWN
            and value is not None
            and factor
        ):
            found[words(one, "Id_Classe_Temporelle")] = (
                value * factor * (number(words(one, "Coefficient_Lecture")) or 1)
            )
    return found


def _shared(reading: Any) -> dict[str, float]:  # noqa: ANN401 - lxml is untyped
    """Sum the energy by class, off-peak and peak together."""
    found: dict[str, float] = defaultdict(float)
    for one in _classes(reading, "Classe_Temporelle_Distributeur"):
        name, value, factor = (
            SHARED.get(words(one, "Classe_Mesure")),
            number(words(one, "Valeur")),
            WATT_HOURS.get(words(one, "Unite_Mesure")),
        )
        if name and value is not None and factor:
            found[name] += value * factor / 1000
    return dict(found)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=PARIS)


def _facts(records: list[dict[str, Any]]) -> list[Fact]:
    indexes = [record["payload"] for record in records if record["type"] == "energie.index"]
    sums: dict[str, float] = defaultdict(float)
    for record in records:
        if record["type"] == "acc.repartition":
            for name, code in FACTS.items():
                sums[code] += record["payload"].get(name, 0)
    facts = [Fact("index_count", str(len(indexes)))] if indexes else []
    by_grid: dict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
    for one in indexes:
        by_grid[one["point"], one.get("calendrier", "")].append((one["horodate"], one["total"]))
    if by_grid and len({point for point, _ in by_grid}) == 1:
        first = next(iter(by_grid.values()))
        facts.append(Fact("index_energy", plain((max(first)[1] - min(first)[1]) / 1000), "kWh"))
    return facts + [Fact(code, plain(value), "kWh") for code, value in sums.items()]
