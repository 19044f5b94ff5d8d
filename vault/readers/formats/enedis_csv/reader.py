"""Enedis's CSV files, in four shapes.

- site until 2024: `Identifiant PRM;Type de donnees;…`, then a load curve, daily indexes or highest powers, possibly
  several of them;
- site since 2025: `Début;Fin;Valeur (en kW)` below a header (the same as the workbook's);
- `debut;kW`, written by home automation;
- R63, from the professionals' portal: one row per measure, with its step.
"""

import re
from collections.abc import Iterable

from vault.readers import sentences
from vault.readers.files.opening import fold, guarded, head_of, moment_of, number, rows_of, text_of
from vault.readers.files.source_file import SourceFile
from vault.readers.formats.enedis_csv import table
from vault.readers.formats.enedis_csv.site import Site
from vault.readers.formats.enedis_json.reader import seconds
from vault.readers.reading import Ask, Reading
from vault.readers.subjects.measures import Flow, Row, Series

FORMAT = "enedis_csv"
VERSION = "1.0.0"
SITE = re.compile(r'^"?identifiant prm"?;"?type de donnees')
R63 = re.compile(r'^"?identifiant prm"?;.*"?horodate"?;"?valeur"?;"?nature"?;"?pas"?\b')
HOME = re.compile(r'^"?debut"?;"?kw"?\s*$', re.MULTILINE)
QUALITIES = {"E": "estime", "C": "corrige", "B": "brut"}


def recognises(data: bytes, ask: Ask) -> bool:
    head = fold(head_of(data))
    return any(shape.match(head) for shape in (SITE, R63, HOME)) or bool(table.HEADER.search(head))


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    text = text_of(data)
    first = fold(text.lstrip().partition("\n")[0])
    source = SourceFile(data, format=FORMAT, version=VERSION, holder="enedis")
    series, records, warnings = Series(), [], []
    if SITE.match(first):
        site = Site()
        warnings += site.read(rows_of(text), series)
        records = site.records(source)
    elif R63.match(first):
        _r63(rows_of(text), series)
    elif HOME.match(first):
        _home(rows_of(text), series)
    else:
        table.add(series, rows_of(text))
    records += series.records(source)
    facts = series.facts() + (site.facts() if SITE.match(first) else [])
    return Reading(
        FORMAT, records, [], warnings or ([] if records else [sentences.NOTHING_INSIDE]), 1, "text/csv", facts=facts
    )


def _r63(rows: Iterable[list[str]], series: Series) -> None:
    """Add the measures of R63. Stamps are local and end their interval. Voltage and reactive power are left out."""
    rows = iter(rows)
    names = [fold(name) for name in next(rows)]
    place = {
        name: names.index(name)
        for name in (
            "identifiant prm",
            "grandeur physique",
            "grandeur metier",
            "unite",
            "horodate",
            "valeur",
            "pas",
            "nature",
        )
    }
    flows: dict[Flow, list[Row]] = {}
    for row in rows:
        cells = {name: row[rank].strip() for name, rank in place.items()}
        if cells["grandeur physique"] != "PA" or cells["unite"] not in {"W", "kW"}:
            continue
        flow = Flow(cells["identifiant prm"], flux_of(cells["grandeur metier"]), "puissance_moyenne", "W")
        value = number(cells["valeur"])
        value = number(value * 1000) if value is not None and cells["unite"] == "kW" else value
        quality = QUALITIES.get(cells["nature"][:1], "")
        flows.setdefault(flow, []).append(Row(moment_of(cells["horodate"]), value, seconds(cells["pas"]), quality))
    for flow, measures in flows.items():
        series.add_curve(flow, measures, stamps_end=True)


def _home(rows: Iterable[list[str]], series: Series) -> None:
    """Add the measures of home automation. Stamps start their interval.

    The delivery point is in the file's name only, which is not read.
    """
    rows = iter(rows)
    next(rows)
    measures = [Row(moment_of(row[0]), table.watts(row[1])) for row in rows]
    series.add_curve(Flow(table.UNKNOWN, "soutirage", "puissance_moyenne", "W"), measures, stamps_end=False)


def flux_of(business: str) -> str:
    return "production" if fold(business).startswith("prod") else "soutirage"
