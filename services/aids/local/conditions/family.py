"""Conditions on who lives together."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from services.aids.local.conditions.kinds import (
    MISSING,
    Asked,
    Data,
    Fact,
    Facts,
    Kind,
    Known,
    NoEqual,
    Rule,
    Sort,
    Whose,
    compare,
    count_children,
)
from services.aids.local.conditions.shapes import flag, number, one_of
from services.aids.local.fields import whole_field


def _is_known(known: Known) -> bool:
    return "household.people" not in known.household.unknown


HOUSEHOLD_SIZE: Final = number(
    code="household_size",
    label=gettext_lazy("Nombre de personnes du foyer"),
    text=gettext_lazy("personnes dans le foyer"),
    fact=Fact(
        "household_size",
        Sort.WHOLE,
        read=lambda known: len(known.household.people) if _is_known(known) else None,
        source="household.people",
    ),
)

# Children of some ages


def _children(rule: Rule, facts: Facts, aid: Rule, day: date) -> str:
    ages = facts.get("children_ages")
    if ages is None:
        return MISSING
    return compare(count_children(ages, rule), {"min": rule.get("count_min", 1), "max": rule.get("count_max")})


def _children_text(rule: Rule, aid: Rule) -> str:
    span = _("de %(low)s à %(high)s ans") % {"low": rule.get("age_min", 0), "high": rule.get("age_max", 18)}
    count = rule.get("count_min", 1)
    return ngettext("avoir %(count)s enfant %(span)s", "avoir %(count)s enfants %(span)s", count) % {
        "count": count,
        "span": span,
    }


#: What a rule says of children, and what its form asks.
SPAN: Final = ("count_min", "age_min", "age_max")


def _children_fields() -> Iterator[tuple[str, forms.Field]]:
    label = gettext_lazy("Nombre d’enfants, au moins")
    yield "count_min", forms.IntegerField(label=label, min_value=1, max_value=20, initial=1)
    yield "age_min", whole_field(gettext_lazy("Âge, au moins"), 120)
    yield "age_max", whole_field(gettext_lazy("Âge, au plus"), 120)


def _children_rule(data: Data) -> dict[str, Any]:
    return {name: data[name] for name in SPAN if data[name] is not None}


def _public_children(one: Rule, about: Rule) -> dict[str, Any]:
    if one["operator"] != ">=":
        raise NoEqual
    ages = {name: one[name] for name in ("age_min", "age_max") if name in one}
    return {"type": "children", "count_min": one["value"], **ages}


def _ages(known: Known) -> list[int] | None:
    household = known.household
    return [max(child.age(household.month), 0) for child in household.children] if _is_known(known) else None


CHILDREN: Final = Kind(
    code="children",
    label=gettext_lazy("Enfants d’un certain âge"),
    facts=(
        Fact(
            "children_ages", Sort.AGES, label=gettext_lazy("Âges des enfants"), read=_ages, source="household.people"
        ),
    ),
    answer=_children,
    text=_children_text,
    fields=_children_fields,
    rule=_children_rule,
    initial=lambda rule: {name: rule[name] for name in SPAN if name in rule},
    public={"enfants_eligibles": _public_children},
)

# The couple


def _is_alone_with_children(known: Known) -> bool | None:
    household = known.household
    return household.partner is None and bool(household.children) if _is_known(known) else None


SINGLE_PARENT: Final = flag(
    code="single_parent",
    label=gettext_lazy("Parent seul"),
    text=gettext_lazy("élever seul ses enfants"),
    fact=Fact("single_parent", Sort.FLAG, read=_is_alone_with_children, source="household.partner"),
)

#: What the vault says of a civil status, and its name in rules.
CIVIL: Final = {"C": "celibataire", "M": "marie", "O": "pacse", "D": "divorce", "V": "veuf"}
ALONE: Final = frozenset({"celibataire", "divorce", "veuf"})


def _family_status(known: Known) -> list[str] | None:
    household = known.household
    if not _is_known(known):
        return None
    found = ["seul"] if household.partner is None else ["couple"]
    if household.partner is None and household.children:
        found.append("parent_isole")
    if household.housing and household.housing.status == "homeless":
        found.append("sans_domicile")
    return [*found, household.applicant.marital] if household.applicant.marital else found


def _open_statuses(known: Known) -> Collection[str]:
    """Return the civil statuses that the vault leaves open."""
    if not _is_known(known) or known.household.applicant.marital:
        return frozenset()
    return ALONE if known.household.partner is None else frozenset(CIVIL.values())


FAMILY_STATUS: Final = one_of(
    code="family_status",
    label=gettext_lazy("Situation de famille"),
    fact=Fact(
        "family_status",
        Sort.LIST,
        values={
            "seul": gettext_lazy("vivre seul"),
            "couple": gettext_lazy("vivre en couple"),
            "parent_isole": gettext_lazy("élever seul ses enfants"),
            "celibataire": gettext_lazy("célibataire"),
            "marie": gettext_lazy("marié"),
            "pacse": gettext_lazy("pacsé"),
            "divorce": gettext_lazy("divorcé"),
            "veuf": gettext_lazy("veuf"),
            "sans_domicile": gettext_lazy("sans domicile"),
        },
        read=_family_status,
        undecided=_open_statuses,
        source="household.partner",
        asked=Asked(
            key="statut_marital",
            vault_field="foyer.situation#/statut_marital",
            value="marital",
            choices=CIVIL,
            mine=gettext_noop("Êtes-vous marié, pacsé, divorcé, veuf ou célibataire ?"),
            whom=Whose.APPLICANT,
            rank=3,
        ),
    ),
)
