"""A short document drawn at once, in a process that ends with it: the web processes never hold the renderer (60 MB each).

It costs about a second, most of it spent loading the renderer. What is long or has images is a job.
"""

import json
import subprocess
import sys
from pathlib import Path

CHILD = Path(__file__).with_name("child.py")
#: Seconds on a loaded machine; the processor's own limit is in child.py.
WAIT = 60


class NotDrawn(Exception):
    """The renderer took too long or asked for too much. Nothing of the text is in this message."""


def draw(html: str, *, style: str) -> bytes:
    """The text goes by a pipe, the PDF comes back by another: neither touches a disk.

    Raises:
        NotDrawn
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(CHILD)],
            input=json.dumps({"html": html, "style": style}).encode(),
            capture_output=True,
            timeout=WAIT,
            env={"HOME": "/nonexistent", "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"},
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotDrawn from None
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        raise NotDrawn
    return done.stdout
