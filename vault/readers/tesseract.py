"""The limited process that becomes Tesseract: an image on stdin, its printed lines on stdout, top to bottom.

Run by path with `python -I`. Cost, measured: 1 to 3 s of processor for a page. Handwriting gives nothing that makes
sense.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_MEMORY = 512 * 1024 * 1024
#: What the kernel starts a program with.
LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")


def main(cpu_seconds: str) -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    from core.confinement import inside
    from vault.readers.files import letters

    inside.confine(
        memory=MAX_MEMORY,
        cpu_seconds=int(cpu_seconds),
        reads=[letters.LETTERS.parent],
        runs=[letters.PROGRAM, *LOADERS],
    )
    os.execve(letters.PROGRAM, letters.WORDS, {"OMP_THREAD_LIMIT": "1", "LANG": "C.UTF-8"})  # noqa: S606 - no shell


if __name__ == "__main__":
    main(*sys.argv[1:])
