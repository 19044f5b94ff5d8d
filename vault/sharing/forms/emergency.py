"""The form of a request for an emergency access. Nothing is preselected, not even the name or the shortest length."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy, ngettext

from vault.sharing.actions.emergency import LONGEST
from vault.sharing.models.emergency import LENGTHS
from vault.sharing.presenting.emergency import offered


class AskForm(forms.Form):
    written = forms.CharField(
        label=gettext_lazy("Adresse de connexion ou référence de la personne"),
        help_text=gettext_lazy("Exacte. Elle n’est pas gardée ici, et nous ne disons pas si quelqu’un a un coffre."),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "govuk-input--width-20"}),
        error_messages={"required": gettext_lazy("Écrivez l’adresse ou la référence.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Pourquoi est-ce urgent ?"),
        help_text=gettext_lazy("La personne lira ces mots, avec votre nom. Le second agent aussi, avant de répondre."),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Écrivez le motif : sans motif, rien n’est demandé.")},
    )
    items = forms.MultipleChoiceField(
        label=gettext_lazy("Que faut-il voir ?"),
        help_text=gettext_lazy("Le moins possible. Rien n’est coché d’avance."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Cochez au moins une ligne.")},
    )
    minutes = forms.TypedChoiceField(
        label=gettext_lazy("Pendant combien de temps ?"),
        help_text=gettext_lazy("Le temps commence quand le second agent accepte."),
        widget=forms.RadioSelect,
        coerce=int,
        error_messages={"required": gettext_lazy("Choisissez une durée.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["items"]).choices = offered()
        lengths = [
            (minutes, ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes})
            for minutes in LENGTHS
        ]
        cast(forms.ChoiceField, self.fields["minutes"]).choices = lengths
