"""Forms of agents who write a plan: no field of JSON, and no budget that is chosen for them."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import slugify
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from campaigns.plans import drafting, geojson
from campaigns.plans.enums import PRESETS
from core.pages.forms import DateField, PublicForm, PublicWords, as_read
from vault.records.enums import Right
from vault.records.models import Holder

DECISIONS = (
    ("approve", gettext_lazy("Approuver : la consultation ouvrira à sa date")),
    ("send_back", gettext_lazy("Rendre le plan à son auteur")),
    ("refuse", gettext_lazy("Refuser")),
)
OPINIONS = (("yes", gettext_lazy("Favorable")), ("no", gettext_lazy("Défavorable")))


def _text(label: Any, length: int = 600, rows: int = 2, **others: Any) -> PublicWords:  # noqa: ANN401 - lazy
    return PublicWords(label=label, max_length=length, rows=rows, **others)


class BeginForm(PublicForm):
    template = forms.ChoiceField(label=gettext_lazy("Modèle"), widget=forms.RadioSelect)
    title = PublicWords(label=gettext_lazy("Titre"), max_length=80)
    title_en = PublicWords(label=gettext_lazy("Titre, en anglais"), max_length=80)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = "en" if get_language() == "en" else "fr"
        choices = [(name, one["label"][language]) for name, one in drafting.templates().items()]
        self.fields["template"].choices = choices  # type: ignore[attr-defined]

    def clean_title(self) -> str:
        title: str = self.cleaned_data["title"]
        if not slugify(title):
            raise ValidationError(_("Écrivez un titre avec des lettres."))
        return title


class QuestionForm(PublicForm):
    title = PublicWords(label=gettext_lazy("Titre"), max_length=80)
    title_en = PublicWords(label=gettext_lazy("Titre, en anglais"), max_length=80)
    question = _text(gettext_lazy("Question"), 200)
    question_en = _text(gettext_lazy("Question, en anglais"), 200)
    purpose = _text(gettext_lazy("But"))
    purpose_en = _text(gettext_lazy("But, en anglais"))
    sponsor = PublicWords(label=gettext_lazy("Qui demande"), max_length=120)
    partners = _text(
        gettext_lazy("Partenaires"),
        2000,
        3,
        required=False,
        help_text=gettext_lazy("Un par ligne : nom ; ce qu’il fait ; la même chose en anglais."),
    )

    def clean_partners(self) -> list[dict[str, Any]]:
        found = []
        for line in filter(None, map(str.strip, self.cleaned_data["partners"].splitlines())):
            parts = [part.strip() for part in line.split(";")]
            if len(parts) != 3 or not all(parts):
                raise ValidationError(
                    _("Écrivez trois parties, séparées par des points-virgules : %(line)s") % {"line": line}
                )
            found.append({"name": parts[0], "role": {"fr": parts[1], "en": parts[2]}})
        return found


class AnswersForm(PublicForm):
    """The answers of an agent's own question."""

    answers = _text(
        gettext_lazy("Réponses"),
        2000,
        8,
        help_text=gettext_lazy(
            "Une par ligne, de 2 à 12 : en français ; en anglais. Prévoyez « Je ne sais pas » ou « Autre »."
        ),
    )

    def clean_answers(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        for line in filter(None, map(str.strip, self.cleaned_data["answers"].splitlines())):
            parts = [part.strip() for part in line.split(";")]
            if len(parts) != 2 or not all(parts) or max(map(len, parts)) > 80:
                raise ValidationError(
                    _("Écrivez deux parties de 80 signes au plus, séparées par un point-virgule : %(line)s")
                    % {"line": line}
                )
            found.append({"fr": parts[0], "en": parts[1]})
        for language in ("fr", "en"):
            written = [one[language].casefold() for one in found]
            if doubles := {one[language] for one in found if written.count(one[language].casefold()) > 1}:
                raise ValidationError(_("Écrit deux fois : %(found)s.") % {"found": ", ".join(sorted(doubles))})
        if not 2 <= len(found) <= 12:
            raise ValidationError(_("Écrivez de 2 à 12 réponses."))
        return found


class ZonesForm(forms.Form):
    source = PublicWords(
        label=gettext_lazy("Source publique des populations"),
        max_length=200,
        help_text=gettext_lazy("Comme « Insee, recensement de 2023 »."),
    )
    file = forms.FileField(
        label=gettext_lazy("Fichier GeoJSON des zones"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".geojson,.json,application/geo+json,application/json"}),
        help_text=gettext_lazy(
            "500 ko au plus. Chaque zone a « name », « population » et, s’il le faut, « parent » et « codes ». Il"
            " remplace les lignes ci-dessous."
        ),
    )
    zones = forms.CharField(
        label=gettext_lazy("Zones"),
        required=False,
        max_length=60_000,
        widget=forms.Textarea({"rows": 12}),
        help_text=gettext_lazy(
            "Une par ligne : nom ; habitants ; nom de la zone qui la contient, s’il y en a une ; codes IRIS."
        ),
    )

    def clean_zones(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        codes: dict[str, str] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["zones"].splitlines())):
            parts = [part.strip() for part in line.split(";")] + ["", ""]
            number = re.sub(r"\s", "", parts[1]) if len(parts) > 3 else ""
            code = slugify(parts[0])[:60]
            if not code or not number.isdecimal() or code in codes.values():
                raise ValidationError(
                    _("Écrivez un nom, une fois, et un nombre d’habitants : %(line)s") % {"line": line}
                )
            parent = codes.get(parts[2])
            if parts[2] and parent is None:
                raise ValidationError(_("Écrivez d’abord la zone qui contient celle-ci : %(line)s") % {"line": line})
            codes[parts[0]] = code
            zone: dict[str, Any] = {
                "code": code,
                "label": {"fr": parts[0], "en": parts[0]},
                "population": int(number),
                "parent": parent,
            }
            found.append(zone | ({"codes": parts[3].split()} if parts[3] else {}))
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if file := data.get("file"):
            self.errors.pop("zones", None)
            data["zones"] = self._zones_of(file)
        elif not data.get("zones") and "zones" not in self.errors:
            self.add_error("zones", _("Écrivez les zones, ou choisissez un fichier."))
        return data

    def _zones_of(self, file: "UploadedFile[bytes]") -> list[dict[str, Any]]:
        """Return the zones of a public file. It is read here, and not kept."""
        if (file.size or 0) > geojson.MOST_BYTES:
            self.add_error("file", _("Ce fichier est trop grand : simplifiez les contours."))
            return []
        try:
            return geojson.zones(file.read())
        except geojson.NotZones as problem:
            said = _("La zone n° %(number)s ne peut pas être lue : il faut un nom, un nombre d’habitants, un contour.")
            whole = _("Ce fichier n’est pas un GeoJSON de zones.")
            self.add_error("file", said % {"number": problem.number} if problem.number else whole)
            return []


class TablesForm(forms.Form):
    sensitivity = forms.ChoiceField(
        label=gettext_lazy("Précision ou protection"), choices=PRESETS, widget=forms.RadioSelect
    )
    milestones = forms.BooleanField(
        label=gettext_lazy("Montrer le nombre de réponses par paliers"),
        help_text=gettext_lazy("50, 100, 250… avec du hasard. Cela prend une part de la précision : ρ = 0,02."),
        required=False,
    )

    def __init__(self, *args: Any, template: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = "en" if get_language() == "en" else "fr"
        for table in drafting.templates()[template]["tables"]:
            self.fields[table["code"]] = forms.IntegerField(
                label=table["label"][language],
                min_value=0,
                max_value=100,
                help_text=_("Part, en %. Zéro : pas publié."),
            )
            self.fields[table["code"]].widget.attrs["class"] = "govuk-input--width-3"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        shares = [value for name, value in data.items() if name not in self.base_fields and value]
        if not shares:
            raise ValidationError(_("Publiez au moins un tableau."))
        if sum(shares) > 100:
            raise ValidationError(_("Les parts font plus de 100 %."))
        return data


class DatesForm(forms.Form):
    opens = DateField(label=gettext_lazy("Ouverture"))
    first = DateField(label=gettext_lazy("Première publication"))
    second = DateField(label=gettext_lazy("Deuxième publication"), required=False)
    third = DateField(label=gettext_lazy("Troisième publication"), required=False)
    fourth = DateField(label=gettext_lazy("Quatrième publication"), required=False)
    fifth = DateField(label=gettext_lazy("Cinquième publication"), required=False)
    minimum = forms.IntegerField(label=gettext_lazy("Minimum de personnes"), min_value=50, max_value=1_000_000)
    retention_months = forms.IntegerField(
        label=gettext_lazy("Mois de conservation des contributions"), min_value=1, max_value=12
    )
    WINDOWS = ("first", "second", "third", "fourth", "fifth")

    def windows(self) -> list[str]:
        return [day.isoformat() for name in self.WINDOWS if (day := self.cleaned_data[name])]


class HolderForm(forms.Form):
    holder = forms.ChoiceField(label=gettext_lazy("Organisme"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        one_each = Holder.objects.filter(withdrawn_at=None, several=False).order_by("name_fr")
        self.fields["holder"].choices = [  # type: ignore[attr-defined]
            (one.code, one.name) for one in one_each if Right.PORTABILITY in one.rights
        ]


class GroupForm(forms.Form):
    invited = forms.IntegerField(
        label=gettext_lazy("Personnes invitées"),
        min_value=50,
        max_value=100,
        required=False,
        help_text=gettext_lazy("De 50 à 100. Vide : tous les habitants."),
    )
    quorum = forms.IntegerField(label=gettext_lazy("Votes nécessaires"), min_value=11, max_value=100, required=False)
    votes_until = DateField(label=gettext_lazy("Dernier jour du vote"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("invited"):
            for name in ("quorum", "votes_until"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, _("Il faut aussi ceci pour un groupe invité."))
        return data


class WordsForm(forms.Form):
    """What somebody says of a plan that they read."""

    shown = as_read()
    words = PublicWords(label=gettext_lazy("Pourquoi (publié)"), max_length=2000, rows=4, required=False)


class OpinionForm(WordsForm):
    favourable = forms.ChoiceField(label=gettext_lazy("Avis"), choices=OPINIONS, widget=forms.RadioSelect)
    field_order = ("favourable", "words")


class DecideForm(WordsForm):
    decision = forms.ChoiceField(label=gettext_lazy("Décision"), choices=DECISIONS, widget=forms.RadioSelect)
    field_order = ("decision", "words")
