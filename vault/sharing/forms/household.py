"""Forms of a household: invitation, code, agreement. Nothing is preselected."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.pages.forms import code_input
from vault.records.enums import HouseholdRole, Mode
from vault.records.grants.agreements import MONTHS, Agreement
from vault.records.grants.terms import Terms

#: The choice of length that stands for a single reading.
ONCE = 0
ROLES = [
    (HouseholdRole.PARTNER.value, gettext_lazy("Mon conjoint ou partenaire")),
    (HouseholdRole.ADULT.value, gettext_lazy("Un autre adulte qui vit avec moi")),
]


class InviteForm(forms.Form):
    role = forms.ChoiceField(label=gettext_lazy("Qui invitez-vous ?"), choices=ROLES, widget=forms.RadioSelect)
    email = forms.EmailField(
        label=gettext_lazy("Lui envoyer le code par e-mail"),
        help_text=gettext_lazy("Sinon, vous le donnez vous-même. L’adresse n’est pas gardée."),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    @property
    def chosen(self) -> HouseholdRole:
        return HouseholdRole(self.cleaned_data["role"])


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code d’invitation"),
        help_text=gettext_lazy("Douze lettres et chiffres, comme 7KQ4-M2XD-93HT."),
        max_length=30,
        widget=code_input(),
        error_messages={"required": gettext_lazy("Écrivez le code que l’on vous a donné.")},
    )


class AgreementForm(forms.Form):
    """The optional items, the mode and the length of an agreement. The page lists the required items."""

    items = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    mode = forms.ChoiceField(widget=forms.RadioSelect)
    months = forms.TypedChoiceField(
        label=gettext_lazy("Pendant combien de temps ?"),
        coerce=int,
        widget=forms.RadioSelect,
    )

    def __init__(self, agreement: Agreement, held: Mapping[str, str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._agreement, self._held = agreement, held
        optional = [item for item in agreement.items if not item.required]
        self._choices(
            "items", [(item.code, with_value(str(item.label), held.get(item.code, ""))) for item in optional]
        )
        self.fields["items"].label = _("Ce que vous voulez bien y mettre")
        self.fields["items"].help_text = _("Voici la valeur d’aujourd’hui. Rien n’est coché d’avance.")
        if not optional:
            del self.fields["items"]
        if len(agreement.modes) > 1:
            self._choices("mode", [(mode.value, _MODES[mode]) for mode in agreement.modes])
            self.fields["mode"].label = _("Les explications peuvent-elles montrer un total ?")
        else:
            del self.fields["mode"]
        self._choices("months", lengths(agreement))
        self.fields["months"].help_text = advice(agreement)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "items" in self.fields and not self._agreement.chosen(cleaned.get("items", [])):
            self.add_error("items", _("Cochez au moins une ligne, ou n’acceptez pas."))
        return cleaned

    @property
    def terms(self) -> Terms:
        data = self.cleaned_data
        mode = Mode(data.get("mode") or self._agreement.modes[0])
        once = data["months"] == ONCE
        return Terms(data.get("items", []), mode, MONTHS[0] if once else data["months"], once=once, shown=self._held)

    def _choices(self, name: str, choices: Sequence[tuple[Any, Any]]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices


def lengths(agreement: Agreement) -> list[tuple[int, str]]:
    """Return the possible lengths as choices, the shortest first."""
    once = [(ONCE, _("Une seule fois, dans le mois qui vient"))] if agreement.once else []
    return once + [(count, ngettext("%(count)s mois", "%(count)s mois", count) % {"count": count}) for count in MONTHS]


def advice(agreement: Agreement) -> str:
    return f"{agreement.enough} {_('Rien ne se renouvelle tout seul. Vous pouvez arrêter avant.')}".strip()


def with_value(label: str, held: str) -> str:
    return _("%(what)s : %(value)s") % {"what": label, "value": held or _("rien aujourd’hui")}


_MODES = {
    Mode.COUNT: gettext_lazy("Non : mes valeurs sont comptées, et rien n’est montré"),
    Mode.LOOK: gettext_lazy("Oui : le total des ressources du foyer peut s’afficher"),
}
