"""Subprocess that renders one short document: JSON on stdin, a PDF on stdout. Run it by path with `python -I`.

It does not load Django.
"""

import ctypes.util
import json
import os
import resource
import sys
from pathlib import Path

MEGABYTE = 1024 * 1024
MAX_MEMORY = 1024 * MEGABYTE
CPU_SECONDS = 15


def main() -> None:
    _limit()
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    # WeasyPrint also tries the names that libraries have elsewhere, and for each Python would start a compiler.
    ctypes.util.find_library = lambda name: None
    from core.pdf import leftovers
    from core.pdf.layout import VARIANT, lay_out

    asked = json.load(sys.stdin.buffer)
    variant = VARIANT if asked["tagged"] else None
    pdf: bytes = lay_out(asked["html"], style=asked["style"], variant=variant).write_pdf(pdf_variant=variant)
    sys.stdout.buffer.write(pdf)
    sys.stdout.buffer.flush()
    leftovers.remove_own()
    # A thread of Pango's still lists fonts, and crashes now and then in a library that a normal exit has unloaded.
    os._exit(0)


def _limit() -> None:
    """Limit memory, time and file size. The renderer copies the fonts to a temporary folder, so files are allowed.

    The text is never written to a file.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, MEGABYTE))


if __name__ == "__main__":
    main()
