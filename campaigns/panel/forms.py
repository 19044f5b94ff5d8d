"""Forms of the panel. Nothing is ticked or chosen beforehand."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organisation, User
from campaigns.panel import subjects
from campaigns.panel.actions import panels
from campaigns.panel.enums import FEWEST_SEATS, LONGEST_READING, MOST_SEATS, SHORTEST_READING, Decision, Stance
from campaigns.panel.models import Opinion, Panel
from campaigns.panel.presenting.opinions import author_of
from certification.labels.actions.charters import refuse_new_contacts
from core.pages.forms import DateField, PublicWords


def _text(label: Any, rows: int = 5, **others: Any) -> forms.CharField:  # noqa: ANN401 - lazy
    return forms.CharField(label=label, max_length=2000, widget=forms.Textarea({"rows": rows}), **others)


class AnnounceForm(forms.Form):
    seats = forms.IntegerField(
        label=gettext_lazy("Nombre de places"),
        min_value=FEWEST_SEATS,
        max_value=MOST_SEATS,
        widget=forms.NumberInput({"class": "govuk-input--width-3"}),
    )
    day = DateField(label=gettext_lazy("Jour du tirage"), help_text=gettext_lazy("Dans sept jours au moins."))
    hour = forms.TimeField(
        label=gettext_lazy("Heure et minute du tirage"),
        input_formats=["%H:%M", "%Hh%M", "%H h %M"],
        help_text=gettext_lazy("Comme 18:00."),
        widget=forms.TextInput({"class": "govuk-input--width-5"}),
    )
    ends_on = DateField(label=gettext_lazy("Dernier jour du panel"), help_text=gettext_lazy("Deux ans au plus."))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if {"seats", "day", "hour", "ends_on"} <= {*data}:
            bounds = {"seats": data["seats"], "draws_at": self.draws_at(), "ends_on": data["ends_on"]}
            words = {
                "seats": _("Entre 5 et 50 places."),
                "day": _("Le tirage vient dans sept jours au moins, six mois au plus."),
                "ends_on": _("Le dernier jour suit le tirage, de deux ans au plus."),
            }
            found = panels.problems(**bounds, now=timezone.now())
            if found:
                raise ValidationError({name: words[name] for name in found})
        return data

    def draws_at(self) -> datetime:
        data = self.cleaned_data
        return timezone.make_aware(datetime.combine(data["day"], data["hour"].replace(second=0, microsecond=0)))


class NameAssociationForm(forms.Form):
    organisation = forms.ModelChoiceField(
        label=gettext_lazy("Association"),
        queryset=Organisation.objects.none(),
        help_text=gettext_lazy("Ses accompagnants écrivent ses avis."),
    )

    def __init__(self, panel: Panel, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = panel.associations.values("organisation")
        free = Organisation.objects.filter(is_active=True, accompanies=True).exclude(pk__in=named)
        self.fields["organisation"].queryset = free  # type: ignore[attr-defined]  # a ModelChoiceField


class ReferForm(forms.Form):
    subject = forms.ChoiceField(
        label=gettext_lazy("Sujet"),
        help_text=gettext_lazy("Son titre est publié. D’un brouillon de charte, tout le texte."),
    )
    question = PublicWords(label=gettext_lazy("Question au panel (publiée)"), max_length=600, rows=4)
    last_day = DateField(
        label=gettext_lazy("Dernier jour pour donner un avis"), help_text=gettext_lazy("Sept jours au moins.")
    )

    def __init__(self, agent: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agent = agent
        choices = [(one.value, f"{one.kind.label} : {one.name}") for one in subjects.of(agent)]
        self.fields["subject"].choices = [("", "—"), *choices]  # type: ignore[attr-defined]  # a ChoiceField

    def clean_subject(self) -> str:
        """Refuse a draft of the charter with a new telephone number or address: its text is public at once."""
        value: str = self.cleaned_data["subject"]
        found = subjects.find(self.agent, value)
        if found is not None:
            refuse_new_contacts(found.content)
        return value

    def clean_last_day(self) -> Any:  # noqa: ANN401 - a date, as DateField gives it
        found = self.cleaned_data["last_day"]
        if not SHORTEST_READING <= found - timezone.localdate() <= LONGEST_READING:
            raise ValidationError(_("Entre sept jours et trois mois."))
        return found


class SeatForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Nom sous lequel vous écrivez"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Public. Sans nom, vos avis sont signés « Membre », avec votre rang."),
    )


class OpinionForm(forms.Form):
    stance = forms.ChoiceField(label=gettext_lazy("Votre avis"), choices=Stance.choices, widget=forms.RadioSelect)
    reasons = _text(gettext_lazy("Vos raisons, ou vos réserves"))


class AnswerForm(forms.Form):
    opinions = forms.MultipleChoiceField(
        label=gettext_lazy("À quels avis répondez-vous ?"), widget=forms.CheckboxSelectMultiple
    )
    decision = forms.ChoiceField(
        label=gettext_lazy("Décision de la ville"), choices=Decision.choices, widget=forms.RadioSelect
    )
    words = PublicWords(label=gettext_lazy("Réponse (publiée)"), max_length=2000, rows=5)

    def __init__(self, waiting: list[Opinion], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(one.pk), f"{author_of(one)} : {one.get_stance_display()}") for one in waiting]
        self.fields["opinions"].choices = choices  # type: ignore[attr-defined]  # a MultipleChoiceField
