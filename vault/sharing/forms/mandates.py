"""Forms of mandates, appointments, access requests and help requests. Nothing is preselected."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

from django import forms
from django.core.validators import EmailValidator
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.messages import sms
from core.pages.forms import code_input, digits_input
from core.templatetags.civic import long_date
from vault.records.enums import Mode
from vault.records.grants.agreements import Agreement
from vault.records.grants.terms import Terms
from vault.sharing.actions.mandates import Chosen
from vault.sharing.agreements.entrusting import length_words
from vault.sharing.enums import ENTRUSTED, Act, AskedFor, HalfDay, HelpAnswer
from vault.sharing.forms.household import with_value


class EntrustForm(forms.Form):
    """The items with their current values, the acts, and the length if the agreement offers several."""

    items = forms.MultipleChoiceField(
        label=gettext_lazy("Ce qu’elle peut voir"),
        help_text=gettext_lazy("Voici la valeur d’aujourd’hui. Rien n’est coché d’avance."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    acts = forms.MultipleChoiceField(
        label=gettext_lazy("Ce qu’elle peut faire"),
        help_text=gettext_lazy("Vous vérifiez vous-même les valeurs d’un papier qu’elle ajoute."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(act.value, act.label) for act in ENTRUSTED],
    )
    length = forms.ChoiceField(
        label=gettext_lazy("Pendant combien de temps ?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez une durée, ou ne signez pas.")},
    )

    def __init__(
        self,
        agreement: Agreement,
        held: Mapping[str, str],
        *args: Any,
        acts: Sequence[Act] = ENTRUSTED,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._held, self._lengths = held, agreement.lengths
        optional = [item for item in agreement.items if not item.required]
        choices = [(item.code, with_value(str(item.label), held.get(item.code, ""))) for item in optional]
        cast(forms.ChoiceField, self.fields["items"]).choices = choices
        cast(forms.ChoiceField, self.fields["length"]).choices = length_choices(agreement)
        self.fields["length"].help_text = f"{agreement.enough} {_('Rien ne se renouvelle tout seul.')}".strip()
        if len(self._lengths) == 1:
            del self.fields["length"]
        if not acts:
            del self.fields["acts"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("items") and not cleaned.get("acts"):
            self.add_error("items", _("Cochez au moins une ligne ou un acte, ou ne signez pas."))
        return cleaned

    @property
    def acts_chosen(self) -> list[Act]:
        return [Act(code) for code in self.cleaned_data.get("acts", [])]

    @property
    def chosen(self) -> Chosen:
        return Chosen(self.cleaned_data["items"], self.acts_chosen, self._held)

    @property
    def terms(self) -> Terms:
        months, lasts = self._lengths[self.cleaned_data.get("length") or next(iter(self._lengths))]
        return Terms(self.cleaned_data["items"], Mode.LOOK, months, lasts=lasts, shown=self._held)


class ColleagueForm(forms.Form):
    """The colleague to whom a companion hands a mandate over."""

    membership = forms.ChoiceField(
        label=gettext_lazy("À qui passez-vous la main ?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez un collègue.")},
    )

    def __init__(self, *args: Any, colleagues: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["membership"]).choices = colleagues


class AppointmentCodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code de rendez-vous"),
        help_text=gettext_lazy("Douze lettres et chiffres, que la personne lit sur son écran."),
        max_length=30,
        widget=code_input(),
        error_messages={"required": gettext_lazy("Écrivez le code que la personne vous dit.")},
    )


class PhoneCodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code reçu par SMS"),
        help_text=gettext_lazy("Six chiffres, sur le téléphone de la personne."),
        max_length=20,
        widget=digits_input(autocomplete="off"),
        error_messages={"required": gettext_lazy("Écrivez le code que la personne vous dit.")},
    )


class AskForm(forms.Form):
    """An access request. The form accepts any well-formed address or number, known to the portal or not."""

    address = forms.CharField(
        label=gettext_lazy("Adresse e-mail ou numéro de téléphone que la personne vous a donné"),
        help_text=gettext_lazy(
            "L’adresse par laquelle elle se connecte, ou son mobile si elle l’accepte. Rien de cela n’est gardé ici."
        ),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "govuk-input--width-20"}),
        error_messages={"required": gettext_lazy("Écrivez ce que la personne vous a donné.")},
    )
    items = forms.MultipleChoiceField(
        label=gettext_lazy("Que demandez-vous à voir ?"),
        help_text=gettext_lazy(
            "Le nom et la date de naissance viennent avec. Demandez le moins possible : la personne choisit ligne par "
            "ligne."
        ),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Cochez au moins une ligne.")},
    )
    purpose = forms.ChoiceField(
        label=gettext_lazy("Pourquoi ?"),
        help_text=gettext_lazy("La personne lit cette phrase."),
        choices=AskedFor.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Dites pourquoi.")},
    )
    length = forms.ChoiceField(
        label=gettext_lazy("Pendant combien de temps ?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez une durée.")},
    )

    how = forms.ChoiceField(
        label=gettext_lazy("Comment répond-elle ?"),
        choices=[
            ("page", gettext_lazy("Depuis son coffre, quand elle veut")),
            ("phone", gettext_lazy("Elle est avec vous : elle reçoit un code par SMS, et vous le dit")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Dites comment elle répond.")},
    )

    def __init__(self, agreement: Agreement, items: Sequence[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not sms.offered():
            del self.fields["how"]
            self.fields["address"].label = _("Adresse e-mail que la personne vous a donnée")
            self.fields["address"].help_text = _("Celle par laquelle elle se connecte. Elle n’est pas gardée ici.")
        cast(forms.ChoiceField, self.fields["items"]).choices = items
        cast(forms.ChoiceField, self.fields["length"]).choices = length_choices(agreement)

    def clean_address(self) -> str:
        typed: str = self.cleaned_data["address"]
        if "@" in typed or not sms.offered():
            EmailValidator(_("Écrivez une adresse complète, comme nom@exemple.fr"))(typed)
            return typed
        try:
            return sms.read_number(typed)
        except ValueError:
            problem = _(
                "Écrivez une adresse complète, comme nom@exemple.fr, ou un numéro complet, comme 06 12 34 56 78"
            )
            raise forms.ValidationError(problem) from None

    def clean(self) -> dict[str, Any]:
        """Refuse a code by text message with a number as the address: it does not prove who holds the telephone."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("how") == "phone" and sms.E164.match(data.get("address", "")):
            self.add_error(
                "how",
                _("Pour un code par SMS, écrivez son adresse e-mail. Par son numéro, elle répond depuis son coffre."),
            )
        return data


def length_choices(agreement: Agreement) -> list[tuple[str, str]]:
    """Return the agreement's lengths as choices, the shortest first."""
    return [(code, length_words(months, lasts)) for code, (months, lasts) in agreement.lengths.items()]


class HelpForm(forms.Form):
    """A help request: a name and a half-day."""

    name = forms.CharField(
        label=gettext_lazy("Par quel nom vous appeler ?"),
        help_text=gettext_lazy("Un prénom suffit. C’est tout ce qui est envoyé, avec le moment."),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "name", "class": "govuk-input--width-20"}),
        error_messages={"required": gettext_lazy("Écrivez le nom par lequel vous appeler.")},
    )
    day = forms.TypedChoiceField(
        label=gettext_lazy("Quel jour ?"),
        coerce=date.fromisoformat,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez un jour.")},
    )
    half = forms.ChoiceField(
        label=gettext_lazy("À quel moment ?"),
        choices=HalfDay.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez le matin ou l’après-midi.")},
    )

    def __init__(self, days: Sequence[date], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["day"]).choices = [
            (day.isoformat(), f"{day_name(day)} {long_date(day)}") for day in days
        ]


class HelpAnswerForm(forms.Form):
    answer = forms.ChoiceField(
        label=gettext_lazy("Que répondez-vous ?"),
        help_text=gettext_lazy("La personne lit cette phrase."),
        choices=HelpAnswer.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez une réponse.")},
    )


def day_name(day: date) -> str:
    return str(WEEKDAYS[day.weekday()])
