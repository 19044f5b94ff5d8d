"""Conditions on money: the quotient, incomes, benefits."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy

from services.aids.asking.changes import monthly_net
from services.aids.benefits import BY_CODE
from services.aids.local.conditions.kinds import Data, Fact, Facts, Known, Rule, Sort, Whose, compare
from services.aids.local.conditions.shapes import compared, number, number_fields, number_initial, number_rule, one_of
from services.versions.fields import choice_field

# The quotient

PERIODS: Final = (("month", gettext_lazy("Par mois")), ("year", gettext_lazy("Par an")))


def _quotient(rule: Rule, facts: Facts, aid: Rule, day: date) -> str:
    """Compare the CAF's quotient. Trap: income / parts / 12 is another number, used only if the rule allows it."""
    value = facts.get("qf")
    if (
        value is None
        and rule.get("fallback") == "rfr_parts_12"
        and facts.get("rfr") is not None
        and facts.get("parts")
    ):
        value = round(float(facts["rfr"]) / float(facts["parts"]) / 12)
    return compare(None if value is None else float(value) * (12 if rule.get("period") == "year" else 1), rule)


def _quotient_fields() -> Iterator[tuple[str, forms.Field]]:
    yield from number_fields()
    yield "period", choice_field(gettext_lazy("Période"), PERIODS)
    label = gettext_lazy("Sans quotient de la CAF, prendre le revenu fiscal divisé par les parts et par 12")
    yield "fallback", forms.BooleanField(label=label, required=False)


def _quotient_rule(data: Data) -> dict[str, Any]:
    fallback = {"fallback": "rfr_parts_12"} if data["fallback"] else {}
    return {**number_rule(data), "source": "caf", "period": data["period"], **fallback}


def _quotient_initial(rule: Rule) -> dict[str, Any]:
    return {**number_initial(rule), "period": rule.get("period", "month"), "fallback": "fallback" in rule}


def _public_quotient(one: Rule, about: Rule) -> dict[str, Any]:
    """Their quotient is income / parts / 12, which is not the CAF's: it only stands in for it."""
    period = {"period": one["period"], "fallback": "rfr_parts_12"}
    return {"type": "qf", "source": "caf", **compared(one), **period}


def _notice(known: Known) -> Any:  # noqa: ANN401 - a tax notice, or None
    year = known.household.reference_year
    return known.household.notice(year + 1) or known.household.notice(year)


def _rfr(known: Known) -> float | None:
    notice = _notice(known)
    return notice.rfr if notice else None


def _parts(known: Known) -> float | None:
    notice = _notice(known)
    return notice.parts if notice else None


QUOTIENT: Final = number(
    code="qf",
    label=gettext_lazy("Quotient familial"),
    text=gettext_lazy("quotient familial : %(span)s"),
    unit=" €",
    fact=Fact(
        "qf",
        Sort.MONEY,
        label=gettext_lazy("Quotient familial de la CAF"),
        read=lambda known: known.quotient,
        source="quotient",
    ),
    more=(
        Fact("rfr", Sort.MONEY, label=gettext_lazy("Revenu fiscal de référence"), read=_rfr),
        Fact("parts", Sort.NUMBER, label=gettext_lazy("Nombre de parts"), read=_parts),
    ),
    answer=_quotient,
    fields=_quotient_fields,
    rule=_quotient_rule,
    initial=_quotient_initial,
    reads=lambda rule, aid: ["qf", *(["rfr", "parts"] if rule.get("fallback") else [])],
    public={"quotient_familial": _public_quotient},
)

# Incomes

PER: Final = (
    ("household", gettext_lazy("Du foyer")),
    ("person", gettext_lazy("De la personne")),
    ("consumption_unit", gettext_lazy("Par unité de consommation")),
)


def _resources(rule: Rule, facts: Facts, aid: Rule, day: date) -> str:
    value, per = facts.get("resources_month"), rule.get("per")
    if per == "person":
        value = facts.get("person_resources_month", value)
    if per == "consumption_unit" and value is not None:
        units = facts.get("consumption_units")
        return compare(float(value) / float(units) if units else None, rule)
    return compare(None if value is None else float(value), rule)


def _resources_fields() -> Iterator[tuple[str, forms.Field]]:
    yield from number_fields()
    yield "per", choice_field(gettext_lazy("Ressources"), PER)


def _of_adults(known: Known) -> float | None:
    """Return the adults' net incomes, as a mean of the three months that the CAF reads."""
    household = known.household
    if "household.people" in household.unknown or any(person.incomes is None for person in household.parents):
        return None
    return round(sum(monthly_net(household, person) for person in household.parents), 2)


def _of_person(known: Known) -> float | None:
    return None if known.person.incomes is None else round(monthly_net(known.household, known.person), 2)


def _units(known: Known) -> float | None:
    """Return the household's size on the scale of Insee: 1, then 0.5 for each person of 14 and more, else 0.3."""
    household = known.household
    if "household.people" in household.unknown:
        return None
    others = [person for person in household.people if person.role != "applicant"]
    return round(1 + sum(0.5 if person.age(household.month) >= 14 else 0.3 for person in others), 1)


RESOURCES: Final = number(
    code="resources",
    label=gettext_lazy("Ressources par mois"),
    text=gettext_lazy("ressources par mois : %(span)s"),
    unit=" €",
    fact=Fact("resources_month", Sort.MONEY, read=_of_adults, source="incomes.salary", source_of=Whose.PERSON),
    more=(
        Fact(
            "consumption_units",
            Sort.NUMBER,
            label=gettext_lazy("Unités de consommation"),
            read=_units,
            source="household.people",
        ),
        Fact("person_resources_month", Sort.MONEY, read=_of_person, of_person=True, beside="resources_month"),
    ),
    answer=_resources,
    fields=_resources_fields,
    rule=lambda data: {**number_rule(data), "per": data["per"]},
    initial=lambda rule: {**number_initial(rule), "per": rule.get("per", "household")},
    reads=lambda rule, aid: [
        "resources_month",
        *(["consumption_units"] if rule.get("per") == "consumption_unit" else []),
    ],
)

# Benefits

#: Benefits that the vault may give.
TOLD: Final = ("rsa", "aah", "ass", "aspa", "c2s", "pass_sport", "aeeh")
#: Benefits that rules name and that no vault gives.
NOT_TOLD: Final = frozenset({"apa", "pch", "fsl_energie"})


def _received(known: Known) -> list[str] | None:
    household = known.household
    if household.benefits is None and not household.receives:
        return None
    received = household.receives | {paid.type for paid in household.benefits or () if round(paid.monthly, 2)}
    return [code for code in TOLD if received & set(BY_CODE[code].received_as)]


RECEIVES: Final = one_of(
    code="receives",
    label=gettext_lazy("Aide déjà reçue"),
    fact=Fact(
        "receives",
        Sort.LIST,
        values={
            "rsa": gettext_lazy("recevoir le RSA"),
            "aah": gettext_lazy("recevoir l’AAH"),
            "ass": gettext_lazy("recevoir l’ASS"),
            "aspa": gettext_lazy("recevoir l’ASPA"),
            "c2s": gettext_lazy("avoir la complémentaire santé solidaire"),
            "aeeh": gettext_lazy("recevoir l’AEEH"),
            "pass_sport": gettext_lazy("avoir le Pass’Sport"),
            "apa": gettext_lazy("recevoir l’APA"),
            "pch": gettext_lazy("recevoir la PCH"),
            "fsl_energie": gettext_lazy("recevoir une aide du FSL pour l’énergie"),
        },
        read=_received,
        undecided=lambda known: NOT_TOLD,
    ),
    public={"beneficiaire_rsa": lambda one, about: {"type": "receives", "values": ["rsa"]}},
)
