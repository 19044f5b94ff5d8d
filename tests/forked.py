"""Does what vault/readers/child.py, platform/core/pdf/child.py and services/dossiers/pdf/layer.py do, in processes
forked from one that has loaded their modules.

Loading them takes half a second of processor time. Each fork sets the child's own limits, but for its memory, which
counts from what is loaded.
"""

import ctypes.util
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
#: What readers load when they need it.
LATER = (
    "icalendar lxml.etree lxml.html numpy pillow_heif pyhanko.keys pyhanko.pdf_utils.reader pyhanko.sign.diff_analysis"
    " pyhanko.sign.validation pyhanko_certvalidator yaml"
)


class Parent:
    """The process that has loaded the modules of a child, one of `LOAD`."""

    def __init__(self, child: str) -> None:
        variables = {
            "HOME": "/nonexistent",
            "LANG": "C.UTF-8",
            "MALLOC_ARENA_MAX": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
            "TMPDIR": tempfile.gettempdir(),
        }
        command = [sys.executable, "-m", "tests.forked", child]
        self.process = subprocess.Popen(
            command, env=variables, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.asked = Lock()

    def answer(self, sent: bytes, *arguments: str) -> bytes:
        """Return all that the child writes when it is sent these bytes. Threads ask one after the other."""
        assert self.process.stdin and self.process.stdout
        with self.asked:
            self.process.stdin.write(json.dumps([len(sent), *arguments]).encode() + b"\n" + sent)
            self.process.stdin.flush()
            return self.process.stdout.read(int(self.process.stdout.readline()))


@cache
def parent(child: str) -> Parent:
    """Return the one of this worker. It ends with it: its input is closed then."""
    return Parent(child)


def load_readers() -> None:
    from vault import readers

    for module in pkgutil.walk_packages(readers.__path__, "vault.readers."):
        if module.name != "vault.readers.sandbox":
            importlib.import_module(module.name)
    for name in LATER.split():
        importlib.import_module(name)


def load_renderer() -> None:
    """Load what draws. It has drawn nothing yet, so it has no thread, which a fork would lack."""
    ctypes.util.find_library = lambda name: None  # as the child does
    importlib.import_module("core.pdf.layout")


def load_layer() -> None:
    load_renderer()
    for name in ("services.dossiers.pdf.content", "services.dossiers.pdf.watermark"):
        importlib.import_module(name)


LOAD = {
    "vault.readers.child": load_readers,
    "core.pdf.child": load_renderer,
    "services.dossiers.pdf.layer": load_layer,
}


def answer(child: Any, sent: bytes, arguments: list[str]) -> bytes:
    ours, theirs = os.pipe()
    with tempfile.TemporaryFile() as file, tempfile.TemporaryDirectory() as folder:
        file.write(sent)
        file.seek(0)
        process = os.fork()
        if not process:
            os.dup2(file.fileno(), 0)
            os.dup2(theirs, 1)
            # The child makes its folder its user's own.
            os.environ["TMPDIR"] = tempfile.tempdir = folder
            sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
            try:
                child.main(*arguments)
            finally:
                os._exit(0)
        os.close(theirs)
        with open(ours, "rb") as output:
            said = output.read()
        os.waitpid(process, 0)
    return said


def main(name: str) -> None:
    LOAD[name]()
    child: Any = importlib.import_module(name)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    child.MAX_MEMORY += pages * os.sysconf("SC_PAGE_SIZE")
    while line := sys.stdin.buffer.readline():
        size, *arguments = json.loads(line)
        said = answer(child, sys.stdin.buffer.read(size), arguments)
        sys.stdout.buffer.write(b"%d\n" % len(said) + said)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1])
