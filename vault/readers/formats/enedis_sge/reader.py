"""Enedis's professional portal: a SOAP answer of measures. Only here do Enedis's stamps start their interval."""

import re
from datetime import datetime
from typing import Any

from vault.readers import sentences
from vault.readers.files.opening import guarded, head_of, local, number, words, xml_of
from vault.readers.files.source_file import SourceFile
from vault.readers.formats.enedis_csv.reader import QUALITIES
from vault.readers.formats.enedis_csv.table import flux_of
from vault.readers.formats.enedis_json.reader import seconds
from vault.readers.reading import Ask, Reading
from vault.readers.subjects import measures
from vault.readers.subjects.measures import PARIS, Flow, Row, Series

FORMAT = "enedis_sge"
VERSION = "1.0.0"
CONTENT = re.compile(r"<(?:\w+:)?consulterMesuresDetaillees\w*Response\b")
#: The quantities kept: active power, active energy, highest power.
QUANTITIES = {"PA": ("puissance_moyenne", "W"), "EA": ("energie", "Wh"), "PMA": ("puissance_max", "VA")}


def recognises(data: bytes, ask: Ask) -> bool:
    return bool(CONTENT.search(head_of(data)))


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    root, series, warnings = xml_of(data), Series(), []
    answer = next(one for one in root.iter() if local(one).startswith("consulterMesuresDetaillees"))
    for part in (one for one in answer.iter() if local(one) == "grandeur"):
        quantity, unit = QUANTITIES.get(words(part, "grandeurPhysique"), ("", ""))
        if not quantity or words(part, "unite") != unit:
            warnings.append(sentences.PART_NOT_READ)
            continue
        flux = flux_of(words(part, "grandeurMetier")) or ask.direction
        _add(series, Flow(words(answer, "pointId"), flux, quantity, unit), part)
    records = series.records(SourceFile(data, format=FORMAT, version=VERSION, holder="enedis"))
    warnings = list(dict.fromkeys(warnings)) or ([] if records else [sentences.NOTHING_INSIDE])
    facts, asks = measures.facts(records), series.asks_direction
    return Reading(FORMAT, records, [], warnings, 1, "application/xml", facts=facts, asks_direction=asks)


def _add(series: Series, flow: Flow, part: Any) -> None:  # noqa: ANN401 - lxml is untyped
    measures = [
        (
            datetime.fromisoformat(words(one, "d")),
            number(words(one, "v")),
            words(one, "p"),
            QUALITIES.get(words(one, "n")[:1], ""),
        )
        for one in part
        if local(one) == "mesure"
    ]
    if flow.grandeur == "puissance_moyenne":
        series.add_curve(
            flow,
            [Row(stamp, value, seconds(step), quality) for stamp, value, step, quality in measures],
            stamps_end=False,
        )
        return
    for stamp, value, _, quality in measures:
        series.add_day(flow, (stamp.astimezone(PARIS) if stamp.tzinfo else stamp).date(), value, quality)
