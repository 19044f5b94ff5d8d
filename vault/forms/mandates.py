"""Forms of a mandate and of an appointment. Nothing is chosen beforehand, not even the shortest length."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from vault.actions.grants import Terms
from vault.actions.mandates import Chosen
from vault.agreements import Agreement
from vault.enums import Act, Mode
from vault.forms.household import advice, with_value


class EntrustForm(forms.Form):
    """The lines with their value of today, the acts, and how long where there is a choice."""

    items = forms.MultipleChoiceField(
        label=gettext_lazy("Ce que cette personne peut voir"),
        help_text=gettext_lazy("Voici la valeur d’aujourd’hui. Rien n’est coché d’avance."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    acts = forms.MultipleChoiceField(
        label=gettext_lazy("Ce qu’elle peut faire"),
        help_text=gettext_lazy("Vous vérifiez vous-même les valeurs d’un papier qu’elle ajoute."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=Act.choices,
    )
    length = forms.ChoiceField(
        label=gettext_lazy("Pendant combien de temps ?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez une durée, ou ne signez pas.")},
    )

    def __init__(self, agreement: Agreement, held: Mapping[str, str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held, self._lengths = held, lengths(agreement)
        optional = [item for item in agreement.items if not item.required]
        choices = [(item.code, with_value(str(item.label), held.get(item.code, ""))) for item in optional]
        cast(forms.ChoiceField, self.fields["items"]).choices = choices
        cast(forms.ChoiceField, self.fields["length"]).choices = [(code, label) for code, (label, _months, _lasts) in self._lengths.items()]
        self.fields["length"].help_text = advice(agreement)
        if len(self._lengths) == 1:
            del self.fields["length"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("items") and not cleaned.get("acts"):
            self.add_error("items", _("Cochez au moins une ligne ou un acte, ou ne signez pas."))
        return cleaned

    @property
    def acts_chosen(self) -> list[Act]:
        return [Act(code) for code in self.cleaned_data["acts"]]

    @property
    def chosen(self) -> Chosen:
        return Chosen(self.cleaned_data["items"], self.acts_chosen, self._held)

    @property
    def terms(self) -> Terms:
        _label, months, lasts = self._lengths[self.cleaned_data["length"]]
        return Terms(self.cleaned_data["items"], Mode.LOOK, months, lasts=lasts, shown=self._held)


class AppointmentCodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code de rendez-vous"),
        help_text=gettext_lazy("Douze lettres et chiffres, que la personne lit sur son écran."),
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Écrivez le code que la personne vous dit.")},
    )


def lengths(agreement: Agreement) -> dict[str, tuple[str, int, timedelta | None]]:
    """Those that may be chosen, the shortest first: what is said, months, or a time under a month."""
    short = {f"d{length.days}" if length.days else "meeting": (_spoken(length), 0, length) for length in agreement.short}
    months = {
        f"m{count}": (ngettext("%(count)s mois", "%(count)s mois", count) % {"count": count}, count, None) for count in agreement.months
    }
    return {**short, **months}


def _spoken(length: timedelta) -> str:
    if length.days:
        return ngettext("%(count)s jour", "%(count)s jours", length.days) % {"count": length.days}
    hours = length.seconds // 3600
    return ngettext("%(count)s heure", "%(count)s heures", hours) % {"count": hours}
