"""Forms that an agent fills in at the desk, with the resident. Nothing is preselected."""

from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.files.uploads import SealedUpload
from core.pages.forms import as_read, code_input
from vault.records.enums import GrantChannel
from vault.records.forms.papers import PAGES
from vault.records.grants.terms import Terms
from vault.sharing.agreements.entrusting import AGREEMENT, offered
from vault.sharing.forms.mandates import EntrustForm
from vault.sharing.presenting.mandates import companions


class OpenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Comment la personne veut-elle être appelée ?"),
        help_text=gettext_lazy("C’est elle qui choisit. Aucune pièce n’est demandée pour ouvrir un coffre."),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "govuk-input--width-20"}),
        error_messages={"required": gettext_lazy("Écrivez le nom que la personne vous dit.")},
    )
    asked = forms.BooleanField(
        label=gettext_lazy(
            "La personne est devant moi. Elle demande un coffre, et sait qu’il est à elle et que je ne garde rien."
        ),
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
        widget=code_input(),
        error_messages={"required": gettext_lazy("Recopiez le code de la feuille.")},
    )
    items = forms.MultipleChoiceField(
        label=gettext_lazy("Que la personne veut-elle vous montrer ?"),
        help_text=gettext_lazy(
            "Lisez-lui ces lignes et cochez celles qu’elle dit, ou aucune. Le nom et la date de naissance viennent "
            "avec."
        ),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    token = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["token"] = uuid4()
        cast(forms.ChoiceField, self.fields["items"]).choices = offered()


class AskToCloseForm(forms.Form):
    """The resident's request to close their vault, in front of the first agent."""

    present = forms.BooleanField(
        label=gettext_lazy(
            "La personne est devant moi, avec sa feuille et un papier d’identité. Elle demande la fermeture, et sait "
            "ce qui s’efface."
        ),
        error_messages={"required": gettext_lazy("Un coffre se ferme à la demande de la personne, devant elle.")},
    )
    step = forms.CharField(initial="ask", widget=forms.HiddenInput)


class ConfirmClosingForm(AskToCloseForm):
    """The same, in front of the second agent."""

    shown = as_read()

    step = forms.CharField(initial="confirm", widget=forms.HiddenInput)


class PaperMandateForm(EntrustForm):
    """The choices printed on a paper mandate and, once the resident has signed it, its scan (`signed`)."""

    place = forms.ChoiceField(
        label=gettext_lazy("À qui donne-t-elle un mandat ?"),
        error_messages={"required": gettext_lazy("Choisissez la personne qui l’accompagne.")},
    )
    file = forms.FileField(
        label=gettext_lazy("Le formulaire signé, scanné ou photographié"),
        help_text=gettext_lazy("Un PDF ou une photo, de 10 Mo au plus. Nous en gardons l’empreinte."),
        required=False,
        allow_empty_file=False,
        widget=forms.FileInput(attrs={"accept": PAGES}),
    )
    keep = forms.ChoiceField(
        label=gettext_lazy("Veut-elle garder ce scan dans son coffre ?"),
        choices=[("yes", gettext_lazy("Oui, avec ses papiers")), ("no", gettext_lazy("Non, l’empreinte seulement"))],
        required=False,
        widget=forms.RadioSelect,
    )

    field_order = ("place", "items", "acts", "length", "file", "keep")

    def __init__(self, agent: User, *args: Any, signed: bool = False, **options: Any) -> None:
        super().__init__(AGREEMENT, {}, *args, **options)
        place = cast(forms.ChoiceField, self.fields["place"])
        place.choices = [("", gettext_lazy("Choisissez")), *companions(agent)]
        # Without their values: the agent may not read them.
        choices = [(item.code, item.label) for item in AGREEMENT.items if not item.required]
        cast(forms.ChoiceField, self.fields["items"]).choices = choices
        self.fields["items"].help_text = gettext_lazy("Celles qu’elle dit. Rien n’est coché d’avance.")
        self.fields["acts"].help_text = gettext_lazy("La personne vérifie elle-même les valeurs d’un papier ajouté.")
        self._signed = signed

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self._signed and "file" not in self.errors and (not cleaned.get("file") or not self.upload.sha256):
            self.add_error("file", gettext_lazy("Choisissez le scan du formulaire signé."))
        if self._signed and not cleaned.get("keep"):
            self.add_error("keep", gettext_lazy("Demandez-lui, et choisissez oui ou non."))
        return cleaned

    @property
    def upload(self) -> SealedUpload:
        found: SealedUpload = self.cleaned_data["file"]
        return found

    @property
    def terms(self) -> Terms:
        return replace(super().terms, channel=GrantChannel.DESK)
