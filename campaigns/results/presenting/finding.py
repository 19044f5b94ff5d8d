"""The sentence that a page of results begins with, and what to know before quoting it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.noise import budget
from campaigns.noise.plan import Plan
from campaigns.plans.models import Campaign
from campaigns.plans.presenting.ways import Way
from campaigns.results import published as found
from campaigns.results.presenting import figures, sections
from campaigns.results.presenting.sections import Line
from campaigns.results.published import Published
from core.templatetags.civic import long_date, number


def title(published: Published) -> str:
    """Return the finding: the largest answer of the first table that counts each participant once."""
    first = next(iter(_ranked(published)), None)
    if first is None or first.figure is None:
        return published.plan.title.in_language(figures.language())
    return _("%(label)s : environ %(share)s des %(unit)s") % {
        "label": first.label,
        "share": first.figure.words,
        "unit": figures.unit_words(published),
    }


def way_to_results(campaign: Campaign) -> Way | None:
    shown = found.with_figures(campaign)
    if not shown:
        return None
    return Way(_("Lire les résultats"), reverse("results:latest", args=[campaign.code]), title(shown[-1]))


def lede(published: Published) -> str:
    """Return the second answer, or that the first two cannot be told apart."""
    ranked = _ranked(published)
    if len(ranked) < 2 or ranked[0].figure is None or ranked[1].figure is None:
        return ""
    first, second = ranked[0].figure, ranked[1].figure
    if first.low <= second.high:
        return _("%(label)s suit à %(share)s : les marges se touchent, l’ordre des deux n’est pas sûr.") % {
            "label": ranked[1].label,
            "share": second.words,
        }
    return _("%(label)s suit, à environ %(share)s.") % {"label": ranked[1].label, "share": second.words}


def _ranked(published: Published) -> list[Line]:
    for table in published.tables:
        dimensions = [published.plan.dimension(code) for code in table["dimensions"]]
        if not sections.can_share(published, table) or dimensions[0].kind not in {"choice", "number"}:
            continue
        whole = published.document["noisy_n"]
        lines = [
            Line(figures.label(published, table, cell), figures.share(cell, whole))
            for cell in found.shown_cells(table)
            if figures.is_given(published, table, cell)
        ]
        kept = [line for line in lines if line.figure is not None]
        return sorted(kept, key=lambda line: -line.figure.value)  # type: ignore[union-attr]  # filtered above
    return []


def facts(published: Published) -> list[dict[str, str]]:
    """Return what to know before quoting: who took part, the margin, what is hidden, the bound of privacy."""
    stored = published.document
    many = stored["noisy_n"]
    spent = budget.compute_spending(published.plan)
    around = figures.Figure(many["value"], many["low"], many["high"])
    return [
        {
            "key": _("Participants"),
            "value": _(
                "Environ %(count)s %(unit)s (%(margin)s), qui se sont proposés. Ils ne représentent pas toute la"
                " ville."
            )
            % {"count": around.words, "unit": figures.unit_words(published), "margin": around.margin},
        },
        {
            "key": _("Marge"),
            "value": _("Elle dit le hasard ajouté pour protéger chacun. Elle ne dit rien des absents."),
        },
        {"key": _("Caché"), "value": _hidden(published.tables)},
        {
            "key": _("Secret"),
            "value": _("Une personne de plus ou de moins ne change presque rien : ε = %(epsilon)s pour δ = %(delta)s.")
            % {"epsilon": number(round(spent["epsilon"], 2), 2), "delta": _power(spent["delta"])},
        },
    ]


def _hidden(tables: Sequence[Mapping[str, Any]]) -> str:
    count, cells = sum(map(found.hidden, tables)), sum(len(table["cells"]) for table in tables)
    if not count:
        return _("Aucun total n’est caché.")
    text = ngettext(
        "%(count)s total sur %(all)s, trop petit ou trop incertain.",
        "%(count)s totaux sur %(all)s, trop petits ou trop incertains.",
        count,
    )
    return text % {"count": number(count), "all": number(cells)}


def _power(delta: float) -> str:
    return "10⁻⁶" if delta == 1e-6 else str(delta)


def kicker(published: Published) -> str:
    """Return the question, then which publication this is and its day."""
    return f"{published.plan.question.in_language(figures.language())} {name_window(published)}"


def name_window(published: Published) -> str:
    """Return which publication of its consultation this is: two may have come out on one day."""
    windows = [window.code for window in published.plan.windows]
    values = {
        "number": windows.index(published.window) + 1,
        "all": len(windows),
        "day": long_date(published.document["date"]),
    }
    if len(windows) == 1:
        return _("Publication du %(day)s") % values
    return _("Publication %(number)s sur %(all)s, du %(day)s") % values


def none_yet(publications: Sequence[Published], plan: Plan) -> str:
    """Return why there is no figure: not yet, too few contributions, or given up."""
    if any(one.document["outcome"] == "too_few" for one in publications):
        return _("Trop peu de personnes ont participé : aucun chiffre ne sortira. Les réponses ont été effacées.")
    done = {one.window for one in publications}
    waiting = [window for window in plan.windows if window.code not in done]
    if not waiting:
        return _("Aucun chiffre n’est sorti de cette consultation.")
    day = long_date(waiting[0].release)
    if publications:
        return _("Trop peu de réponses nouvelles au dernier rendez-vous. Le prochain est le %(day)s.") % {"day": day}
    return _("Les premiers chiffres sortiront le %(day)s, s’il y a assez de réponses.") % {"day": day}
