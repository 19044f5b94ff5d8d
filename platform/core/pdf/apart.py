"""Render a short document in a subprocess, so that web processes never load the renderer (60 MB each).

Cost: about a second, mostly for loading the renderer. Long documents and those with images need a job.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from django.template.loader import render_to_string
from django.utils.translation import override

from core.pdf import leftovers

CHILD = Path(__file__).with_name("child.py")
#: The style of a letter: those of residents to holders, and of the city to publishers.
LETTER = Path(__file__).with_name("letter.css")
ENVIRONMENT = {"HOME": "/nonexistent", "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}
#: Seconds, for a loaded machine. child.py limits the processor time.
WAIT = 60


class NotDrawn(Exception):
    """Rendering took too long or needed too much memory. The message holds none of the text."""


def draw_letter(template: str, letter: object) -> bytes:
    """Return the tagged PDF of a letter in French. `template` extends core/pdf/letter.html.

    Raises:
        NotDrawn
    """
    with override("fr"):
        html = render_to_string(template, {"letter": letter})
    return draw(html, style=LETTER.read_text())


def draw(html: str, *, style: str, tagged: bool = True) -> bytes:
    """Return the PDF of an HTML text. Both pass through pipes and never touch a disk.

    Args:
        tagged: False for pages that become parts of another document, where tags would name what is not there.

    Raises:
        NotDrawn: rendering failed.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(CHILD)],
            input=json.dumps({"html": html, "style": style, "tagged": tagged}).encode(),
            capture_output=True,
            timeout=WAIT,
            env=ENVIRONMENT | {"TMPDIR": tempfile.gettempdir()},
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired:
        leftovers.remove()
        raise NotDrawn from None
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        leftovers.remove()
        raise NotDrawn
    return done.stdout
