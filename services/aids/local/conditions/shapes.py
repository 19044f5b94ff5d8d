"""The three shapes that most kinds have: a yes or a no, a list of values, a number."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.templatetags.civic import number as in_figures
from services.aids.local.conditions.kinds import (
    COMPARE,
    MISSING,
    NO,
    Data,
    Fact,
    Facts,
    Kind,
    NoEqual,
    Public,
    Rule,
    among,
    answered,
    compare,
)
from services.aids.local.fields import YES_NO, number_field, plain
from services.versions.fields import choice_field
from vault import types

if TYPE_CHECKING:
    from services.aids.local.conditions.kinds import Words

OPS: Final = (
    ("<=", gettext_lazy("au plus")),
    ("<", gettext_lazy("moins de")),
    (">=", gettext_lazy("au moins")),
    (">", gettext_lazy("plus de")),
    ("=", gettext_lazy("exactement")),
    ("between", pgettext_lazy("comparison of a number", "de … à …")),
)

# A yes or a no


def flag(*, code: str, label: "Words", text: "Words", fact: Fact, public: str = "") -> Kind:
    """Declare a condition that is a yes or a no.

    Args:
        text: the condition, as a part of a sentence.
        public: its kind in the files of Aides Jeunes.
    """

    def answer(rule: Rule, facts: Facts, aid: Rule, day: date) -> str:
        value = facts.get(fact.name)
        return MISSING if value is None else answered(value == rule.get("value", True))

    def fields() -> Iterator[tuple[str, forms.Field]]:
        yield "value", forms.ChoiceField(label=label, choices=YES_NO, widget=forms.RadioSelect)

    return Kind(
        code=code,
        label=label,
        facts=(fact,),
        answer=answer,
        text=lambda rule, aid: str(text),
        fields=fields,
        rule=lambda data: {} if data["value"] == "yes" else {"value": False},
        initial=lambda rule: {"value": "yes" if rule.get("value", True) else "no"},
        public={public: lambda one, about: {"type": code} | ({} if one.get("value", True) else {"value": False})}
        if public
        else {},
    )


# A list of values


def word(fact: Fact, value: str) -> str:
    """Return the words of one value of a fact."""
    return str(fact.values.get(value) or vault_word(value))


def vault_word(value: str) -> str:
    """Return the vault's words for a choice that rules name as the vault does, else the value itself."""
    if value.startswith("bac_"):
        return _("bac + %(years)s") % {"years": value.removeprefix("bac_")}
    return _vault_words().get(value, value.replace("_", " "))


def _vault_words() -> dict[str, str]:
    return {
        value: label[:1].lower() + label[1:] if label[1:2].islower() else label
        for name in ("niveau_etude", "mention_baccalaureat", "regime_social", "engagement")
        for value, label in types.field(f"foyer.situation#/{name}").choices
    }


def one_of(*, code: str, label: "Words", fact: Fact, closed: bool = False, public: Public | None = None) -> Kind:
    """Declare a condition that one of several values suffices for.

    Args:
        closed: a file that names another value than the fact's is refused.
        public: as in `Kind`.
    """
    listed = {"properties": {"values": {"items": {"enum": list(fact.values)}}}, "required": ["values"]}

    def answer(rule: Rule, facts: Facts, aid: Rule, day: date) -> str:
        """A value that may still be true, though it is not listed, is missing rather than refused."""
        found = among(facts.get(fact.name), rule)
        may_be = (facts.get("undecided") or {}).get(fact.name) or ()
        return MISSING if found == NO and any(value in may_be for value in rule["values"]) else found

    def fields() -> Iterator[tuple[str, forms.Field]]:
        yield (
            "values",
            forms.MultipleChoiceField(
                label=gettext_lazy("L’une de ces situations"),
                choices=[(value, word(fact, value)) for value in fact.values],
                widget=forms.CheckboxSelectMultiple,
            ),
        )

    return Kind(
        code=code,
        label=label,
        facts=(fact,),
        answer=answer,
        text=lambda rule, aid: ", ".join(word(fact, value) for value in rule["values"]),
        fields=fields,
        rule=lambda data: {"values": data["values"]},
        initial=lambda rule: {"values": rule["values"]},
        public=public or {},
        schema=listed if closed else {},
    )


def included(one: Rule, kind: str, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the rule of a public condition that includes or excludes values, named there as `names` says."""
    listed = one.get("includes") or one["excludes"]
    found = {"type": kind, "values": list(dict.fromkeys(names[value] for value in listed))}
    return found if "includes" in one else {"not": found}


# A number


def number(
    *,
    code: str,
    label: "Words",
    text: "Words",
    unit: "Words" = "",
    fact: Fact,
    more: tuple[Fact, ...] = (),
    **others: Any,
) -> Kind:
    """Declare a condition that compares a number.

    Args:
        text: the condition, as a part of a sentence with a place for the `span`, or the words before the span.
        unit: what follows the span's numbers.
        more: facts that complete the first.
        others: fields of `Kind` that replace those of the shape.
    """

    def answer(rule: Rule, facts: Facts, aid: Rule, day: date) -> str:
        value = facts.get(fact.name)
        return compare(None if value is None else float(value), rule)

    def sentence(rule: Rule, aid: Rule) -> str:
        span = span_text(rule, str(unit))
        words = str(text)
        if "%(span)s" in words:
            return words % {"span": span}
        return _("%(what)s : %(span)s") % {"what": words, "span": span}

    shape: dict[str, Any] = {
        "facts": (fact, *more),
        "answer": answer,
        "text": sentence,
        "fields": number_fields,
        "rule": number_rule,
        "initial": number_initial,
    }
    return Kind(code=code, label=label, wrong=_wrong_span, **{**shape, **others})


def number_fields() -> Iterator[tuple[str, forms.Field]]:
    yield "op", choice_field(gettext_lazy("Comparaison"), OPS)
    yield "value", number_field(gettext_lazy("Nombre"))
    yield "until", number_field(gettext_lazy("Deuxième nombre, pour « de … à … »"), required=False)


def number_rule(data: Data) -> dict[str, Any]:
    if data["op"] == "between":
        return {"min": plain(data["value"]), "max": plain(data["until"])}
    return {"op": data["op"], "value": plain(data["value"])}


def number_initial(rule: Rule) -> dict[str, Any]:
    if "op" in rule:
        return {"op": rule["op"], "value": rule["value"]}
    low, high = rule.get("min"), rule.get("max")
    if low is not None and high is not None:
        return {"op": "between", "value": low, "until": high}
    return {"op": "<=", "value": high} if low is None else {"op": ">=", "value": low}


def _wrong_span(data: Data) -> tuple[str, str] | None:
    low, high = data.get("value"), data.get("until")
    if data.get("op") == "between" and low is not None and (high is None or high < low):
        return "until", _("Écrivez un deuxième nombre, plus grand que le premier.")
    return None


def span_text(rule: Rule, unit: str) -> str:
    if "op" in rule:
        return {
            "<=": _("au plus %(value)s%(unit)s"),
            "<": _("moins de %(value)s%(unit)s"),
            ">=": _("au moins %(value)s%(unit)s"),
            ">": _("plus de %(value)s%(unit)s"),
            "=": _("exactement %(value)s%(unit)s"),
        }[rule["op"]] % {"value": in_figures(rule["value"]), "unit": unit}
    low, high = rule.get("min"), rule.get("max")
    if low is not None and high is not None:
        words = {"low": in_figures(low), "high": in_figures(high), "unit": unit}
        return _("de %(low)s à %(high)s%(unit)s") % words
    if low is not None:
        return _("au moins %(value)s%(unit)s") % {"value": in_figures(low), "unit": unit}
    return _("au plus %(value)s%(unit)s") % {"value": in_figures(high), "unit": unit}


def compared(one: Rule) -> dict[str, Any]:
    """Return the comparison of a public condition. Raises NoEqual for another operator."""
    if one["operator"] not in COMPARE:
        raise NoEqual
    return {"op": one["operator"], "value": one["value"]}
