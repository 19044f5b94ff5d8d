"""The sheet of paper that gives somebody the vault that was opened with them at the desk."""

from pathlib import Path

from django.template.loader import render_to_string
from django_scopes import scope

from accounts.models import Sheet
from core.pdf import apart
from vault.presenting.desk import on_paper

STYLE = Path(__file__).with_name("sheet.css")


def pdf(sheet: Sheet, code: str) -> bytes:
    """In the language of the agent's page. The code goes by a pipe and is on no disk.

    Raises:
        apart.NotDrawn
    """
    with scope(resident=sheet.person_id):
        html = render_to_string("vault/pdf/sheet.html", on_paper(sheet, code))
    return apart.draw(html, style=STYLE.read_text())
