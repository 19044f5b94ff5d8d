"""Enedis's workbook since 2025: a page of welcome, then a sheet per quantity, of half-hours or of days."""

from vault.readers import sentences
from vault.readers.files.opening import guarded
from vault.readers.files.source_file import SourceFile
from vault.readers.files.workbook import has_text, is_workbook, sheets
from vault.readers.formats.enedis_csv import table
from vault.readers.reading import Ask, Reading
from vault.readers.subjects import measures
from vault.readers.subjects.measures import Series

FORMAT = "enedis_xlsx"
VERSION = "1.0.0"
MEDIA = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Names of sheets, and of the column of values.
SHOWS = (
    *("Consommation Horaire", "Production Horaire", "Injection Horaire", "Valeur (en kW)", "Valeur (en kWh)"),
    *("Consommation Quotidienne", "Production Quotidienne", "Injection Quotidienne"),
)


def recognises(data: bytes, ask: Ask) -> bool:
    return is_workbook(data) and has_text(data, *SHOWS)


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    series, warnings = Series(), []
    for name, rows in sheets(data):
        if table.add(series, [[name], *rows], ask.direction):
            warnings = [sentences.HEAD_GOES_FURTHER]
    records = series.records(SourceFile(data, format=FORMAT, version=VERSION, holder="enedis"))
    warnings += [] if records else [sentences.NOTHING_INSIDE]
    facts = measures.facts(records)
    return Reading(FORMAT, records, [], warnings, 1, MEDIA, facts=facts, asks_direction=series.asks_direction)
