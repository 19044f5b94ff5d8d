"""The explanation of one aid as a tagged PDF, in the page's language: what its page says, without its links."""

from pathlib import Path
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import get_language

from core.models import City
from core.pdf import apart
from core.templatetags.civic import long_date
from services.aids.actions.simulations import Simulation
from services.aids.engine import run as engine
from services.aids.presenting.why import why
from services.aids.results import Result
from services.aids.results.sweep import BreakEven

STYLE: Final = Path(__file__).with_name("explanation.css")


def pdf(simulation: Simulation, result: Result, point: BreakEven | None) -> bytes:
    """Draw the explanation; raises as `apart.draw`."""
    html = render_to_string("aids/pdf/explanation.html", context(simulation, result, point))
    return apart.draw(html, style=STYLE.read_text())


def context(simulation: Simulation, result: Result, point: BreakEven | None) -> dict[str, Any]:
    found = why(simulation, result, point)
    figures = found["figures"]
    if figures:
        # Three columns fit the sheet: where a value comes from is a link of the page, of no use on paper.
        figures = {
            "heads": figures["heads"][:3],
            "rows": [[strip_tags(str(cell)) for cell in row[:3]] for row in figures["rows"]],
        }
    return {
        **found,
        "figures": figures,
        "language": get_language(),
        "city": City.current().label,
        "day": long_date(timezone.localdate()),
        "versions": engine.versions(),
    }
