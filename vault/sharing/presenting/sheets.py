"""PDF documents printed at the desk: the sheet that gives a resident their vault, a mandate to sign."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django_scopes import scope

from accounts.models import Sheet
from core.pdf import apart
from vault.sharing.presenting.desk import on_paper

STYLE = Path(__file__).with_name("sheet.css")


def form_to_sign(context: Mapping[str, Any]) -> bytes:
    """Draw a mandate that the resident signs with a pen.

    Raises:
        apart.NotDrawn
    """
    return apart.draw(render_to_string("sharing/pdf/mandate.html", dict(context)), style=STYLE.read_text())


def pdf(sheet: Sheet, code: str) -> bytes:
    """Draw the sheet in the language of the agent's page. The code goes through a pipe, never to a disk.

    Raises:
        apart.NotDrawn
    """
    with scope(resident=sheet.person_id):
        html = render_to_string("sharing/pdf/sheet.html", on_paper(sheet, code))
    return apart.draw(html, style=STYLE.read_text())
