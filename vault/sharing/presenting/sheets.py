"""What is printed at the desk: the sheet that gives somebody the vault that was opened with them, a mandate to sign."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django_scopes import scope

from accounts.models import Sheet
from core.pdf import apart
from vault.sharing.presenting.desk import on_paper

STYLE = Path(__file__).with_name("sheet.css")


def form_to_sign(said: Mapping[str, Any]) -> bytes:
    """A mandate, for somebody who signs it with a pen.

    Raises:
        apart.NotDrawn
    """
    return apart.draw(render_to_string("sharing/pdf/mandate.html", dict(said)), style=STYLE.read_text())


def pdf(sheet: Sheet, code: str) -> bytes:
    """In the language of the agent's page. The code goes by a pipe and is on no disk.

    Raises:
        apart.NotDrawn
    """
    with scope(resident=sheet.person_id):
        html = render_to_string("sharing/pdf/sheet.html", on_paper(sheet, code))
    return apart.draw(html, style=STYLE.read_text())
