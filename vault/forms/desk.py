"""What an agent types at the desk, with the person in front of them. Nothing is ticked beforehand."""

from typing import Any, cast
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy

from vault.presenting.mandates import offered


class OpenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Comment la personne veut-elle être appelée ?"),
        help_text=gettext_lazy("C’est elle qui choisit. Aucune pièce n’est demandée pour ouvrir un coffre."),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "govuk-input--width-20"}),
        error_messages={"required": gettext_lazy("Écrivez le nom que la personne vous dit.")},
    )
    asked = forms.BooleanField(
        label=gettext_lazy("La personne est devant moi. Elle demande un coffre, et sait qu’il est à elle et que je ne garde rien."),
        error_messages={"required": gettext_lazy("Un coffre s’ouvre à la demande de la personne, devant elle.")},
    )
    token = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["token"] = uuid4()


class ComeBackForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code de la feuille"),
        help_text=gettext_lazy("Douze lettres et chiffres, sur la dernière feuille imprimée."),
        max_length=30,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "class": "govuk-input--width-20"}
        ),
        error_messages={"required": gettext_lazy("Recopiez le code de la feuille.")},
    )
    items = forms.MultipleChoiceField(
        label=gettext_lazy("Que la personne veut-elle vous montrer ?"),
        help_text=gettext_lazy(
            "Lisez-lui ces lignes et cochez celles qu’elle dit, ou aucune. Le nom et la date de naissance viennent avec."
        ),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    token = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["token"] = uuid4()
        cast(forms.ChoiceField, self.fields["items"]).choices = offered()
