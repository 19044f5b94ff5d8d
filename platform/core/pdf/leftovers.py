"""The renderer's temporary folders, which hold fonts. A process that is killed while it renders leaves its own."""

import os
import re
import shutil
import tempfile
import time
from pathlib import Path

PREFIX = "weasyprint-"
UNNAMED_SECONDS = 3600
OF_PROCESS = re.compile(rf"{PREFIX}(\d+)-")


def make() -> Path:
    """Make this process's folder for one document; the renderer deletes it with the document."""
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


def remove_one(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def remove() -> None:
    """Delete this user's folders whose process has ended. One that names no process is deleted after an hour."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            if folder.lstat().st_uid == os.geteuid() and folder.is_dir() and not _in_use(folder):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def _in_use(folder: Path) -> bool:
    if process := OF_PROCESS.match(folder.name):
        return Path("/proc", process[1]).exists()
    return time.time() - folder.stat().st_mtime < UNNAMED_SECONDS
