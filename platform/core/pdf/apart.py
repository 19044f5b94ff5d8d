"""Render a short document in a subprocess, so that web processes never load the renderer (60 MB each).

Cost: about a second, mostly for loading the renderer. Long documents and those with images need a job.
"""

import json
from pathlib import Path

from django.template.loader import render_to_string
from django.utils.translation import override

from core.confinement import starting
from core.pdf import leftovers

CHILD = Path(__file__).with_name("child.py")
#: The style of a letter: those of residents to holders, and of the city to publishers.
LETTER = Path(__file__).with_name("letter.css")
#: Seconds, for a loaded machine. child.py limits the processor time.
WAIT = 60
#: Bytes of a PDF. The longest copy of a journal takes a tenth.
MAX_PDF = 32 * 1024 * 1024


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
    asked = json.dumps({"html": html, "style": style, "tagged": tagged}).encode()
    folder = leftovers.make()
    try:
        with starting.started(CHILD, seconds=WAIT, TMPDIR=str(folder)) as process:
            assert process.stdin and process.stdout  # noqa: S101 (both are pipes)
            process.stdin.write(asked)
            process.stdin.close()
            pdf = process.stdout.read(MAX_PDF + 1)
            is_whole = len(pdf) <= MAX_PDF and process.wait() == 0
    except (BrokenPipeError, starting.NotConfined):
        leftovers.remove()
        raise NotDrawn from None
    finally:
        leftovers.remove_one(folder)
    if not is_whole or not pdf.startswith(b"%PDF"):
        leftovers.remove()
        raise NotDrawn
    return pdf
