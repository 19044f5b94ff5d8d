"""The short form of a campaign, for who has no records: one question for each column of its plan. None is required."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from campaigns.noise.plan import Dimension, Measure, Plan
from campaigns.noise.rows import steps_of

#: Cells that fit on a page as radios or boxes.
FEW = 12
#: The answer of who does not answer.
NONE = "none"


class AnswersForm(forms.Form):
    def __init__(self, plan: Plan, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plan = plan
        for dimension in plan.dimensions:
            for name, made in _questions(plan, dimension).items():
                self.fields[name] = made
        for measure in plan.measures:
            self.fields[measure.code] = _amount(measure)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for dimension in self.plan.dimensions:
            if dimension.kind == "zone_pair":
                self._clean_pairs(dimension, data)
            elif len(data.get(dimension.code) or ()) > dimension.most > 1:
                self.add_error(dimension.code, _("Choisissez %(count)s réponses au plus.") % {"count": dimension.most})
        if not self.errors and not any(value is not None for value in self.answers().values()):
            raise forms.ValidationError(_("Répondez à une question au moins, ou revenez en arrière."))
        return data

    def _clean_pairs(self, dimension: Dimension, data: Mapping[str, Any]) -> None:
        for name, other in _pair_names(dimension):
            if bool(data.get(name)) != bool(data.get(other)):
                self.add_error(other if data.get(name) else name, _("Choisissez le départ et l’arrivée."))

    def answers(self) -> dict[str, int | list[int] | None]:
        """Return the row that was typed, by column; an empty answer is None."""
        found: dict[str, int | list[int] | None] = {}
        for dimension in self.plan.dimensions:
            indices = sorted(set(self._indices(dimension)))
            found[dimension.code] = (indices or None) if dimension.most > 1 else next(iter(indices), None)
        for measure in self.plan.measures:
            value = self.cleaned_data.get(measure.code)
            found[measure.code] = None if value is None else steps_of(measure, float(value))
        return found

    def _indices(self, dimension: Dimension) -> list[int]:
        data = self.cleaned_data
        if dimension.kind == "zone_pair":
            count = len(_zones(self.plan, dimension))
            pairs = [(data.get(name), data.get(other)) for name, other in _pair_names(dimension)]
            return [int(one) * count + int(other) for one, other in pairs if one and other]
        value = data.get(dimension.code)
        return [int(one) for one in (value if isinstance(value, list) else [value]) if one and one != NONE]


class DeskForm(AnswersForm):
    """The same questions at the desk, where the resident answers aloud or on paper, and says yes."""

    present = forms.BooleanField(
        label=gettext_lazy("La personne est devant moi. Je lui ai lu ce qui précède, et elle dit oui."),
        error_messages={"required": gettext_lazy("Sans son oui, rien ne part.")},
    )

    def __init__(self, plan: Plan, *args: Any, **kwargs: Any) -> None:
        super().__init__(plan, *args, **kwargs)
        self.order_fields([*(name for name in self.fields if name != "present"), "present"])


def _questions(plan: Plan, dimension: Dimension) -> dict[str, forms.Field]:
    label = dimension.label.in_language(_language())
    if dimension.kind == "zone_pair":
        choices = [("", _("Je ne réponds pas")), *_zones(plan, dimension)]
        made: dict[str, forms.Field] = {}
        for number, (name, other) in enumerate(_pair_names(dimension), 1):
            said = {"label": label, "number": number}
            made[name] = forms.ChoiceField(
                choices=choices, required=False, label=_("%(label)s, %(number)s : départ") % said
            )
            made[other] = forms.ChoiceField(
                choices=choices, required=False, label=_("%(label)s, %(number)s : arrivée") % said
            )
        return made
    cells = [(str(index), cell.label.in_language(_language())) for index, cell in enumerate(dimension.cells)]
    if dimension.most > 1:
        hint = _("%(count)s réponses au plus.") % {"count": dimension.most}
        boxes = forms.CheckboxSelectMultiple
        field = forms.MultipleChoiceField(choices=cells, required=False, label=label, help_text=hint, widget=boxes)
        return {dimension.code: field}
    none = _("Je ne réponds pas")
    if len(cells) > FEW:
        listed = forms.ChoiceField(choices=[("", none), *cells], required=False, label=label)
        return {dimension.code: listed}
    # A value of its own: radios with an empty one would have it ticked.
    radios = forms.ChoiceField(choices=[*cells, (NONE, none)], required=False, label=label, widget=forms.RadioSelect)
    return {dimension.code: radios}


def _pair_names(dimension: Dimension) -> list[tuple[str, str]]:
    return [(f"{dimension.code}-{number}-from", f"{dimension.code}-{number}-to") for number in range(dimension.most)]


def _zones(plan: Plan, dimension: Dimension) -> list[tuple[str, str]]:
    assert plan.zoning is not None  # noqa: S101 - a plan without zoning has no such dimension
    zones = plan.zoning.at_level(dimension.level)
    return [(str(index), zone.label.in_language(_language())) for index, zone in enumerate(zones)]


def _amount(measure: Measure) -> forms.Field:
    label = f"{measure.label.in_language(_language())} ({measure.unit})"
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=0,
        max_digits=9,
        decimal_places=2,
        localize=True,
        help_text=_("Compté entre %(low)s et %(high)s.") % {"low": measure.low, "high": measure.high},
    )


def _language() -> str:
    return get_language() or "fr"
