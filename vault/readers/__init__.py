"""Files in, readings out: recognised by content, read without running anything, refused in one sentence.

`read` works in the caller's process. A file that someone sent goes through `sandbox.read`: the same, in a child that is limited.
The parsers are imported when a file is read, so that the web and the workers, which leave that to the child, never load one.
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
    """`authorities`: folders of further test certificates, which count only with `trust_test_authority`. `signature_authorities`:
    folders of the certificates whose signatures of PDF files are known."""
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
    """An electronic signature is one: what the page lacks to the eye says nothing then."""
    if not electronic:
        return reading
    others = [one for one in reading.checks if one.code != "signed"]
    whole = any(one.code == "pdf_signature" and one.outcome == "passed" for one in electronic)
    return dataclasses.replace(reading, checks=[*others, *electronic, *([check("signed", "passed")] if whole else [])])
