"""The external formats of data: one folder per format. Files are recognised by their content, in the order of FORMATS.

A reader is a module `vault/readers/formats/<format>/reader.py` with

    FORMAT = "<format>"
    def recognises(data: bytes, ask: Ask) -> bool    # reads the first 64 KiB, never raises, true for one format only
    def read(data: bytes, ask: Ask) -> Reading       # raises Unreadable, nothing else

and imports its heavy parsers inside `read`, so that the limited child loads only those that the file needs.
"""

from importlib import import_module
from typing import Protocol, cast

from vault.readers.reading import Ask, Reading

#: Precise formats come first; the last one accepts any table of a bank.
FORMATS: tuple[str, ...] = (
    "enedis_json",
    "enedis_csv",
    "enedis_xlsx",
    "enedis_sge",
    "grdf_json",
    "grdf_adict",
    "grdf_xlsx",
    "api_particulier",
    "impot_particulier",
    "acc_r15",
    "greenbutton",
    "pvgis",
    "timeline",
    "gpx",
    "gps_csv",
    "ofx",
    "qif",
    "camt053",
    "svair",
    "franceconnect",
    "compte_mobilite",
    "open_food_facts",
    "ics",
    "receipts",
    "bank_csv",
)


class Reader(Protocol):
    FORMAT: str

    def recognises(self, data: bytes, ask: Ask) -> bool: ...

    def read(self, data: bytes, ask: Ask) -> Reading: ...


def reader_of(data: bytes, ask: Ask) -> Reader | None:
    """Return the reader of the first format that recognises the file, or None: the file may be a paper."""
    for name in FORMATS:
        reader = cast(Reader, import_module(f"vault.readers.formats.{name}.reader"))
        if reader.recognises(data, ask):
            return reader
    return None
