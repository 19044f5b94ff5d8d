"""Prepare the page that explains a local aid to a resident: its conditions and their own calculation."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from core.templatetags.civic import long_date, money, nbsp, number
from services.aids import catalogue
from services.aids.actions.simulations import LocalResult, Simulation
from services.aids.facts.from_vault import Read
from services.aids.household import Person
from services.aids.local import amounts, evaluation, reading
from services.aids.local.conditions import FACTS, kinds, word
from services.aids.local.conditions.kinds import Fact, Sort, Whose
from services.aids.models import LocalAid
from services.aids.presenting.exclusions import exclusions
from services.aids.presenting.local_aids import amount_rows, basis_words
from services.aids.presenting.results import local_amount_words
from services.aids.presenting.why import source_link
from services.places import presenting as places


def used(line: LocalResult, read: Read) -> list[dict[str, Any]]:
    """Return each fact that the rule reads, with the resident's value and the record behind it."""
    applicant = read.household.applicant
    person = line.people[0] if line.people else applicant
    rows = []
    for name in reading.facts_of(line.aid.rule):
        fact = FACTS.get(name)
        key = _key(fact, person, applicant) if fact and fact.source else _notice_key(name, read)
        known = line.facts.get(name) is not None
        source = source_link(read, key) if known and read.source(key) else _("Calcul") if known else ""
        label = fact.label if fact else name
        rows.append({"key": label, "value": _fact_words(name, line.facts.get(name)), "source": source})
    return rows


def _key(fact: Fact, person: Person, applicant: Person) -> str:
    """Return the household's key of the value behind a fact."""
    if fact.source_of == Whose.APPLICANT:
        return applicant.key(fact.source)
    return person.key(fact.source) if fact.of_person or fact.source_of == Whose.PERSON else fact.source


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
        if name in FACTS and FACTS[name].sort == Sort.AGES:
            return ", ".join(map(str, value)) or _("Aucun")
        return ", ".join(word(str(one)) for one in value) or _("Aucun")
    if name in FACTS and FACTS[name].sort == Sort.MONEY:
        return money(value)
    return word(value) if isinstance(value, str) else number(value)


def operation(aid: LocalAid, facts: Mapping[str, Any], outcome: evaluation.Outcome) -> str:
    """Return how the amount came out of the parameters, in one sentence; nothing without an amount."""
    amount = aid.rules["amount"]
    if outcome.amount is None:
        return ""
    name = amounts.fact_of(amount)
    value = facts.get(name)
    what = basis_words(amount["on"]) if name else ""
    basis = amounts.Basis(what=what, words=_fact_words(name, value), value=value)
    base = amounts.AMOUNTS[amount["kind"]].operation(amount, basis)
    if amount.get("per_child"):
        count = kinds.count_children(facts.get("children_ages") or (), amount["per_child"])
        base += _(", multiplié par %(count)s enfants") % {"count": count}
    return str(nbsp(_("%(operation)s : %(amount)s.") % {"operation": base, "amount": money(outcome.amount)}))


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
        kinds.YES: (_("Remplie"), "ok"),
        kinds.NO: (_("Pas remplie"), "expired"),
        kinds.MISSING: (_("À savoir"), "soon"),
        kinds.MANUAL: (_("Vérifiée par la ville"), ""),
    }[reason.answer]
    return {"text": _sentence_case(reason.text), "tag": tag, "tag_kind": tag_kind, "sources": [], "law": None}


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]
