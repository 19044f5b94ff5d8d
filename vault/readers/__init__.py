"""Turn a file into a reading. A file is recognised by its content and nothing in it is run; a refusal is one sentence.

`read` works in the caller's process. Uploaded files go through `sandbox.read`, which does the same in a limited child.
Parsers are imported when a file is read: web and worker processes use the child and load none.
"""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from core.files.sizes import MAX_FILE
from vault.readers import recognise, sentences
from vault.readers.reading import (
    MAX_PAGES,
    UNASKED,
    Ask,
    CheckResult,
    Fact,
    PageImage,
    Reading,
    Table,
    Unreadable,
    check,
)
from vault.readers.recognise import PDF

if TYPE_CHECKING:
    from vault.readers.formats import Reader

__all__ = ["MAX_PAGES", "Ask", "CheckResult", "Fact", "PageImage", "Reading", "Table", "Unreadable", "read"]


#: The formats whose last line is a row, and not a note.
ROWS_TO_THE_END = {"bank_csv", "enedis_csv", "gps_csv", "receipts"}
#: The types of what has happened: a calendar may go further than next year, a meter or a bank may not.
PAST = {"banque.operation", "energie.serie", "energie.index", "acc.repartition", "mobilite.trajet", "achats.ticket"}


def read(
    stream: BinaryIO,
    *,
    trust_test_authority: bool,
    authorities: Sequence[Path] = (),
    signature_authorities: Sequence[Path] = (),
    ask: Ask = UNASKED,
    today: date | None = None,
) -> Reading:
    """Read a file.

    Args:
        authorities: folders of additional test certificates, used only with `trust_test_authority`.
        signature_authorities: folders of the certificates accepted as signers of PDF files.
        today: the day in Paris, as on the papers. A code that is signed later is not believed.

    Raises:
        Unreadable: the file is refused.
    """
    from vault.readers import formats
    from vault.readers.files.document import open_document
    from vault.readers.files.text import as_utf_8
    from vault.readers.formats.paper import printed, signature
    from vault.readers.formats.paper import reader as paper
    from vault.readers.formats.twoddoc import reader as twoddoc
    from vault.readers.formats.twoddoc.trust import Trust
    from vault.readers.formats.twoddoc.values import PARIS

    today = today or datetime.now(PARIS).date()
    data = stream.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise Unreadable("too_big_data")
    content = as_utf_8(data)
    recognise.refuse_named(data)
    if content is not data:
        recognise.refuse_named(content)
    if (reader := formats.reader_of(content, ask)) is not None:
        return _read_data(reader, data, content, ask, today)
    document = open_document(data)
    codes = twoddoc.find_codes(document)
    electronic = signature.look(data, signature_authorities) if document.media_type == PDF else []
    if not codes:
        return _with(electronic, printed.completed(paper.read(document), document))
    trusted = Trust(test=trust_test_authority, folders=tuple(authorities))
    source = hashlib.sha256(data).hexdigest()
    reading = twoddoc.read(document, codes, source=source, trusted=trusted, today=today)
    return _with(electronic, printed.completed(reading, document))


def _read_data(reader: "Reader", data: bytes, content: bytes, ask: Ask, today: date) -> Reading:
    """Read a file of data.

    Its records name the file as it came, whose hash they bear. What no line ends, what leaves no record and what is
    written twice is said.

    Raises:
        Unreadable: something happened after the next year.
    """
    reading = reader.read(content, ask)
    if any(record["type"] in PAST and _year(record) > today.year + 1 for record in reading.records):
        raise Unreadable("far_away")
    source = hashlib.sha256(data).hexdigest()
    for record in reading.records:
        record["provenance"]["source_document"] = source
    warnings = list(reading.warnings)
    if reading.format in ROWS_TO_THE_END and reading.media_type == "text/csv" and not content.endswith(b"\n"):
        warnings.append(sentences.LAST_LINE_OPEN)
    if any("duplicate" in record["provenance"].get("quality", ()) for record in reading.records):
        warnings.append(sentences.SAME_STAMP)
    said = warnings or reading.table or any(one.outcome != "passed" for one in reading.checks)
    if not reading.records and not said:
        warnings.append(sentences.NOTHING_KEPT)
    return dataclasses.replace(reading, warnings=warnings)


def _year(record: Mapping[str, Any]) -> int:
    return int(record.get("period", {}).get("start", "0000")[:4])


def _with(electronic: Sequence[CheckResult], reading: Reading) -> Reading:
    """Add the checks of the PDF's electronic signature. They replace the check of a drawn signature."""
    if not electronic:
        return reading
    others = [one for one in reading.checks if one.code != "signed"]
    whole = any(one.code == "pdf_signature" and one.outcome == "passed" for one in electronic)
    return dataclasses.replace(reading, checks=[*others, *electronic, *([check("signed", "passed")] if whole else [])])
