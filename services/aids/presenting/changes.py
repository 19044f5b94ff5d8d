"""The aids whose amount is no longer that of the last result kept, because of a new value."""

from typing import Final

from django.utils.translation import gettext as _

from core.templatetags.civic import nbsp
from services.aids import results
from services.aids.actions.simulations import Simulation
from services.aids.presenting.results import euros, unit_words, why_url
from services.aids.results import Result

SHOWN: Final = 6


def changes(simulation: Simulation) -> list[dict[str, str]]:
    """Return the aids whose amount changed since the last result kept, as rows for `components/lines.html`."""
    if simulation.before is None:
        return []
    before = {one["code"]: one for one in simulation.before}
    rows = []
    for result in simulation.results.results:
        held = before.get(result.code)
        if held is None or not result.benefit.money or result.receiving:
            continue
        was = _kept_amount(held["statut"] == results.ELIGIBLE, held.get("montant"), result)
        now = _kept_amount(result.status == results.ELIGIBLE, f"{result.low:.2f}", result)
        if was != now:
            text = _("%(before)s devient %(after)s") % {"before": was, "after": now}
            rows.append({"label": str(result.benefit.title), "href": why_url(result.code), "text": nbsp(text)})
    return rows[:SHOWN]


def _kept_amount(is_due: bool, amount: str | None, result: Result) -> str:
    if not is_due or not amount:
        return _("rien de sûr")
    return f"{euros(float(amount))} {unit_words(result.benefit.unit)}"
