"""Prepare a couple's simulation for the pages. Each displayed item is selected here; an explanation is never passed on
as a whole.

The partner's values are never displayed. The household's total is displayed only if the partner agreed to it.
"""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from core.pages import charts
from core.templatetags.civic import long_date, nbsp
from services.aids import benefits, results
from services.aids.actions.together import Together, counted_sentence
from services.aids.presenting import results as presenting
from services.aids.presenting.why import value_words
from services.aids.reasons.common import EURO_MONTH, Figure, Reason
from services.aids.results import Result
from vault.records.grants import agreements


def home(found: Together) -> dict[str, Any]:
    claims = [result for result in found.results.claims if not result.benefit.personal]
    waiting = [result for result in found.listed if result.status == results.UNKNOWN and not result.receiving]
    refused = [result for result in found.listed if result.status == results.NOT_ELIGIBLE and not result.receiving]
    people = len(found.read.household.people)
    return {
        "partner": found.partner,
        "until": long_date(found.grant.ends_at),
        "counted": counted_sentence(),
        "headline": _headline(claims),
        "claims": [_claim(result, people) for result in claims],
        "waiting": [_line(result) for result in waiting],
        "refused": [_line(result) for result in refused[: presenting.REFUSALS_SHOWN]],
        "refused_more": [_line(result) for result in refused[presenting.REFUSALS_SHOWN :]],
        "lacking": _lacking(found),
        "shows_total": found.shows_total,
        "what": [item.label for item in agreements.get(found.grant.agreement).items if item.required],
    }


def _headline(claims: list[Result]) -> dict[str, str] | None:
    due = sum(result.low for result in claims if result.benefit.unit == benefits.MONTH and result.benefit.in_total)
    if not due:
        return None
    text = _("Ce sont des estimations, pas des décisions : l’organisme décide.")
    return {
        "title": _("Ce que vous pourriez recevoir à deux"),
        "number": presenting.euros(due),
        "unit": _("par mois"),
        "text": text,
    }


def why_url(code: str) -> str:
    return reverse("aids:why_together", args=[code])


def _claim(result: Result, people: int) -> dict[str, Any]:
    amount, period = presenting.amount_words(result, people)
    title = result.benefit.title
    return {
        "amount": amount,
        "period": period,
        "title": title,
        "tag": _("Estimation"),
        "tag_kind": "estimate",
        "text": "",
        "links": [{"href": why_url(result.code), "label": _("Ce qui a été compté"), "hidden": f"({title})"}],
    }


def _line(result: Result) -> dict[str, Any]:
    return {"label": result.benefit.title, "action_href": why_url(result.code), "action": _("Ce qui a été compté")}


def _lacking(found: Together) -> list[dict[str, str]]:
    """List the resident's own questions. Questions about the partner are not named: they would reveal what the
    partner's vault lacks.
    """
    asked = [one.question for one in found.results.asked]
    mine = [
        question
        for question in asked
        if not found.is_of_partner(" ".join((f"people[{question.person}]", *question.keys)))
    ]
    lines = [{"label": nbsp(question.text), "href": presenting.question_url(question.place)} for question in mine]
    if len(mine) < len(asked):
        text = _("Demandez-lui de regarder ses propres aides : les questions y sont posées.")
        lines.append(
            {"label": _("Il manque quelque chose du côté de %(name)s.") % {"name": found.partner.name}, "text": text}
        )
    return lines


def why(found: Together, result: Result) -> dict[str, Any]:
    people = len(found.read.household.people)
    amount, period = presenting.amount_words(result, people)
    explanation = result.explanation
    own = [figure for figure in explanation.figures if _is_own(found, figure)]
    return {
        "title": _title(result, f"{amount} {period}".strip()),
        "result": result,
        "counted": counted_sentence(),
        "partner": found.partner,
        "rows": [{"key": figure.label, "value": value_words(figure.value, figure.unit)} for figure in own],
        "conditions": [_condition(reason) for reason in explanation.reasons if _rests_on_own_records(found, reason)],
        "shows_total": found.shows_total,
        "chart": _chart(result) if found.shows_total else None,
        "chart_caption": _caption(result),
    }


def _title(result: Result, amount: str) -> str:
    words = {"aid": result.benefit.title, "amount": amount}
    if result.status == results.ELIGIBLE:
        text = _("%(aid)s : %(amount)s à deux") if result.benefit.money else _("%(aid)s : vous y avez droit à deux")
    elif result.status == results.NOT_ELIGIBLE:
        text = _("%(aid)s : pas de droit à deux")
    else:
        text = _("%(aid)s : ce qu’il manque pour le savoir")
    return str(nbsp(text % words))


def _is_own(found: Together, figure: Figure) -> bool:
    """Return True if the figure comes from the resident's own records. A calculation step has no key, since it may be
    a total.
    """
    applicant = found.read.household.applicant.id
    return figure.key.startswith(f"people[{applicant}].") and set(found.read.sources.get(figure.key, ())) <= found.own


def _rests_on_own_records(found: Together, reason: Reason) -> bool:
    """Return True for a condition without amounts that reads only the resident's own records."""
    keys = reason.keys
    alone = bool(keys) and all(
        set(found.read.sources.get(key, ())) <= found.own and not found.is_of_partner(key) for key in keys
    )
    return alone and reason.limit is None and reason.value is None


def _condition(reason: Reason) -> dict[str, Any]:
    tag, kind = {True: (_("Remplie"), "ok"), False: (_("Pas remplie"), "expired"), None: (_("À savoir"), "soon")}[
        reason.ok
    ]
    return {"text": nbsp(reason.text), "tag": tag, "tag_kind": kind, "sources": [], "law": None}


def _chart(result: Result) -> charts.Chart | None:
    threshold = result.explanation.threshold
    if threshold is None or threshold.limit <= 0 or result.status == results.UNKNOWN:
        return None
    return charts.threshold(
        value=round(threshold.have, 2),
        limit=round(threshold.limit, 2),
        show=lambda value: presenting.euros(float(value)),
        title=threshold.label,
    )


def _caption(result: Result) -> str:
    threshold = result.explanation.threshold
    if threshold is None:
        return ""
    unit = _("en euros par mois") if threshold.unit == EURO_MONTH else _("en euros par an")
    return _("%(what)s, %(unit)s.") % {"what": threshold.label, "unit": unit}
