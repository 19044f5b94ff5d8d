"""The form by which a resident agrees to a connection. Nothing is preselected."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from vault import types
from vault.holders.connectors.frame import Dataset, Offer

ONCE, MONTHLY = "once", "monthly"


class ConnectForm(forms.Form):
    """Datasets, questions and rhythm. Questions in `known` are left out: a proven value answers them."""

    rhythm = forms.ChoiceField(
        label=_("Combien de fois ?"),
        choices=[
            (ONCE, _("Une fois, maintenant")),
            (MONTHLY, _("Maintenant, puis chaque mois, sans que je le demande")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choisissez une fois, ou chaque mois.")},
    )

    def __init__(self, offer: Offer, *args: Any, known: frozenset[str] = frozenset(), **options: Any) -> None:
        super().__init__(*args, **options)
        self.offer = offer
        self.asked = [question for question in offer.questions if question.name not in known]
        for question in self.asked:
            self.fields[question.name] = forms.CharField(
                label=str(question.label), help_text=str(question.hint), max_length=100
            )
        if len(offer.datasets) > 1:
            self.fields["datasets"] = forms.MultipleChoiceField(
                label=_("Que voulez-vous recevoir ?"),
                choices=[(one.code, _labelled(one)) for one in offer.datasets],
                widget=forms.CheckboxSelectMultiple,
                error_messages={"required": _("Choisissez au moins une donnée.")},
            )
        self.order_fields(["datasets", *[question.name for question in self.asked], "rhythm"])

    @property
    def datasets(self) -> list[str]:
        return list(self.cleaned_data.get("datasets") or [one.code for one in self.offer.datasets])

    @property
    def unattended(self) -> bool:
        return bool(self.cleaned_data["rhythm"] == MONTHLY)

    @property
    def answers(self) -> dict[str, str]:
        return {question.name: self.cleaned_data[question.name] for question in self.asked}


class PushForm(forms.Form):
    """The types that a holder may send. The rhythm and the end are its own; the page says them."""

    datasets = forms.MultipleChoiceField(
        label=_("Que peut-il envoyer ?"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Rien n’est coché d’avance."),
        error_messages={"required": _("Choisissez au moins une donnée, ou refusez.")},
    )

    def __init__(self, offer: Offer, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(one.code, _labelled(one)) for one in offer.datasets]
        cast(forms.MultipleChoiceField, self.fields["datasets"]).choices = choices


def _labelled(dataset: Dataset) -> str:
    return f"{dataset.label}. {dataset.hint}" if dataset.hint else str(dataset.label)


def fields_by_dataset(offer: Offer) -> list[dict[str, object]]:
    """Return each dataset with the labels of all fields that may be received."""
    return [
        {
            "label": one.label,
            "hint": one.hint,
            "fields": list(
                dict.fromkeys(types.field(field).label for code in one.types for field in types.fields_of(code))
            ),
        }
        for one in offer.datasets
    ]
