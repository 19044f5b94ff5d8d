"""Subprocess that renders one short document: JSON on stdin, a PDF on stdout. Run it by path with `python -I`.

It does not load Django, and owns nothing but its code, the system's fonts and the folder TMPDIR, where the renderer
copies the document's fonts. The text is never written to a file.
"""

import ctypes.util
import json
import mimetypes
import os
import sys
from pathlib import Path

MEGABYTE = 1024 * 1024
MAX_MEMORY = 1024 * MEGABYTE
CPU_SECONDS = 15
PLATFORM = Path(__file__).resolve().parents[2]
#: Where a Debian keeps fonts, and what describes them.
SYSTEM_FONTS = ("/etc/fonts", "/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/fontconfig")
FONT_CACHE = "/var/cache/fontconfig"


def main() -> None:
    sys.path.insert(0, str(PLATFORM))
    from core.confinement import inside

    inside.confine(
        memory=MAX_MEMORY,
        cpu_seconds=CPU_SECONDS,
        file_bytes=MEGABYTE,
        reads=[PLATFORM / "core", *SYSTEM_FONTS, FONT_CACHE],
        writes=[os.environ["TMPDIR"]],
    )
    # WeasyPrint also tries the names that libraries have elsewhere, and for each Python would start a compiler.
    ctypes.util.find_library = lambda name: None
    # No list of the machine's: Python would fail at one that it may not read.
    mimetypes.knownfiles.clear()
    from core.pdf.layout import VARIANT, lay_out

    asked = json.load(sys.stdin.buffer)
    variant = VARIANT if asked["tagged"] else None
    pdf: bytes = lay_out(asked["html"], style=asked["style"], variant=variant).write_pdf(pdf_variant=variant)
    sys.stdout.buffer.write(pdf)
    sys.stdout.buffer.flush()
    # A thread of Pango's still lists fonts, and crashes now and then in a library that a normal exit has unloaded.
    os._exit(0)


if __name__ == "__main__":
    main()
