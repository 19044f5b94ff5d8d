"""The city's own aids: conditions and amounts stored as data.

A condition is `yes`, `no`, `missing` (a fact is unknown) or `manual` (checked by an agent). In an "all" group, no wins
over missing, missing over manual and manual over yes; in an "any" group, yes wins. An unknown fact never counts as
zero.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.templatetags.civic import long_date, money, number
from services.aids.catalogue import in_words
from vault import types

YES: Final = "ok"
NO: Final = "no"
MISSING: Final = "missing"
MANUAL: Final = "manual"
STATUS: Final = {YES: "granted", NO: "refused", MISSING: "unknown", MANUAL: "to_check"}
COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
LISTS: Final = (
    "profile",
    "study_year",
    "scheme",
    "housing_status",
    "receives",
    "bac_honours",
    "family_status",
    "postcode",
)
FLAGS: Final = ("grant_holder", "health_social_training", "housing_difficulty", "temp_agency", "single_parent")
FACT: Final = {"profile": "profiles", "resources": "resources_month", "children": "children_ages"}

Facts = Mapping[str, Any]
Rule = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LocalReason:
    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class Outcome:
    status: str
    amount: float | None
    reasons: tuple[LocalReason, ...] = ()
    #: True if the status or the amount depends on an unknown value.
    waits: bool = False


def evaluate(aid: Rule, facts: Facts, today: date, *, explained: bool = True) -> Outcome:
    """Evaluate an aid for one person or household on a day. The amount is None if it depends on an unknown price.

    Args:
        explained: False leaves the reasons out, whose words take most of the time.
    """
    day = day_of(facts, today)
    if not _open(aid, day):
        closed = (LocalReason(_("Cette aide n’est pas ouverte à cette date."), NO),) if explained else ()
        return Outcome("refused", None, closed)
    answer = read(aid["conditions"], facts, aid, day)
    amount = amount_of(aid["amount"], facts) if answer in {YES, MANUAL} else None
    waits = answer == MISSING or (answer != NO and _lacks(aid["amount"], facts))
    reasons = tuple(_reasons(aid["conditions"], facts, aid, day)) if explained else ()
    return Outcome(STATUS[answer], amount, reasons, waits)


def _lacks(amount: Rule, facts: Facts) -> bool:
    """Return whether the amount is read from a value that is unknown."""
    on: str = amount.get("on") or ""
    return on != "" and facts.get(BASIS.get(on, on)) is None


def day_of(facts: Facts, today: date) -> date:
    """Return the day of the request, if the facts say one."""
    return _day(facts.get("on"), today)


def _day(value: object, today: date) -> date:
    return date.fromisoformat(str(value)) if value else today


def _open(aid: Rule, day: date) -> bool:
    return date.fromisoformat(aid["valid_from"]) <= day and (
        not aid.get("valid_to") or day <= date.fromisoformat(aid["valid_to"])
    )


def read(rule: Rule, facts: Facts, aid: Rule, day: date, turned: Rule | None = None) -> str:
    """Return the answer of a condition or a group.

    Args:
        turned: a condition of it whose answer is taken for the opposite, to know whether it decides.
    """
    if "all" in rule:
        return _first([read(one, facts, aid, day, turned) for one in rule["all"]], (NO, MISSING, MANUAL), YES)
    if "any" in rule:
        return _first([read(one, facts, aid, day, turned) for one in rule["any"]], (YES, MISSING, MANUAL), NO)
    if "not" in rule:
        return _inverse(read(rule["not"], facts, aid, day, turned))
    answer = _leaf(rule, facts, aid, day)
    return answer if rule is not turned else NO if answer in {YES, MANUAL} else YES


def leaves(rule: Rule) -> Iterator[Rule]:
    """Yield the conditions of a rule, in their order."""
    if "not" in rule:
        yield from leaves(rule["not"])
    elif "all" in rule or "any" in rule:
        for one in rule.get("all") or rule.get("any") or ():
            yield from leaves(one)
    else:
        yield rule


def _first(answers: Sequence[str], order: Sequence[str], otherwise: str) -> str:
    return next((answer for answer in order if answer in answers), otherwise)


def _inverse(answer: str) -> str:
    return {YES: NO, NO: YES}.get(answer, answer)


def _leaf(rule: Rule, facts: Facts, aid: Rule, day: date) -> str:
    kind = rule["type"]
    if kind == "manual":
        return MANUAL
    if kind == "date":
        return _answer(
            (not rule.get("from") or day >= _day(rule["from"], day))
            and (not rule.get("to") or day <= _day(rule["to"], day))
        )
    if kind == "territory":
        return _territory(rule, facts, aid)
    if kind == "children":
        return _children(rule, facts)
    if kind in FLAGS:
        value = facts.get(kind)
        return MISSING if value is None else _answer(value == rule.get("value", True))
    if kind in LISTS:
        return _listed(kind, rule, facts)
    if kind == "resident_months" and facts.get(kind) is None:
        return _settled(rule, facts)
    return _compare(_number(kind, rule, facts), rule)


def _answer(ok: bool) -> str:
    return YES if ok else NO


def _territory(rule: Rule, facts: Facts, aid: Rule) -> str:
    if rule.get("attached"):
        value = facts.get(aid["institution"]["level"])
        answer = MISSING if value is None else _answer(value == aid["institution"]["id"])
    else:
        answer = _among(facts.get(str(rule["level"])), rule)
    return _inverse(answer) if rule.get("mode") == "out" else answer


def _children(rule: Rule, facts: Facts) -> str:
    ages = facts.get("children_ages")
    if ages is None:
        return MISSING
    return _compare(count_children(ages, rule), {"min": rule.get("count_min", 1), "max": rule.get("count_max")})


def count_children(ages: Sequence[int], span: Rule) -> int:
    """Return how many of these ages are within `age_min` and `age_max`, both included."""
    return sum(span.get("age_min", 0) <= age <= span.get("age_max", 200) for age in ages)


def _among(value: Any, rule: Rule) -> str:  # noqa: ANN401 - a fact: one value or a list
    if value is None:
        return MISSING
    listed = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return _answer(any(one in rule["values"] for one in listed))


def _listed(kind: str, rule: Rule, facts: Facts) -> str:
    """Compare with a list. A value that may still be true, though it is not listed, is missing rather than refused."""
    answer = _among(facts.get(str(FACT.get(kind, kind))), rule)
    may_be = (facts.get("undecided") or {}).get(kind) or ()
    return MISSING if answer == NO and any(value in may_be for value in rule["values"]) else answer


def _settled(rule: Rule, facts: Facts) -> str:
    """Compare the months in the home with the months asked in the commune: one lives there at least as long."""
    least = facts.get("resident_months_least")
    is_minimum = rule.get("op") in {">", ">="} or ("op" not in rule and rule.get("max") is None)
    return YES if is_minimum and least is not None and _compare(least, rule) == YES else MISSING


def _number(kind: str, rule: Rule, facts: Facts) -> float | None:
    if kind == "qf":
        return _quotient(rule, facts)
    value = facts.get(FACT.get(kind, kind))
    if kind == "resources" and rule.get("per") == "person":
        value = facts.get("person_resources_month", value)
    if kind == "resources" and value is not None and rule.get("per") == "consumption_unit":
        units = facts.get("consumption_units")
        return float(value) / float(units) if units else None
    return None if value is None else float(value)


def _quotient(rule: Rule, facts: Facts) -> float | None:
    """Return the CAF's quotient. Trap: income / parts / 12 is another number, used only if the rule allows it."""
    value = facts.get("qf")
    if (
        value is None
        and rule.get("fallback") == "rfr_parts_12"
        and facts.get("rfr") is not None
        and facts.get("parts")
    ):
        value = round(float(facts["rfr"]) / float(facts["parts"]) / 12)
    if value is None:
        return None
    return float(value) * (12 if rule.get("period") == "year" else 1)


def _compare(value: float | None, rule: Rule) -> str:
    if value is None:
        return MISSING
    if "op" in rule:
        return _answer(COMPARE[rule["op"]](value, rule["value"]))
    return _answer(
        (rule.get("min") is None or value >= rule["min"]) and (rule.get("max") is None or value <= rule["max"])
    )


# Amounts

BASIS: Final = {"qf": "qf", "resources": "resources_month", "household_size": "household_size", "age": "age"}


def amount_of(amount: Rule, facts: Facts) -> float | None:
    found = _amount(amount, facts)
    if found is not None and amount.get("per_child"):
        found *= count_children(facts.get("children_ages") or (), amount["per_child"])
    return None if found is None else round(found, 2)


def _amount(amount: Rule, facts: Facts) -> float | None:
    kind = amount["kind"]
    if kind == "fixed":
        return float(amount["value"])
    if kind == "map":
        base = facts.get(amount["on"])
        values = base if isinstance(base, list | tuple) else [base]
        found = [amount["values"][str(value)] for value in values if str(value) in amount["values"]]
        return float(found[0]) if found else None
    if kind in {"none", "decided"}:
        return None
    basis = facts.get(BASIS.get(amount.get("on", ""), ""))
    if kind == "bands":
        return band(amount, basis)
    if kind == "linear":
        return (
            float(amount["max"]) if basis is None else min(amount["max"], max(amount["min"], basis * amount["rate"]))
        )
    return _share(amount, basis, facts.get("price"))


def band(amount: Rule, basis: float | None) -> float | None:
    """Return the value of the first band whose maximum is not under `basis`."""
    if basis is None:
        return amount.get("when_missing")
    return next(
        (float(step["value"]) for step in amount["bands"] if step.get("max") is None or basis <= step["max"]), None
    )


def _share(amount: Rule, basis: float | None, price: float | None) -> float | None:
    rate = amount["rate"] if "rate" in amount else band(amount, basis)
    if rate is None or price is None:
        return None
    found = price * float(rate)
    return min(found, float(amount["cap"])) if amount.get("cap") is not None else found


def rate_of(aid: Rule, facts: Facts) -> float | None:
    """Return the share of the price, for a page without the price."""
    amount = aid["amount"]
    if amount["kind"] != "percent":
        return None
    return float(amount["rate"]) if "rate" in amount else band(amount, facts.get(BASIS.get(amount.get("on", ""), "")))


# Words


def _reasons(rule: Rule, facts: Facts, aid: Rule, day: date) -> list[LocalReason]:
    if "all" in rule:
        return [reason for one in rule["all"] for reason in _reasons(one, facts, aid, day)]
    return [LocalReason(condition_text(rule, aid), read(rule, facts, aid, day))]


def condition_text(rule: Rule, aid: Rule) -> str:
    """Return a condition as a part of a sentence."""
    if "all" in rule:
        return _(" et ").join(_inside(one, aid, "any") for one in rule["all"])
    if "any" in rule:
        return _(" ou ").join(_inside(one, aid, "all") for one in rule["any"])
    if "not" in rule:
        return _("sauf : %(condition)s") % {"condition": condition_text(rule["not"], aid)}
    return TEXTS.get(rule["type"], _list_text)(rule, aid)


def _inside(rule: Rule, aid: Rule, other: str) -> str:
    """Return a condition in a group, between brackets if it is a group whose word would be misread."""
    text = condition_text(rule, aid)
    return f"({text})" if len(rule.get(other, ())) > 1 else text


def _span_text(rule: Rule, unit: str) -> str:
    if "op" in rule:
        return {
            "<=": _("au plus %(value)s%(unit)s"),
            "<": _("moins de %(value)s%(unit)s"),
            ">=": _("au moins %(value)s%(unit)s"),
            ">": _("plus de %(value)s%(unit)s"),
            "=": _("exactement %(value)s%(unit)s"),
        }[rule["op"]] % {"value": number(rule["value"]), "unit": unit}
    low, high = rule.get("min"), rule.get("max")
    if low is not None and high is not None:
        return _("de %(low)s à %(high)s%(unit)s") % {"low": number(low), "high": number(high), "unit": unit}
    if low is not None:
        return _("au moins %(value)s%(unit)s") % {"value": number(low), "unit": unit}
    return _("au plus %(value)s%(unit)s") % {"value": number(high), "unit": unit}


def _list_text(rule: Rule, aid: Rule) -> str:
    if "values" in rule:
        return ", ".join(word(value) for value in rule["values"])
    return (
        _flag_word(rule["type"])
        if rule["type"] in FLAGS
        else _("%(what)s : %(span)s") % {"what": _flag_word(rule["type"]), "span": _span_text(rule, "")}
    )


def _children_text(rule: Rule, aid: Rule) -> str:
    span = _("de %(low)s à %(high)s ans") % {"low": rule.get("age_min", 0), "high": rule.get("age_max", 18)}
    count = rule.get("count_min", 1)
    return ngettext("avoir %(count)s enfant %(span)s", "avoir %(count)s enfants %(span)s", count) % {
        "count": count,
        "span": span,
    }


def _territory_text(rule: Rule, aid: Rule) -> str:
    if rule.get("attached"):
        return _("habiter le territoire : %(place)s") % {"place": in_words(aid["institution"]["name"])}
    if rule.get("mode") == "out":
        return _("habiter une autre commune")
    return _("habiter le secteur prévu")


def _date_text(rule: Rule, aid: Rule) -> str:
    return _("demande du %(first)s au %(last)s") % {
        "first": long_date(rule.get("from", "")),
        "last": long_date(rule.get("to", "")),
    }


TEXTS: Final[Mapping[str, Callable[[Rule, Rule], str]]] = {
    "age": lambda rule, aid: _("avoir %(span)s") % {"span": _span_text(rule, _(" ans"))},
    "qf": lambda rule, aid: _("quotient familial : %(span)s") % {"span": _span_text(rule, " €")},
    "resources": lambda rule, aid: _("ressources par mois : %(span)s") % {"span": _span_text(rule, " €")},
    "disability_rate": lambda rule, aid: _("taux d’incapacité : %(span)s") % {"span": _span_text(rule, " %")},
    "children": _children_text,
    "territory": _territory_text,
    "date": _date_text,
    "manual": lambda rule, aid: str(rule["text"]),
}


def _flag_word(kind: str) -> str:
    words: Mapping[str, Callable[[], str]] = {
        "grant_holder": lambda: _("être boursier"),
        "health_social_training": lambda: _("suivre une formation sanitaire ou sociale"),
        "housing_difficulty": lambda: _("avoir des difficultés de logement"),
        "temp_agency": lambda: _("travailler en intérim"),
        "single_parent": lambda: _("élever seul ses enfants"),
        "household_size": lambda: _("personnes dans le foyer"),
        "resident_months": lambda: _("mois de résidence"),
        "single_income": lambda: _("un seul revenu"),
        "dependent_children": lambda: _("enfants à charge"),
    }
    return words[kind]()


def word(value: str) -> str:
    words: Mapping[str, Callable[[], str]] = {
        "chomeur": lambda: _("en recherche d’emploi"),
        "beneficiaire_rsa": lambda: _("au RSA"),
        "rsa": lambda: _("recevoir le RSA"),
        "aah": lambda: _("recevoir l’AAH"),
        "ass": lambda: _("recevoir l’ASS"),
        "aspa": lambda: _("recevoir l’ASPA"),
        "c2s": lambda: _("avoir la complémentaire santé solidaire"),
        "pass_sport": lambda: _("avoir le Pass’Sport"),
        "salarie": lambda: _("salarié"),
        "apprenti": lambda: _("apprenti"),
        "lyceen": lambda: _("lycéen"),
        "collegien": lambda: _("collégien"),
        "etudiant": lambda: _("étudiant"),
        "enseignement_superieur": lambda: _("en études supérieures"),
        "service_civique": lambda: _("en service civique"),
        "professionnalisation": lambda: _("en contrat de professionnalisation"),
        "stagiaire": lambda: _("stagiaire"),
        "independant": lambda: _("indépendant"),
        "inactif": lambda: _("sans activité"),
        "parent": lambda: _("parent"),
        "tenant_private": lambda: _("locataire du privé"),
        "tenant_hlm": lambda: _("locataire HLM"),
        "owner": lambda: _("propriétaire"),
        "crous": lambda: _("en résidence du Crous"),
        "sans_domicile": lambda: _("sans domicile"),
        "situation_handicap": lambda: _("en situation de handicap"),
        "apa": lambda: _("recevoir l’APA"),
        "pch": lambda: _("recevoir la PCH"),
        "aeeh": lambda: _("recevoir l’AEEH"),
        "fsl_energie": lambda: _("recevoir une aide du FSL pour l’énergie"),
        "hosted": lambda: _("logé gratuitement"),
        "residence": lambda: _("en résidence ou en foyer"),
        "seul": lambda: _("vivre seul"),
        "couple": lambda: _("vivre en couple"),
        "parent_isole": lambda: _("élever seul ses enfants"),
        "celibataire": lambda: _("célibataire"),
        "marie": lambda: _("marié"),
        "pacse": lambda: _("pacsé"),
        "divorce": lambda: _("divorcé"),
        "veuf": lambda: _("veuf"),
        "general": lambda: _("au régime général"),
        "agricole": lambda: _("au régime agricole"),
    }
    if value in words:
        return words[value]()
    if value.startswith("bac_"):
        return _("bac + %(years)s") % {"years": value.removeprefix("bac_")}
    return _vault_words().get(value, value.replace("_", " "))


def _vault_words() -> dict[str, str]:
    """Return the vault's own words for the choices that rules name as the vault does."""
    return {
        value: label[:1].lower() + label[1:] if label[1:2].islower() else label
        for name in ("niveau_etude", "mention_baccalaureat", "regime_social", "engagement")
        for value, label in types.field(f"foyer.situation#/{name}").choices
    }


def price_words(aid: Rule, outcome: Outcome, facts: Facts) -> tuple[str, str]:
    """Return the displayed amount and its unit, such as "1 €" and "le repas"."""
    units: Mapping[str, Callable[[], str]] = {
        "meal": lambda: _("le repas"),
        "hour": lambda: _("l’heure"),
        "day": lambda: _("la journée"),
        "month": lambda: _("par mois"),
        "year": lambda: _("par an"),
        "one_off": lambda: _("une fois"),
        "use": lambda: _("à chaque fois"),
        "other": lambda: "",
    }
    unit = units[aid["per"] if aid["per"] in units else aid["periodicity"]]()
    if outcome.amount is not None:
        return money(outcome.amount), unit
    rate = rate_of(aid, facts)
    if rate is not None:
        return (
            (_("Gratuit"), "")
            if rate == 1 and aid["amount"].get("meaning") == "reduction"
            else (_("−%(rate)s %%") % {"rate": number(round(rate * 100))}, unit)
        )
    return (
        _("Gratuit") if aid["kind"] == "service" else _("Priorité") if aid["kind"] == "priority" else _("Sur dossier")
    ), ""
