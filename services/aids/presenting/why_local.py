"""Prepare the page that explains a local aid to a resident: its conditions and their own calculation."""

from collections.abc import Mapping
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from core.templatetags.civic import long_date, money, nbsp, number
from services.aids import catalogue
from services.aids.actions.simulations import LocalResult, Simulation
from services.aids.facts.from_vault import Read
from services.aids.local import evaluation, forms, reading, sheets
from services.aids.models import LocalAid
from services.aids.presenting.exclusions import exclusions
from services.aids.presenting.local_aids import amount_rows, basis_words, share_words
from services.aids.presenting.results import local_amount_words
from services.aids.presenting.why import source_link
from services.places import presenting as places

OF_THE_HOUSEHOLD: Final = {
    "qf": "quotient",
    "commune": "housing.insee",
    "epci": "housing.insee",
    "departement": "housing.insee",
    "region": "housing.insee",
    "postcode": "housing",
    "children_ages": "household.people",
    "household_size": "household.people",
    "consumption_units": "household.people",
    "single_parent": "household.partner",
    "family_status": "household.partner",
    "housing_status": "housing.status",
}
OF_A_PERSON: Final = {
    "age": "birth_date",
    "profiles": "status",
    "disability_rate": "disability_rate",
    "grant_holder": "boursier",
    "study_year": "city.level",
    "resources_month": "incomes.salary",
    "health_social_training": "city.health_social_training",
    "bac_honours": "city.bac_honours",
    "scheme": "city.scheme",
    "temp_agency": "city.temp_agency",
}
#: Facts of the applicant that count for the whole household.
OF_THE_APPLICANT: Final = {
    "housing_difficulty": "city.housing_difficulty",
    "resident_months": "city.resident_since",
}


def used(line: LocalResult, read: Read) -> list[dict[str, Any]]:
    """Return each fact that the rule reads, with the resident's value and the record behind it."""
    applicant = read.household.applicant
    person = line.people[0] if line.people else applicant
    keys = {
        **OF_THE_HOUSEHOLD,
        **{name: person.key(value) for name, value in OF_A_PERSON.items()},
        **{name: applicant.key(value) for name, value in OF_THE_APPLICANT.items()},
    }
    rows = []
    for name in reading.facts_of(line.aid.rule):
        key = keys.get(name) or _notice_key(name, read)
        known = line.facts.get(name) is not None
        source = source_link(read, key) if known and read.source(key) else _("Calcul") if known else ""
        label = sheets.FACT_LABELS.get(name) or forms.KINDS.get(name) or name
        rows.append({"key": label, "value": _fact_words(name, line.facts.get(name)), "source": source})
    return rows


def _notice_key(name: str, read: Read) -> str:
    """Return the key of the newest tax notice's value."""
    found = sorted(key for key in read.sources if key.startswith("tax_notices[") and key.endswith(f".{name}"))
    return found[-1] if found else ""


def _fact_words(name: str, value: Any) -> str:  # noqa: ANN401 - a fact
    if value is None:
        return _("Pas connu")
    if isinstance(value, bool):
        return _("Oui") if value else _("Non")
    if isinstance(value, list):
        if name == "children_ages":
            return ", ".join(map(str, value)) or _("Aucun")
        return ", ".join(evaluation.word(str(one)) for one in value) or _("Aucun")
    if name in {"qf", "rfr", "resources_month", "price"}:
        return money(value)
    return evaluation.word(value) if isinstance(value, str) else number(value)


def operation(aid: LocalAid, facts: Mapping[str, Any], outcome: evaluation.Outcome) -> str:
    """Return how the amount came out of the parameters, in one sentence; nothing without an amount."""
    amount = aid.rules["amount"]
    if outcome.amount is None:
        return ""
    base = _operation(amount, facts)
    if amount.get("per_child"):
        count = evaluation.count_children(facts.get("children_ages") or (), amount["per_child"])
        base += _(", multiplié par %(count)s enfants") % {"count": count}
    return str(nbsp(_("%(operation)s : %(amount)s.") % {"operation": base, "amount": money(outcome.amount)}))


def _operation(amount: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    on = amount.get("on", "")
    basis = facts.get(evaluation.BASIS.get(on, on))
    what = basis_words(on) if on else ""
    texts = _fact_words(evaluation.BASIS.get(on, on), basis)
    kind = amount["kind"]
    if kind == "fixed":
        return _("Montant fixe")
    if kind == "linear" and basis is not None:
        words = {"what": what, "value": texts, "rate": number(amount["rate"])}
        words |= {"low": money(amount["min"]), "high": money(amount["max"])}
        return _("%(what)s (%(value)s) multiplié par %(rate)s, entre %(low)s et %(high)s") % words
    if kind == "percent":
        rate = amount["rate"] if "rate" in amount else evaluation.band(amount, basis)
        return _("%(rate)s du prix") % {"rate": share_words(float(rate or 0))}
    if basis is None:
        return _("%(what)s inconnu : montant prévu dans ce cas") % {"what": what}
    return _("%(what)s (%(value)s), dans sa tranche") % {"what": what, "value": texts}


def why_local(line: LocalResult, simulation: Simulation) -> dict[str, Any]:
    """Return what a resident may ask of their own calculation (article R311-3-1-2 of the code of relations between the
    public and the administration): how much it counts, the data and their sources, the parameters, the operations.
    """
    amount, period = local_amount_words(line)
    words = {"aid": line.aid.name, "amount": f"{amount} {period}".strip()}
    text = _("%(aid)s : pourquoi %(amount)s")
    if line.aid.is_national:
        text = _("%(aid)s : pourquoi vous y avez droit")
    if not line.is_granted:
        text = _("%(aid)s : pourquoi vous n’y avez pas droit")
    if line.status == "unknown":
        text = _("%(aid)s : ce qu’il manque pour le savoir")
    return {
        "title": nbsp(text % words),
        "line": line,
        "lead": catalogue.in_words(line.aid.rules["institution"]["name"]),
        "conditions": [_local_condition(reason) for reason in line.outcome.reasons],
        "legal_act": line.aid.rules["legal_act"],
        "instructions": catalogue.in_words(line.aid.rules["instructions"]),
        "contact": catalogue.in_words(line.aid.rules["contact"]),
        "near": places.lines_named([line.aid.rules["institution"]["name"], line.aid.rules["contact"]]),
        "link": line.aid.rules.get("link", ""),
        "later": line.aid.rules.get("checked_later", ()),
        "version": line.aid.version,
        "rules_href": "" if line.aid.is_national else _rules_url(line.aid),
        "exclusions": exclusions(simulation).get(line.aid.code, []),
        "used": used(line, simulation.read),
        "parameters": amount_rows(line.aid.rule) if line.outcome.amount is not None else [],
        "operation": operation(line.aid, line.facts, line.outcome),
        "until": long_date(line.aid.valid_to) if line.aid.valid_to else "",
    }


def _rules_url(aid: LocalAid) -> str:
    return f"{reverse('aids:local_aid', args=[aid.code])}?version={aid.version}"


def _local_condition(reason: evaluation.LocalReason) -> dict[str, Any]:
    tag, tag_kind = {
        evaluation.YES: (_("Remplie"), "ok"),
        evaluation.NO: (_("Pas remplie"), "expired"),
        evaluation.MISSING: (_("À savoir"), "soon"),
        evaluation.MANUAL: (_("Vérifiée par la ville"), ""),
    }[reason.answer]
    return {"text": _sentence_case(reason.text), "tag": tag, "tag_kind": tag_kind, "sources": [], "law": None}


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]
