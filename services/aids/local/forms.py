"""Forms of agents who write a local aid: one condition, the amount. No field of JSON."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from services.aids.local.amounts import AMOUNTS, lines_of
from services.aids.local.checking import is_absurd
from services.aids.local.conditions import KINDS
from services.aids.local.fields import plain
from services.versions.fields import choice_field

Rule = Mapping[str, Any]

GROUPS: Final = {
    "all": gettext_lazy("Un groupe : toutes ces conditions"),
    "any": gettext_lazy("Un groupe : au moins une de ces conditions"),
    "not": gettext_lazy("Un groupe : sauf si"),
}
#: Names of the ages of a child, in rules; in the form, after "child_".
CHILD_AGES: Final = ("age_min", "age_max")
#: Numbers of an amount that have the same name in the form.
NUMBERS: Final = ("value", "rate", "min", "max", "cap", "when_missing", "times")


class KindForm(forms.Form):
    """A choice of what to add to a group: a condition of one of the kinds, or a group."""

    kind = choice_field(
        gettext_lazy("Que voulez-vous ajouter ?"),
        [*((kind.code, kind.label) for kind in KINDS.values()), *GROUPS.items()],
    )


class ConditionForm(forms.Form):
    """One condition of the kind `kind`."""

    def __init__(self, *args: Any, kind: str, rule: Rule | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = KINDS[kind]
        for name, field in self.kind.fields():
            self.fields[name] = field
        for name, value in (self.kind.initial(rule) if rule else {}).items():
            self.fields[name].initial = value

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if wrong := self.kind.wrong(data):
            self.add_error(*wrong)
        elif not self.errors and is_absurd({"type": self.kind.code, **self.kind.rule(data)}):
            self.add_error(next(iter(self.fields)), _("Personne ne remplit cette condition : vérifiez les bornes."))
        return data

    def rule(self) -> dict[str, Any]:
        """Return the condition, in the format of rules."""
        return {"type": self.kind.code, **self.kind.rule(self.cleaned_data)}


class AmountKindForm(forms.Form):
    sorte = choice_field(
        gettext_lazy("Quelle sorte de montant ?"), [(kind.code, kind.label) for kind in AMOUNTS.values()]
    )


class AmountForm(forms.Form):
    """The amount, of the sort `kind`."""

    def __init__(self, *args: Any, kind: str, amount: Rule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.before = AMOUNTS[kind], amount if amount.get("kind") == kind else {}
        for name, field in self.kind.fields():
            self.fields[name] = field
            if name in self.before:
                field.initial = self.before[name]
        if "lines" in self.fields:
            self.fields["lines"].initial = lines_of(self.before)
        for name, value in self.before.get("per_child", {}).items():
            self.fields[f"child_{name}"].initial = value

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for low, high in (("min", "max"), ("child_age_min", "child_age_max")):
            if data.get(high) is not None and (data.get(low) or 0) > data[high]:
                self.add_error(high, _("Le maximum est plus petit que le minimum."))
        for name, words in list(self.kind.wrong(data)):
            self.add_error(name, words)
        return data

    def amount(self) -> dict[str, Any]:
        """Return the amount, in the format of rules. What this form does not show of the same sort stays."""
        data, kind = self.cleaned_data, {"kind": self.kind.code}
        if not self.fields:
            return {**self.before, **kind}
        parts = self.kind.parts(data)
        numbers = {name: plain(data[name]) for name in NUMBERS if data.get(name) is not None}
        if "bands" in parts:
            numbers.pop("rate", None)
        return {**kind, **self._per_child(), **numbers, **parts, "unit": "EUR"}

    def _per_child(self) -> dict[str, Any]:
        typed = {age: self.cleaned_data.get(f"child_{age}") for age in CHILD_AGES}
        ages = {age: value for age, value in typed.items() if value is not None}
        if not ages and "child_age_min" not in self.fields:
            ages = self.before.get("per_child", {})
        return {"per_child": ages} if ages else {}
