from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from core.pages.forms import code_input
from services.dossiers.actions.dossiers import LETTER_LENGTH, RECIPIENT_LENGTH
from services.dossiers.enums import Choice
from services.procedures import finding
from services.procedures.rules import Rules


class StartForm(forms.Form):
    """`token` prevents a second dossier if the form is sent twice."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    aids = forms.MultipleChoiceField(
        label=_("Que demandez-vous\u00a0?"),
        help_text=_("Un seul dossier peut servir à plusieurs aides du même organisme."),
        widget=forms.CheckboxSelectMultiple,
    )
    recipient = forms.CharField(
        label=_("À qui l’envoyez-vous\u00a0?"),
        help_text=_(
            "Ce nom sera écrit sur chaque page copiée, pour que personne d’autre ne s’en serve. "
            "Par exemple\u00a0: CAF de Villebrume."
        ),
        max_length=RECIPIENT_LENGTH,
        required=False,
    )

    def __init__(self, *args: Any, chosen: Sequence[Rules], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = list(chosen) or finding.startable()
        self.fields["aids"].choices = [(aid.code, aid.name) for aid in offered]  # type: ignore[attr-defined]
        if chosen:
            self.initial.setdefault("recipient", offered[0].organisation)


class PrepareForm(forms.Form):
    """What a companion prepares; whom it is for stays the resident's choice."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    aids = forms.MultipleChoiceField(
        label=_("Quelle aide demander ?"),
        help_text=_("Un seul dossier peut servir à plusieurs aides du même organisme."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Cochez au moins une aide.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(aid.code, aid.name) for aid in finding.startable()]
        self.fields["aids"].choices = choices  # type: ignore[attr-defined]  # a field of choices


class LetterForm(forms.Form):
    letter = forms.CharField(
        label=_("Votre lettre"),
        help_text=_("Dites ce que vous demandez. Effacez tout si vous ne voulez pas de lettre."),
        widget=forms.Textarea(attrs={"rows": 16}),
        max_length=LETTER_LENGTH,
        required=False,
    )


class ChoiceForm(forms.Form):
    """The resident's decision about one need; `undo` removes it."""

    UNDO = "undo"

    key = forms.CharField(max_length=120)
    choice = forms.ChoiceField(choices=[*Choice.choices, (UNDO, "")])

    @property
    def chosen(self) -> Choice | None:
        choice = self.cleaned_data["choice"]
        return None if choice == self.UNDO else Choice(choice)


class GuarantorsForm(forms.Form):
    count = forms.IntegerField(min_value=0, max_value=9)


class AddPaperForm(forms.Form):
    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    file = forms.FileField(
        label=_("Un PDF ou une photo"),
        help_text=_("PDF, JPEG ou PNG, 10 Mo au plus. Une photo nette prise de face suffit."),
        widget=forms.FileInput(attrs={"accept": "image/*,application/pdf"}),
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code du dossier"),
        help_text=_("Il est sur la première page, comme 7KQ4-M2XD-93HT."),
        max_length=40,
        widget=code_input(),
    )


class FileForm(forms.Form):
    file = forms.FileField(
        label=_("Fichier PDF du dossier"),
        help_text=_("Nous ne gardons pas ce fichier\u00a0: nous calculons son empreinte et nous l’oublions."),
        widget=forms.FileInput(attrs={"accept": "application/pdf"}),
    )
