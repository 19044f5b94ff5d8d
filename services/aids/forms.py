from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.pages.forms import DateField
from core.templatetags.civic import month
from services.aids import prefilled
from services.aids.facts import answers
from services.aids.facts.answers import Way
from services.aids.household import months
from vault import types
from vault.records.forms import places
from vault.records.forms.numbers import MoneyField, PlausibleForm
from vault.records.forms.places import PlaceField
from vault.types import geography


def choice_words(field_id: str, value: str) -> str:
    """Return the vault's label of a choice. Disability is asked by bands, because the vault keeps a rate."""
    words = {
        "none": _("Non"),
        "half": _("Oui, de 50 à 79 %"),
        "high": _("Oui, 80 % ou plus"),
        answers.LONG: _("Depuis plus d’un an"),
    }
    if months.is_month(value):
        return month(value)
    return words.get(value) or dict(types.field(field_id).choices).get(value, value)


class AnswerForm(PlausibleForm):
    """A form for one question, with one field named `answer`."""

    def __init__(
        self,
        *args: Any,
        way: Way,
        field_id: str,
        label: str,
        hint: str,
        offered: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["answer"] = _field(way, field_id, label, hint, offered or way.choices)
        self.infos = {"answer": types.field(field_id)} if way.kind in (answers.AMOUNT, answers.DATE) else {}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        field = self.fields["answer"]
        if isinstance(field, PlaceField) and cleaned.get("answer"):
            code = places.resolve(self, "answer", field, cleaned["answer"])
            place = geography.find(field.kind, code) if code else None
            cleaned["answer"] = place.today if place else None
        return cleaned

    def clean_answer(self) -> object:
        value = self.cleaned_data["answer"]
        return {"yes": True, "no": False}.get(value, value) if isinstance(value, str) else value


def _field(way: Way, field_id: str, label: str, hint: str, offered: Sequence[str]) -> forms.Field:
    if way.kind in {answers.AMOUNT, answers.PAPER}:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "govuk-input--width-5"})
        help_text = f"{_('En euros. Écrivez 0 s’il n’y en a pas.')} {hint}".strip()
        messages = {
            "invalid": _("Écrivez le montant en chiffres, comme 612."),
            "required": _("Écrivez un montant, ou passez la question."),
        }
        return MoneyField(label=label, help_text=help_text, widget=widget, error_messages=messages)
    if way.kind == answers.PLACE:
        return PlaceField(kind=geography.COMMUNE, label=_("Nom de la commune, ou code postal"))
    if way.kind == answers.DATE:
        return DateField(label=label, help_text=hint)
    if way.kind == answers.SEVERAL:
        return forms.MultipleChoiceField(
            label=label,
            help_text=hint,
            required=False,
            choices=[(value, choice_words(field_id, value)) for value in answers.RECEIVED],
            widget=forms.CheckboxSelectMultiple,
        )
    choices = (
        [("yes", _("Oui")), ("no", _("Non"))]
        if way.kind == answers.YES_NO
        else [(value, choice_words(field_id, value)) for value in offered]
    )
    return forms.ChoiceField(
        label=label,
        help_text=hint,
        choices=choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choisissez une réponse, ou passez la question.")},
    )


class ReceivedForm(forms.Form):
    """Ask for the benefits paid today. An empty selection is a valid answer."""

    received = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.MultipleChoiceField, self.fields["received"])
        field.label = _("Cochez ce que vous recevez. Ne cochez rien si vous ne recevez rien.")
        field.choices = [(code, choice_words("social.prestation#/prestation", code)) for code in answers.RECEIVED]


class PhotoForm(forms.Form):
    """A photo or a PDF of what the CAF filled in. It is read once and not kept."""

    file = forms.FileField(
        label=gettext_lazy("Une photo, une capture d’écran ou un PDF"),
        help_text=gettext_lazy("PDF, JPEG ou PNG, 10 Mo au plus. Nous lisons les montants, vous les vérifiez."),
        widget=forms.FileInput(attrs={"accept": "application/pdf,image/jpeg,image/png"}),
        error_messages={
            "required": gettext_lazy("Choisissez un fichier."),
            "empty": gettext_lazy("Ce fichier est vide."),
        },
    )


class PrefilledForm(forms.Form):
    """What the CAF filled in for each month of a declaration. A month left empty is not compared."""

    def __init__(self, *args: Any, months: Sequence[str], names: Sequence[str] = ("",), **kwargs: Any) -> None:
        """Build the fields. `names` are those of the adults; that of the resident is empty."""
        super().__init__(*args, **kwargs)
        for rank, name in enumerate(names):
            for one in months:
                widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "govuk-input--width-5"})
                words = {"month": ", ".join(filter(None, [month(one).capitalize(), name]))}
                label = _("%(month)s, en euros") % words
                self.fields[prefilled.field(one, rank)] = MoneyField(label=label, required=False, widget=widget)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for one in self.fields:
            if (cleaned.get(one) or 0) < 0:
                self.add_error(one, _("Un revenu ne peut pas être négatif."))
        if not self.errors and not any(cleaned.get(one) is not None for one in self.fields):
            raise ValidationError(_("Écrivez au moins un montant."))
        return cleaned


class SimulateAtDeskForm(forms.Form):
    """The yes of the resident, in front of the agent, for one computation."""

    present = forms.BooleanField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["present"]
        field.label = _("La personne est devant moi. Elle veut ce calcul, et que j’en voie le résultat avec elle.")
        field.error_messages["required"] = _("Demandez-le-lui, et cochez si elle dit oui.")
