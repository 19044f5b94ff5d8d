"""Subprocess that lays a dossier out: the text and its images on stdin, a line after each page and a PDF on stdout.

Run it by path with `python -I`. It does not load Django, and owns nothing but its code, the system's fonts and the
folder TMPDIR, where the renderer copies the document's fonts.
"""

import ctypes.util
import json
import mimetypes
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pydyf
    from weasyprint import Attachment, Document

MEGABYTE = 1024 * 1024
#: A dossier of 300 pages takes 1.2 GB of addresses.
MAX_MEMORY = 3 * 1024 * MEGABYTE
CPU_SECONDS = 600
ROOT = Path(__file__).resolve().parents[3]


def main() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    from core.confinement import inside
    from core.pdf.child import FONT_CACHE, SYSTEM_FONTS

    inside.confine(
        memory=MAX_MEMORY,
        cpu_seconds=CPU_SECONDS,
        file_bytes=MEGABYTE,
        reads=[ROOT / "platform" / "core", ROOT / "services", *SYSTEM_FONTS, FONT_CACHE],
        writes=[os.environ["TMPDIR"]],
    )
    # As core/pdf/child.py.
    ctypes.util.find_library = lambda name: None
    mimetypes.knownfiles.clear()
    source, out = sys.stdin.buffer, sys.stdout.buffer
    asked = json.loads(source.readline())
    pdf, pages = _laid_out(asked, source, out)
    out.write(json.dumps({"pages": pages, "bytes": len(pdf)}).encode() + b"\n" + pdf)
    out.flush()
    os._exit(0)


def _laid_out(asked: dict[str, Any], source: IO[bytes], out: IO[bytes]) -> tuple[bytes, int]:
    from core.pdf.layout import VARIANT, lay_out

    document = lay_out(asked["html"], style=asked["style"], files=_files(asked, source, out))
    pdf: bytes = document.write_pdf(
        pdf_variant=VARIANT,
        pdf_identifier=bytes.fromhex(asked["identifier"]),
        attachments=[_attachment(asked, told, source.read(told["bytes"])) for told in asked["attachments"]],
        finisher=_tidy,
    )
    return pdf, len(document.pages)


def _files(asked: dict[str, Any], source: IO[bytes], out: IO[bytes]) -> dict[str, tuple[bytes, str]]:
    """Read the images. Mark those of papers, with a line for each."""
    from services.dossiers.pdf.content import Box, PageImage
    from services.dossiers.pdf.watermark import Watermark

    mark, files = Watermark(asked["mark"]), {}
    for told in asked["files"]:
        content = source.read(told["bytes"])
        if "clear" in told:
            page = PageImage(content, 0, 0, tuple(Box(*corners) for corners in told["clear"]))
            content = mark.stamp(page).jpeg
            out.write(b"{}\n")
            out.flush()
        files[told["name"]] = content, told["type"]
    return files


def _attachment(asked: dict[str, Any], told: dict[str, Any], content: bytes) -> "Attachment":
    from weasyprint import Attachment

    from core.pdf.assets import Assets

    made_at = datetime.fromisoformat(asked["made_at"])
    return Attachment(
        string=content,
        name=told["name"],
        description=told["description"],
        created=made_at,
        modified=made_at,
        relationship=told["relationship"],
        url_fetcher=Assets({}),
    )


def _tidy(document: "Document", pdf: "pydyf.PDF") -> None:
    """Remove the duplicates of the catalogue's /AF: WeasyPrint lists each attachment twice."""
    import pydyf

    pdf.catalog["AF"] = pydyf.Array(dict.fromkeys(pdf.catalog["AF"]))


if __name__ == "__main__":
    main()
