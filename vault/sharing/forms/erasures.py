"""The answer to a request to erase: from the recipient, or as the resident noted it."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vault.sharing.actions.erasures import LONGEST
from vault.sharing.enums import ErasureAnswer


class ErasureAnswerForm(forms.Form):
    answer = forms.TypedChoiceField(
        label=gettext_lazy("Quelle est la réponse ?"),
        choices=ErasureAnswer.choices,
        coerce=ErasureAnswer,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez une réponse.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Si c’est un refus, pourquoi ?"),
        help_text=gettext_lazy("La loi demande une raison (RGPD, article 12.4)."),
        max_length=LONGEST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("answer") == ErasureAnswer.REFUSED and not cleaned.get("reason"):
            self.add_error("reason", _("Écrivez la raison du refus."))
        return cleaned
