"""Forms of the journal."""

from django import forms
from django.utils.translation import gettext_lazy as _

from vault.journal.actions.contests import LONGEST
from vault.journal.enums import CopyFormat


class CopyForm(forms.Form):
    format = forms.ChoiceField(label=_("Dans quelle forme ?"), choices=CopyFormat.choices, widget=forms.RadioSelect)


class ContestForm(forms.Form):
    message = forms.CharField(
        label=_("Pourquoi contestez-vous cette ligne ?"),
        help_text=_("Avec vos mots. N’écrivez ni numéro de sécurité sociale ni montant : ce n’est pas nécessaire."),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Écrivez quelques mots : ils servent à comprendre ce qui ne va pas.")},
    )


class AlertsForm(forms.Form):
    """The kinds of alert. None is preselected; choosing none stops the messages."""

    wanted = forms.MultipleChoiceField(
        label=_("Quand voulez-vous un e-mail ?"),
        choices=[("readings", _("Quelqu’un d’autre lit une donnée")), ("refusals", _("Une lecture est refusée"))],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class AnswerForm(forms.Form):
    """The data protection officer's answer, which cannot change once sent."""

    answer = forms.CharField(
        label=_("Votre réponse"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 8, "cols": 70})
    )
