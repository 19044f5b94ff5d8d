"""Ask the limited child for a watermarked paper. Nothing is written: bytes in, bytes out."""

from pathlib import Path

from django.utils.translation import gettext as _

from services.dossiers.pdf import child
from vault.readers import Unreadable, sandbox
from vault.readers.sentences import UNREADABLE

CHILD = Path(child.__file__)
DPI = 150
MAX_PAGES = 20
SECONDS = 30
#: Bytes of a watermarked paper: more than twice what twenty pages of noise take.
MOST = 64 * 1024 * 1024
TOO_MANY = "over_twenty_pages"


class CannotMark(Exception):
    """The file is refused; the message is a sentence for whoever gave it."""


def mark(content: bytes, *, text: str) -> bytes:
    """Return the paper as a PDF whose every page carries the text.

    Raises:
        CannotMark
    """
    options = {"text": text, "dpi": DPI, "max_pages": MAX_PAGES}
    try:
        _message, pdf = sandbox.ask(
            CHILD, child.QUESTION, options, content, cpu_seconds=SECONDS, most=MOST, refusals=[TOO_MANY]
        )
    except Unreadable as refusal:
        if refusal.code == TOO_MANY:
            raise CannotMark(_("Ce PDF a plus de 20 pages. Envoyez seulement les pages utiles.")) from None
        raise CannotMark(_(UNREADABLE[refusal.code])) from None
    if not pdf.startswith(b"%PDF"):
        raise CannotMark(_(UNREADABLE["damaged"]))
    return pdf
