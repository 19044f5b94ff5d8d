from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from services.aids import catalogue
from services.official_forms.mapping import MOST_BYTES

BLANK = {"accept": "application/pdf"}


class BeginForm(forms.Form):
    title = forms.CharField(
        label=_("Nom du formulaire"),
        help_text=_("Celui qui est écrit en haut de sa première page."),
        max_length=120,
    )
    number = forms.CharField(
        label=_("Numéro"), help_text=_("Par exemple : 15481*01. Vide s’il n’en a pas."), max_length=40, required=False
    )
    aids = forms.MultipleChoiceField(
        label=_("Pour quelles aides ?"),
        help_text=_("Aucune, s’il est pour une démarche de la ville : sa fiche le nomme."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    blank = forms.FileField(
        label=_("Le PDF vierge"),
        help_text=_("Tel que l’organisme le publie, 5 Mo et 20 pages au plus."),
        widget=forms.FileInput(attrs=BLANK),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(aid.code, aid.name) for aid in catalogue.all_aids()]
        self.fields["aids"].choices = choices  # type: ignore[attr-defined]  # a field of choices


class RenewForm(forms.Form):
    blank = forms.FileField(
        label=_("Le nouveau PDF vierge"),
        help_text=_("Vide : le même PDF, avec un autre plan."),
        widget=forms.FileInput(attrs=BLANK),
        required=False,
    )


class MapForm(forms.Form):
    mapping = forms.CharField(
        label=_("Le plan, en YAML"),
        help_text=_("Quelle valeur va à quelle place. Les longueurs sont en millimètres."),
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false"}),
        max_length=MOST_BYTES,
        error_messages={"required": _("Écrivez au moins une ligne.")},
        strip=False,
    )
