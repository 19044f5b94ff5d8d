"""The limited process that watermarks a visitor's paper: bytes on stdin, a PDF on stdout, nothing else.

Run by path with `python -I`, as vault/readers/child.py is; it owns nothing but its code, as that one.
"""

import io
import sys
from pathlib import Path
from typing import Any

QUESTION = "watermark"


def _watermark(data: bytes, settings: dict[str, Any]) -> None:
    from services.dossiers.pdf.marked import marked_pdf
    from vault.readers import child
    from vault.readers.files.document import open_document
    from vault.readers.reading import Unreadable

    document = open_document(data)
    if document.pages > int(settings["max_pages"]):
        raise Unreadable("over_twenty_pages")
    images = (document.raster(number, dpi=int(settings["dpi"])) for number in range(document.pages))
    out = io.BytesIO()
    marked_pdf(images, text=str(settings["text"]), dpi=int(settings["dpi"]), out=out)
    child.write_message({"bytes": out.tell()})
    sys.stdout.buffer.write(out.getbuffer())


if __name__ == "__main__":
    root = Path(__file__).resolve().parents[3]
    sys.path[:0] = [str(root), str(root / "platform")]
    from vault.readers import child

    child.serve({QUESTION: _watermark}, sys.argv[1], sys.argv[2], reads=[*child.CODE, root / "services"])
