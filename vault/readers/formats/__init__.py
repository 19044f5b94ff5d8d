"""The formats of data that the vault reads: one folder per outside format, recognised by content, in this order.

A reader is a module `vault/readers/formats/<format>/reader.py` with

    FORMAT = "<format>"
    def recognises(data: bytes, ask: Ask) -> bool    # looks at the first 64 KiB, never raises, is true for one format only
    def read(data: bytes, ask: Ask) -> Reading       # raises Unreadable, nothing else

and imports its heavy parsers inside `read`: the child that limits it loads only what the file needs.
"""

from importlib import import_module
from typing import Protocol, cast

from vault.readers.reading import Ask, Reading

#: A precise format comes before one that accepts much: a bank's table of any shape is last.
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
    """The first format that recognises these bytes, or None: then it may be a paper."""
    for name in FORMATS:
        reader = cast(Reader, import_module(f"vault.readers.formats.{name}.reader"))
        if reader.recognises(data, ask):
            return reader
    return None
