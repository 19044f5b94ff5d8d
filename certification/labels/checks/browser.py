"""The limited process that becomes Chromium: it shows one page of a publisher, from a folder of its own.

Run by path with `python -I`: the folder, then Chromium's words. It reads its code, its libraries and fonts, and what
the kernel says of the machine; it writes into its folder and shared memory; it has no network.
"""

import os
import sys
from pathlib import Path

PLATFORM = Path(__file__).resolve().parents[3] / "platform"
CPU_SECONDS = 60
FILE_BYTES = 256 * 1024 * 1024
READS = (
    "/proc",
    "/sys",
    "/dev/urandom",
    "/etc/fonts",
    "/etc/chromium",
    "/etc/chromium.d",
    "/usr/share",
    "/var/cache/fontconfig",
)
#: A distribution's Chromium is a script that starts the program beside it.
STARTS = ("/bin/sh", "/usr/bin", "/usr/lib", "/lib64", "/lib")


def main(folder: str, chromium: str, *words: str) -> None:
    sys.path.insert(0, str(PLATFORM))
    from core.confinement import inside

    home = Path(chromium).resolve().parent
    inside.confine_browser(
        cpu_seconds=CPU_SECONDS,
        file_bytes=FILE_BYTES,
        reads=[*READS, *STARTS, home],
        folder=folder,
        runs=[*STARTS, str(home), chromium],
    )
    variables = {"HOME": folder, "TMPDIR": folder, "PATH": os.defpath, "LANG": "C.UTF-8"}
    os.execve(chromium, [chromium, *words], variables)  # noqa: S606 - no shell


if __name__ == "__main__":
    main(*sys.argv[1:])
