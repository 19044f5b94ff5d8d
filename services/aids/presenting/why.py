"""Prepare the page that explains one aid: its conditions, its calculation step by step, what would change it."""

from collections.abc import Sequence
from typing import Any, Final

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.pages import charts
from core.templatetags.civic import month, nbsp, number
from services.aids import catalogue, differences, results
from services.aids.actions.simulations import Simulation
from services.aids.facts.from_vault import Read
from services.aids.presenting.exclusions import exclusions
from services.aids.presenting.results import amount_words, dossier_url, euros, question_url
from services.aids.reasons.common import EURO_MONTH, EURO_YEAR, RATE, YEARS, Explanation, Figure, Reason, Span, cents
from services.aids.results import Result
from services.aids.results.sweep import BreakEven
from services.places import presenting as places
from vault import types
from vault.records.enums import Assurance
from vault.records.values.decrypted import Opened

#: Euros a month. No aid has a higher least amount.
LEAST_PAID: Final = 16.0


def why(simulation: Simulation, result: Result, point: BreakEven | None) -> dict[str, Any]:
    people = len(simulation.read.household.people)
    explanation = result.explanation
    amount, period = amount_words(result, people)
    return {
        "title": _why_title(result, amount, period),
        "result": result,
        "lead": nbsp(result.sentence.rstrip(".")),
        "chart": _chart(result),
        "chart_caption": _chart_caption(result),
        "figures": _figure_table(explanation.figures, simulation.read, _last_step(result, amount, period)),
        "conditions": [_condition(reason, explanation, simulation.read) for reason in explanation.reasons],
        "changes": [nbsp(text) for text in (*_break_even_words(result, point), *explanation.changes)],
        "exclusions": exclusions(simulation).get(result.code, []),
        "questions": [
            {"label": nbsp(question.text), "href": question_url(question.place)} for question in result.asks
        ],
        "dossier_href": dossier_url(result.benefit.dossier)
        if result.benefit.dossier and result.status == results.ELIGIBLE
        else "",
        "ask": _ask(catalogue.get(result.benefit.dossier)) if result.benefit.dossier else None,
        "differs": any(one.benefit == result.code for one in differences.ALL),
        "hypotheses": simulation.read.hypotheses,
    }


def _ask(aid: catalogue.Aid) -> dict[str, Any]:
    forms = [
        {"title": catalogue.in_words(form.title), "number": form.number, "verified": form.verified}
        for form in aid.forms
    ]
    return {
        "organisation": catalogue.in_words(aid.organisation),
        "places": [catalogue.in_words(place) for place in aid.where_to_send],
        "near": places.lines_named([aid.organisation, *aid.where_to_send]),
        "forms": forms,
        "automatic": aid.automatic,
    }


def _why_title(result: Result, amount: str, period: str) -> str:
    words = {"aid": result.benefit.title, "amount": f"{amount} {period}".strip()}
    if result.status == results.ELIGIBLE:
        text = (
            _("%(aid)s : pourquoi %(amount)s") if result.benefit.money else _("%(aid)s : pourquoi vous y avez droit")
        )
    elif result.status == results.NOT_ELIGIBLE:
        text = _("%(aid)s : pourquoi vous n’y avez pas droit")
    else:
        text = _("%(aid)s : ce qu’il manque pour le savoir")
    return str(nbsp(text % words))


def _chart(result: Result) -> charts.Chart | None:
    threshold = result.explanation.threshold
    if threshold is None or threshold.limit <= 0 or result.status == results.UNKNOWN:
        return None
    return charts.threshold(
        value=round(threshold.have, 2),
        limit=round(threshold.limit, 2),
        show=lambda value: euros(float(value)),
        title=threshold.label,
    )


def _chart_caption(result: Result) -> str:
    threshold = result.explanation.threshold
    if threshold is None:
        return ""
    unit = _("en euros par mois") if threshold.unit == EURO_MONTH else _("en euros par an")
    return _("%(what)s, %(unit)s.") % {"what": threshold.label, "unit": unit}


def value_words(value: float, unit: str) -> str:
    if unit in {EURO_MONTH, EURO_YEAR}:
        return euros(value)
    if unit == YEARS:
        return str(nbsp(_("%(count)s ans") % {"count": number(value)}))
    return f"{number(value)}\u00a0%" if unit == RATE else number(value)


def _last_step(result: Result, amount: str, period: str) -> list[str]:
    """Return the row that gives the amount in the title, with the operation that leads to it."""
    if result.status != results.ELIGIBLE or not result.benefit.money or not result.exact:
        return []
    exact = amount if result.code == "c2s" else cents(result.amount)
    return [str(result.benefit.title), exact, nbsp(result.explanation.formula) or period.capitalize(), _("Calcul")]


def _figure_table(figures: Sequence[Figure], read: Read, last: Sequence[str]) -> dict[str, Any] | None:
    if not figures:
        return None
    heads = [
        {"label": _("Étape")},
        {"label": _("Votre valeur"), "num": True},
        {"label": _("Règle")},
        {"label": _("D’où vient la valeur")},
    ]
    rows = [
        [
            figure.label,
            cents(figure.value) if figure.unit in {EURO_MONTH, EURO_YEAR} else value_words(figure.value, figure.unit),
            nbsp(figure.rule) or _per(figure.unit),
            source_link(read, figure.key, figure.span),
        ]
        for figure in figures
    ]
    return {"heads": heads, "rows": [*rows, list(last)] if last else rows}


def _per(unit: str) -> str:
    return _("Par mois") if unit == EURO_MONTH else _("Par an") if unit == EURO_YEAR else ""


def source_link(read: Read, key: str, span: Span | None = None, *, correct: bool = True) -> str | SafeString:
    """Link to the record behind a value, with its assurance, and to the page that corrects it unless `correct` is
    False.
    """
    record = read.source(key, span) if key else None
    if record is None:
        return _("Calcul") if not key or key == "household.people" else _("Pas encore dans votre coffre")
    name = record_words(record)
    history = reverse("records:history", args=[record.record_id])
    link = format_html(
        '<a href="{}">{}</a>, <span class="civic-muted">{}</span>', history, name, assurance_words(record)
    )
    if not correct:
        return link
    address = reverse("records:correct", args=[record.record_id])
    return format_html(
        '<span>{}<br><a href="{}">{}<span class="govuk-visually-hidden"> {}</span></a></span>',
        link,
        address,
        _("Corriger"),
        f"({name})",
    )


def record_words(record: Opened) -> str:
    title = types.get(record.type).title
    if record.type == "fiscal.avis_ir" and record.payload.get("annee_revenus"):
        return _("%(title)s %(year)s") % {"title": title, "year": record.payload["annee_revenus"] + 1}
    if isinstance(record.payload.get("mois"), str):
        return _("%(title)s, %(month)s") % {"title": title, "month": month(record.payload["mois"])}
    return title


def assurance_words(record: Opened) -> str:
    return (
        _("vérifié")
        if Assurance(record.assurance).proven
        else _("recoupé")
        if record.assurance == Assurance.CONSISTENT
        else _("déclaré")
    )


def _condition(reason: Reason, explanation: Explanation, read: Read) -> dict[str, Any]:
    tags = {True: (_("Remplie"), "ok"), False: (_("Pas remplie"), "expired"), None: (_("À savoir"), "soon")}
    label, kind = tags[reason.ok]
    known = [key for key in reason.keys if read.source(key)]
    links = {
        str(link): link for link in (source_link(read, key, explanation.span(key), correct=False) for key in known)
    }
    return {
        "text": nbsp(reason.text),
        "tag": label,
        "tag_kind": kind,
        "law": reason.law if reason.law and reason.law.title else None,
        "sources": list(links.values())[:3],
    }


def _break_even_words(result: Result, point: BreakEven | None) -> list[str]:
    """Return how far the incomes are from the point where the answer changes.

    The page has one limit, the law's for the situation today. These sentences give differences only, and say why one
    is not the gap to that limit: it moves with the incomes.
    """
    if point is None:
        return []
    words = []
    if result.status == results.ELIGIBLE and point.stops_above and point.stops_above > point.now:
        more = point.stops_above - point.now
        words.append(
            _("Avec %(more)s de revenus nets de plus par mois, vous n’y auriez plus droit.") % {"more": euros(more)}
            + _moving(result, more)
        )
    if result.status == results.NOT_ELIGIBLE and point.stops_above and point.now > point.stops_above:
        less = point.now - point.stops_above
        words.append(
            _("Avec %(less)s de revenus nets de moins par mois, vous y auriez droit.") % {"less": euros(less)}
            + _moving(result, less)
        )
    if result.status == results.NOT_ELIGIBLE and point.starts_above and point.now < point.starts_above:
        words.append(
            _("Avec %(more)s de revenus nets de plus par mois, vous y auriez droit.")
            % {"more": euros(point.starts_above - point.now)}
        )
    return words


def _moving(result: Result, gap: float) -> str:
    """Return why the gap to the limit of today is another number: the least amount paid, or a limit that moves."""
    threshold = result.explanation.threshold
    if threshold is None or threshold.unit != EURO_MONTH or abs(threshold.gap - gap) < 1:
        return ""
    if abs(threshold.gap - gap) <= LEAST_PAID:
        return " " + _("La limite n’est pas à l’euro près : une aide trop petite n’est pas versée.")
    return " " + _("Ce n’est pas l’écart à la limite : elle et vos autres aides changent avec vos revenus.")
