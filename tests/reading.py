"""Reads files as vault/readers/child.py does, in processes forked from one that has loaded the readers.

Loading them takes half a second of processor time. Each fork sets the child's own limits, but for its memory, which
counts from what is loaded.
"""

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: What readers load when they need it.
LATER = (
    "icalendar lxml.etree lxml.html numpy pillow_heif pyhanko.keys pyhanko.pdf_utils.reader pyhanko.sign.diff_analysis"
    " pyhanko.sign.validation pyhanko_certvalidator"
)


class Reader:
    """The process that has loaded the readers."""

    def __init__(self) -> None:
        variables = {
            "HOME": "/nonexistent",
            "LANG": "C.UTF-8",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
        }
        command = [sys.executable, "-m", "tests.reading"]
        self.process = subprocess.Popen(
            command, env=variables, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def answer(self, mode: str, cpu_seconds: int, sent: bytes) -> bytes:
        """Return all that the child writes when it is sent these bytes."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps([mode, cpu_seconds, len(sent)]).encode() + b"\n" + sent)
        self.process.stdin.flush()
        return self.process.stdout.read(int(self.process.stdout.readline()))


@cache
def reader() -> Reader:
    """Return the one of this worker. It ends with it: its input is closed then."""
    return Reader()


def load() -> None:
    from vault import readers

    for module in pkgutil.walk_packages(readers.__path__, "vault.readers."):
        if module.name != "vault.readers.sandbox":
            importlib.import_module(module.name)
    for name in LATER.split():
        importlib.import_module(name)


def read(mode: str, cpu_seconds: int, sent: bytes) -> bytes:
    ours, theirs = os.pipe()
    with tempfile.TemporaryFile() as file:
        file.write(sent)
        file.seek(0)
        process = os.fork()
        if not process:
            from vault.readers import child

            os.dup2(file.fileno(), 0)
            os.dup2(theirs, 1)
            sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
            try:
                child.main(mode, str(cpu_seconds))
            finally:
                os._exit(0)
        os.close(theirs)
        with open(ours, "rb") as output:
            said = output.read()
        os.waitpid(process, 0)
    return said


def main() -> None:
    load()
    from vault.readers import child

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    child.MAX_MEMORY += pages * os.sysconf("SC_PAGE_SIZE")
    while line := sys.stdin.buffer.readline():
        mode, cpu_seconds, size = json.loads(line)
        said = read(mode, cpu_seconds, sys.stdin.buffer.read(size))
        sys.stdout.buffer.write(b"%d\n" % len(said) + said)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
