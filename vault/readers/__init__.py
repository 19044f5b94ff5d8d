"""Turn a file into a reading. A file is recognised by its content and nothing in it is run; a refusal is one sentence.

`read` works in the caller's process. Uploaded files go through `sandbox.read`, which does the same in a limited child.
Parsers are imported when a file is read: web and worker processes use the child and load none.
"""

import dataclasses
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from core.files.sizes import MAX_FILE
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

__all__ = ["MAX_PAGES", "Ask", "CheckResult", "Fact", "PageImage", "Reading", "Table", "Unreadable", "read"]


def read(
    stream: BinaryIO,
    *,
    trust_test_authority: bool,
    authorities: Sequence[Path] = (),
    signature_authorities: Sequence[Path] = (),
    ask: Ask = UNASKED,
) -> Reading:
    """Read a file.

    Args:
        authorities: folders of additional test certificates, used only with `trust_test_authority`.
        signature_authorities: folders of the certificates accepted as signers of PDF files.

    Raises:
        Unreadable: the file is refused.
    """
    from vault.readers import formats
    from vault.readers.files.document import open_document
    from vault.readers.formats.paper import printed, signature
    from vault.readers.formats.paper import reader as paper
    from vault.readers.formats.twoddoc import reader as twoddoc
    from vault.readers.formats.twoddoc.trust import Trust

    data = stream.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise Unreadable("too_big")
    if (reader := formats.reader_of(data, ask)) is not None:
        return reader.read(data, ask)
    document = open_document(data)
    codes = twoddoc.find_codes(document)
    electronic = signature.look(data, signature_authorities) if document.media_type == PDF else []
    if not codes:
        return _with(electronic, printed.completed(paper.read(document), document))
    trusted = Trust(test=trust_test_authority, folders=tuple(authorities))
    source = hashlib.sha256(data).hexdigest()
    reading = twoddoc.read(document, codes, source=source, trusted=trusted, today=datetime.now(UTC).date())
    return _with(electronic, printed.completed(reading, document))


def _with(electronic: Sequence[CheckResult], reading: Reading) -> Reading:
    """Add the checks of the PDF's electronic signature. They replace the check of a drawn signature."""
    if not electronic:
        return reading
    others = [one for one in reading.checks if one.code != "signed"]
    whole = any(one.code == "pdf_signature" and one.outcome == "passed" for one in electronic)
    return dataclasses.replace(reading, checks=[*others, *electronic, *([check("signed", "passed")] if whole else [])])
