"""Forms of urgent situations: what agents write, and the days that a resident tells."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.pages.forms import DateField
from services.aids import catalogue, urgent
from services.versions.fields import choice_field, text_field
from vault.records.models import PaperKind

LINES: Final = ("first_days", "rights", "places")
#: Days that a resident may tell: what happened, or will within a year.
OLDEST, LATEST = timedelta(days=3660), timedelta(days=366)

UNITS: Final = (
    ("day", gettext_lazy("Jours")),
    ("week", gettext_lazy("Semaines")),
    ("month", gettext_lazy("Mois")),
    ("year", gettext_lazy("Années")),
)
DAYS: Final = (
    ("all", gettext_lazy("Tous les jours")),
    ("not_sundays", gettext_lazy("Sans les dimanches ni les jours fériés")),
    ("working", gettext_lazy("Du lundi au vendredi, sans les jours fériés")),
)


class SituationForm(forms.Form):
    """The texts of a version, its papers and its dossiers."""

    title = forms.CharField(
        label=gettext_lazy("Ce qui arrive, comme la personne le dit"),
        max_length=120,
        help_text=gettext_lazy("Comme « J’ai perdu mon emploi »."),
    )
    intro = text_field(gettext_lazy("La première phrase de la page"), 500)
    first_days = text_field(
        gettext_lazy("Les premiers jours"), 4000, 5, help_text=gettext_lazy("Une phrase par ligne.")
    )
    rights = text_field(gettext_lazy("Les droits"), 4000, 5, help_text=gettext_lazy("Un par ligne."))
    places = text_field(gettext_lazy("Où aller"), 4000, 5, help_text=gettext_lazy("Un lieu par ligne."))
    papers = forms.MultipleChoiceField(
        label=gettext_lazy("Papiers à garder près de soi"),
        widget=forms.SelectMultiple({"size": 6}),
        help_text=gettext_lazy("Plusieurs choix sont possibles."),
    )
    dossiers = forms.MultipleChoiceField(
        label=gettext_lazy("Dossiers qui peuvent aider"),
        required=False,
        widget=forms.SelectMultiple({"size": 6}),
        help_text=gettext_lazy("Plusieurs choix sont possibles."),
    )
    discreet = forms.BooleanField(
        label=gettext_lazy("Rien ne doit en paraître : ni message, ni trace hors de cette page"), required=False
    )
    review_on = DateField(label=gettext_lazy("À revoir le"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = sorted(
            ((kind.code, kind.label) for kind in PaperKind.objects.all()), key=lambda one: one[1].casefold()
        )
        self.fields["papers"].choices = kinds  # type: ignore[attr-defined]
        self.fields["dossiers"].choices = [  # type: ignore[attr-defined]
            (aid.code, aid.name) for aid in catalogue.all_aids()
        ]

    def clean_title(self) -> str:
        title: str = self.cleaned_data["title"]
        if not slugify(title):
            raise ValidationError(_("Écrivez un nom avec des lettres."))
        return title

    def rules(self) -> dict[str, Any]:
        data = self.cleaned_data
        lines = {name: [one.strip() for one in data[name].splitlines() if one.strip()] for name in LINES}
        return {**lines, **{name: data[name] for name in ("intro", "papers", "dossiers", "discreet")}}

    def columns(self) -> dict[str, Any]:
        return {"label": self.cleaned_data["title"], "review_on": self.cleaned_data["review_on"]}


class CallForm(forms.Form):
    """A number to call, among the verified national ones, and why."""

    why = forms.CharField(
        label=gettext_lazy("Pourquoi l’appeler"),
        max_length=200,
        help_text=gettext_lazy("Comme « si vous êtes en danger maintenant »."),
    )
    field_order = ("number", "why")

    def __init__(self, *args: Any, content: urgent.Content, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        numbers = [(one["number"], f"{one['number']} {one['name']}") for one in catalogue.numbers().values()]
        self.fields["number"] = choice_field(gettext_lazy("Numéro"), numbers)
        self.order_fields(self.field_order)

    def part(self) -> dict[str, Any]:
        return {"number": self.cleaned_data["number"], "why": self.cleaned_data["why"]}


class EventForm(forms.Form):
    """An event whose day a resident may tell. Its code is made of its first words, and stays when they change."""

    label = forms.CharField(
        label=gettext_lazy("Le jour que la personne donne"),
        max_length=120,
        help_text=gettext_lazy("Comme « Le dernier jour du contrat »."),
    )

    def __init__(self, *args: Any, content: urgent.Content, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = [event["code"] for event in content["events"]]
        self.code = (kwargs.get("initial") or {}).get("code", "")

    def clean_label(self) -> str:
        label: str = self.cleaned_data["label"]
        if not self.code:
            wanted = slugify(label)[:30] or "jour"
            codes = (wanted if n == 1 else f"{wanted}-{n}" for n in range(1, len(self.known) + 2))
            self.code = next(code for code in codes if code not in self.known)
        return label

    def part(self) -> dict[str, Any]:
        return {"code": self.code, "label": self.cleaned_data["label"]}


class DeadlineForm(forms.Form):
    """A deadline in a sentence. If the law counts it: from which day, how long, which days count, where it says so."""

    what = forms.CharField(label=gettext_lazy("Ce qu’il faut faire, ou ce qui doit arriver"), max_length=200)
    when = forms.CharField(
        label=gettext_lazy("Le délai, en mots"),
        max_length=300,
        help_text=gettext_lazy("Comme « sous 24 heures, hors dimanches et jours fériés »."),
    )
    since = choice_field(gettext_lazy("Compté à partir de"), [], required=False)
    count = forms.IntegerField(label=gettext_lazy("Combien"), required=False, min_value=1, max_value=400)
    unit = choice_field(gettext_lazy("De quoi"), UNITS)
    days = choice_field(gettext_lazy("Jours qui comptent"), DAYS)
    moved = forms.BooleanField(
        label=gettext_lazy("S’il finit un samedi, un dimanche ou un jour férié, il va jusqu’au jour ouvré suivant"),
        required=False,
    )
    month_end = forms.BooleanField(
        label=gettext_lazy("S’il part du dernier jour d’un mois, il finit le dernier jour d’un mois"), required=False
    )
    source = forms.CharField(
        label=gettext_lazy("Où c’est écrit"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("L’article ou la page officielle. Sans source, le délai reste une phrase."),
    )

    def __init__(self, *args: Any, content: urgent.Content, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        events = [(event["code"], event["label"]) for event in content["events"]]
        self.fields["since"].choices = [  # type: ignore[attr-defined]
            ("", _("Rien : une phrase suffit")),
            *events,
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("since"):
            if data.get("count") is None and "count" not in self.errors:
                self.add_error("count", _("Écrivez un nombre."))
            if not data.get("source"):
                self.add_error("source", _("Écrivez où c’est écrit."))
            if data.get("unit") != "day" and data.get("days") != "all":
                self.add_error("days", _("Seul un délai en jours peut en laisser de côté."))
        return data

    def part(self) -> dict[str, Any]:
        data = self.cleaned_data
        found = {"what": data["what"], "when": data["when"]}
        if not data["since"]:
            return found
        found |= {name: data[name] for name in ("since", "count", "unit", "days", "source")}
        return found | {name: True for name in ("moved", "month_end") if data[name]}


#: The parts of a situation that are lists, by the name in their URL: the key of the content, the form.
PARTS: Final[Mapping[str, tuple[str, type[forms.Form]]]] = {
    "numero": ("calls", CallForm),
    "evenement": ("events", EventForm),
    "delai": ("deadlines", DeadlineForm),
}


class DatesForm(forms.Form):
    """The days of a situation's events, and nothing else."""

    def __init__(self, *args: Any, events: Iterable[urgent.Event], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.events = list(events)
        for event in self.events:
            self.fields[event.code] = DateField(label=event.label, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        today = timezone.localdate()
        for name, day in list(data.items()):
            if day and not today - OLDEST <= day <= today + LATEST:
                self.add_error(name, _("Écrivez une date des dix dernières années, ou de l’année qui vient."))
        if not self.errors and not any(data.values()):
            self.add_error(self.events[0].code, _("Écrivez une date, comme 31 3 1988."))
        return data

    def days(self) -> dict[str, date]:
        return {event.code: day for event in self.events if (day := self.cleaned_data[event.code])}
