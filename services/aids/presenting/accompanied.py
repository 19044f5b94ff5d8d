"""Prepare a simulation for an agent of the desk or a companion: names of aids, amounts and what is missing.

No sentence of an explanation or of a question is passed on, because it may tell a value of the vault: “since when
may you stay in France?” says who is foreign. Nor is what the resident receives, which their vault says.
"""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from core.templatetags.civic import nbsp
from services.aids import results
from services.aids.actions.simulations import LocalResult, Simulation
from services.aids.asking.variants import Question
from services.aids.facts.answers import PAPER, way_of
from services.aids.presenting import results as words
from services.aids.presenting.exclusions import exclusions
from services.aids.results import Result
from vault import types
from vault.sharing.forms.desk_values import is_typed_here
from vault.sharing.models import DeskVisit

Link = Callable[[Question], str]


def at_desk(simulation: Simulation, visit: DeskVisit) -> dict[str, Any]:
    """Return the page's context. What the resident may say or show here is linked to the page that takes it."""
    applicant = simulation.read.household.applicant.id

    def link(question: Question) -> str:
        code = question.field.partition("#")[0]
        if way_of(question, simulation.read).kind == PAPER:
            return reverse("sharing:desk_paper", args=[visit.pk])
        if question.person in {"", applicant} and is_typed_here(code):
            return reverse("sharing:desk_type", args=[visit.pk, code])
        return ""

    return _page(simulation, link)


def for_companion(simulation: Simulation) -> dict[str, Any]:
    return _page(simulation, lambda question: "")


def _page(simulation: Simulation, link: Link) -> dict[str, Any]:
    computed, notes = simulation.results, exclusions(simulation)
    people = len(simulation.read.household.people)
    unknown = sorted((one for one in computed.of(results.UNKNOWN) if not one.receiving), key=lambda one: -one.high)
    refused = [one for one in computed.of(results.NOT_ELIGIBLE) if not one.receiving]
    return {
        "headline": words.headline(computed, theirs=True),
        "claims": [
            *(_claim(one, people) | words.note(notes, one.code) for one in computed.claims),
            *(_local_claim(one) | words.note(notes, one.aid.code) for one in words.rights_first(simulation)),
        ],
        "missing": _missing(simulation, link),
        "unknown": [*({"label": one.benefit.title} for one in unknown), *_local(simulation, "unknown")],
        "refused": [*({"label": one.benefit.title} for one in refused), *_local(simulation, "refused")],
    }


def _missing(simulation: Simulation, link: Link) -> list[dict[str, Any]]:
    """Return a line for each kind of value that is missing, with the largest change of its questions."""
    found: dict[str, dict[str, Any]] = {}
    roles = {person.id: person.role for person in simulation.read.household.people}
    for one in (*simulation.results.asked, *simulation.asked):
        title = types.get(one.question.field.partition("#")[0]).title
        whose = {"partner": _("conjoint"), "child": _("enfant")}.get(roles.get(one.question.person, ""), "")
        label = nbsp(f"{title} ({whose})") if whose else nbsp(str(title))
        found.setdefault(label, {"label": label, "text": words.effect(one), "href": link(one.question)})
    return list(found.values())


def _claim(result: Result, people: int) -> dict[str, Any]:
    amount, period = words.amount_words(result, people)
    tag = {"tag": _("Estimation"), "tag_kind": "estimate"}
    return {"amount": amount, "period": period, "title": result.benefit.title, **tag}


def _local_claim(line: LocalResult) -> dict[str, Any]:
    amount, period = words.local_amount_words(line)
    tag = {"tag": _("À vérifier"), "tag_kind": "soon"} if line.status == "to_check" else {}
    return {"amount": amount, "period": period, "title": line.aid.name, "text": words.lacking_words(line), **tag}


def _local(simulation: Simulation, status: str) -> list[dict[str, Any]]:
    return [{"label": line.aid.name} for line in simulation.local if line.status == status]
