"""Enedis's workbook since 2025: a notice, then the sheet `Consommation Horaire`, seven days per file."""

from vault.readers import sentences
from vault.readers.files.opening import guarded
from vault.readers.files.source_file import SourceFile
from vault.readers.files.workbook import has_text, is_workbook, sheets
from vault.readers.formats.enedis_csv import table
from vault.readers.reading import Ask, Reading
from vault.readers.subjects.measures import Series

FORMAT = "enedis_xlsx"
VERSION = "1.0.0"
MEDIA = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def recognises(data: bytes, ask: Ask) -> bool:
    return is_workbook(data) and has_text(data, "Consommation Horaire", "Production Horaire", "Valeur (en kW)")


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    series = Series()
    for name, rows in sheets(data):
        table.add(series, [[name], *rows])
    records = series.records(SourceFile(data, format=FORMAT, version=VERSION, holder="enedis"))
    return Reading(FORMAT, records, [], [] if records else [sentences.NOTHING_INSIDE], 1, MEDIA, facts=series.facts())
