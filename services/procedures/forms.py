"""Forms of agents who write a procedure: the sheet, one part of the values, one paper, a file. No field of JSON."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organisation
from core.pages.forms import DateField
from services.official_forms.models import OfficialForm
from services.procedures import finding, rules
from services.procedures.enums import Kind, Silence, Subject
from services.procedures.presenting import CONDITIONS, PERIODS, WHO
from services.versions.fields import choice_field, text_field
from vault import types
from vault.records.models import PaperKind

NOT_SAID: Final = ("", gettext_lazy("À écrire"))


class SheetForm(forms.Form):
    """The texts, dates, silence and appeals of a version."""

    label = forms.CharField(label=gettext_lazy("Nom de la démarche"), max_length=120)
    kind = choice_field(gettext_lazy("Ce que c’est"), Kind.choices)
    subject = choice_field(
        gettext_lazy("De quoi s’agit-il ?"),
        Subject.choices,
        help_text=gettext_lazy("La loi a ses propres règles pour la cantine et pour une location."),
    )
    summary = text_field(gettext_lazy("En quelques mots"), 600, required=False)
    organisation = forms.CharField(label=gettext_lazy("Service qui répond"), max_length=200)
    where_to_send = text_field(gettext_lazy("Où l’envoyer"), 1000, help_text=gettext_lazy("Un lieu par ligne."))
    office = forms.ModelChoiceField(
        Organisation.objects.none(),
        label=gettext_lazy("Quel service reçoit les demandes dans Garant ?"),
        required=False,
        empty_label=gettext_lazy("Aucun : l’habitant choisit"),
        help_text=gettext_lazy("L’habitant le voit en premier quand il envoie son dossier."),
    )
    for_aids = forms.MultipleChoiceField(
        label=gettext_lazy("Quelles aides de la ville demande-t-on ainsi ?"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=gettext_lazy("Qui a droit à l’une d’elles est conduit à cette démarche."),
    )
    form = choice_field(
        gettext_lazy("Quel formulaire officiel ?"),
        [],
        required=False,
        help_text=gettext_lazy("Il est rempli avec le coffre ; l’habitant le relit, puis le joint."),
    )
    act = forms.CharField(
        label=gettext_lazy("Texte"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Comme « Délibération 2026-41 du 12 mai 2026 »."),
    )
    opens_on = DateField(label=gettext_lazy("Ouvre le"), required=False)
    closes_on = DateField(
        label=gettext_lazy("Dernier jour pour l’envoyer"),
        required=False,
        help_text=gettext_lazy("Qui ne l’a pas envoyée est prévenu 7 jours puis 2 jours avant."),
    )
    review_on = DateField(label=gettext_lazy("À revoir le"))
    months = forms.IntegerField(
        label=gettext_lazy("Réponse sous combien de mois ?"),
        min_value=1,
        max_value=24,
        widget=forms.NumberInput({"class": "govuk-input--width-3"}),
    )
    silence = choice_field(gettext_lazy("Sans réponse à cette date"), [NOT_SAID, *Silence.choices], required=False)
    appeals = text_field(
        gettext_lazy("À qui s’adresser pour contester"),
        1000,
        help_text=gettext_lazy("Un par ligne, dans l’ordre. Deux mois pour chacun."),
    )
    co_holder = forms.BooleanField(
        label=gettext_lazy("Le conjoint donne aussi sa part, dans son propre dossier"), required=False
    )
    most_guarantors = forms.IntegerField(
        label=gettext_lazy("Garants, au plus"),
        min_value=0,
        max_value=rules.MOST_GUARANTORS,
        initial=0,
        widget=forms.NumberInput({"class": "govuk-input--width-3"}),
    )
    renewal = forms.CharField(label=gettext_lazy("Quand la refaire"), max_length=300, required=False)
    notes = text_field(gettext_lazy("Bon à savoir"), 1000, required=False)

    def __init__(self, data: Any = None, *, item: Mapping[str, Any]) -> None:  # noqa: ANN401 - a QueryDict
        self.item = item
        super().__init__(data, initial=_sheet(item))
        self.fields["office"].queryset = Organisation.objects.offices()  # type: ignore[attr-defined]
        published = OfficialForm.objects.defer("blank").order_by("title").in_force()
        choices = {
            "for_aids": [*finding.aid_names(item.get("for_aids", [])).items()],
            "form": [("", _("Aucun")), *((form.code, form.title) for form in published)],
        }
        for name, found in choices.items():
            self.fields[name].choices = found  # type: ignore[attr-defined]  # fields of choices

    def clean_label(self) -> str:
        label: str = self.cleaned_data["label"]
        if not slugify(label):
            raise ValidationError(_("Écrivez un nom avec des lettres."))
        return label

    def clean_where_to_send(self) -> list[str]:
        return _lines(self.cleaned_data["where_to_send"])

    def clean_appeals(self) -> list[str]:
        return _lines(self.cleaned_data["appeals"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("opens_on") and data.get("closes_on") and data["closes_on"] < data["opens_on"]:
            self.add_error("closes_on", _("Cette date est avant l’ouverture."))
        return data

    def rules(self) -> dict[str, Any]:
        data = self.cleaned_data
        known = {one["to"]: one for one in self.item["appeals"]}
        texts = ("kind", "subject", "summary", "organisation", "where_to_send", "for_aids", "act", "co_holder")
        appeals = [
            {"deadline_months": 2, "note": None, "verified": True, **known.get(to, {}), "step": step, "to": to}
            for step, to in enumerate(data["appeals"], 1)
        ]
        return {
            **{name: data[name] for name in texts},
            "appeals": appeals,
            "decision_delay": {
                **self.item["decision_delay"],
                "months": data["months"],
                "silence_means": data["silence"] or None,
            },
            "guarantors": {**self.item["guarantors"], "most": data["most_guarantors"]},
            "form": data["form"] or None,
            "renewal": data["renewal"] or None,
            "notes": data["notes"] or None,
        }

    def columns(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("label", "office", "opens_on", "closes_on", "review_on")}


def _sheet(item: Mapping[str, Any]) -> dict[str, Any]:
    same = ("kind", "subject", "summary", "organisation", "act", "co_holder", "renewal", "notes")
    dates = ("opens_on", "closes_on", "review_on")
    days = {name: date.fromisoformat(item[name]) if item[name] else None for name in dates}
    return {
        **{name: item[name] for name in same},
        **days,
        "label": item["title"],
        "office": Organisation.objects.filter(name=item["office"]).first() if item.get("office") else None,
        "for_aids": item.get("for_aids", []),
        "form": item.get("form") or "",
        "where_to_send": "\n".join(item["where_to_send"]),
        "months": item["decision_delay"]["months"] or 2,
        "silence": item["decision_delay"]["silence_means"] or "",
        "appeals": "\n".join(one["to"] for one in item["appeals"]),
        "most_guarantors": item["guarantors"]["most"],
    }


def _lines(text: str) -> list[str]:
    found = [line.strip() for line in text.splitlines() if line.strip()]
    if len(found) > 10:
        raise ValidationError(_("Dix lignes au plus."))
    return found


class SectionForm(forms.Form):
    """A part of the values: its title and the fields that it takes from the vault."""

    title = forms.CharField(
        label=gettext_lazy("Titre"), max_length=120, help_text=gettext_lazy("Comme « Vos enfants ».")
    )
    fields_ = forms.MultipleChoiceField(
        label=gettext_lazy("Informations prises dans le coffre"),
        widget=forms.SelectMultiple({"size": 14}),
        help_text=gettext_lazy("Plusieurs choix sont possibles. Ne prenez que ce qui sert à répondre."),
        error_messages={"required": gettext_lazy("Choisissez au moins une information.")},
    )
    basis = forms.CharField(
        label=gettext_lazy("Texte qui permet de les demander"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Pour la santé, le genre ou la nationalité seulement. Ce texte sera public."),
    )

    def __init__(self, data: Any = None, *, section: Mapping[str, Any], bases: Mapping[str, str]) -> None:  # noqa: ANN401 - a QueryDict
        basis = next((bases[field] for field in section["fields"] if field in bases), "")
        initial = {"title": section["title"], "fields_": section["fields"], "basis": basis}
        super().__init__(data, initial=initial)
        self.fields["fields_"].choices = list(field_choices())  # type: ignore[attr-defined]  # a field of choices

    def section(self) -> dict[str, Any]:
        return {"title": self.cleaned_data["title"], "fields": self.cleaned_data["fields_"]}


def field_choices() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the fields of each type of the vault, except those of blocks of measures."""
    for one in sorted(types.all_types(), key=lambda one: one.title.casefold()):
        if one.code not in types.data_codes():
            yield one.title, [(field.id, field.label) for field in one.fields.values()]


def _option_choices() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the answers that a condition may look for: those of choices and of yes-or-no fields."""
    yes_no = (("true", _("oui")), ("false", _("non")))
    for one in sorted(types.all_types(), key=lambda one: one.title.casefold()):
        found = [
            (f"{field.id}={value}", f"{field.label}\u00a0: {words}")
            for field in one.fields.values()
            if field.kind in {"choice", "bool"} and one.code not in types.data_codes()
            for value, words in (field.choices if field.kind == "choice" else yes_no)
        ]
        if found:
            yield one.title, found


class PaperForm(forms.Form):
    """One paper: its kind, how many, of what period, and when it is wanted."""

    kind = choice_field(gettext_lazy("Quel papier ?"), [])
    who = choice_field(gettext_lazy("De qui ?"), WHO.items())
    count = forms.IntegerField(label=gettext_lazy("Combien ?"), min_value=1, max_value=24, initial=1)
    each = forms.BooleanField(label=gettext_lazy("Autant pour chaque enfant"), required=False)
    period = choice_field(gettext_lazy("De quand ?"), PERIODS.items(), required=False)
    months = forms.IntegerField(
        label=gettext_lazy("Nombre de mois"),
        min_value=1,
        max_value=60,
        required=False,
        help_text=gettext_lazy("Pour « de moins de … mois » et « des … derniers mois »."),
    )
    required = forms.BooleanField(label=gettext_lazy("Il est nécessaire pour répondre"), required=False)
    condition = choice_field(gettext_lazy("Quand le demander ?"), CONDITIONS.items(), required=False)
    age_min = forms.IntegerField(
        label=gettext_lazy("Âge de l’enfant, au moins"), min_value=0, max_value=30, required=False
    )
    age_max = forms.IntegerField(
        label=gettext_lazy("Âge de l’enfant, au plus"), min_value=0, max_value=30, required=False
    )
    answers = forms.MultipleChoiceField(
        label=gettext_lazy("Si le coffre dit"),
        widget=forms.SelectMultiple({"size": 8}),
        required=False,
        help_text=gettext_lazy("Une ou plusieurs réponses à la même question."),
    )
    question = forms.CharField(
        label=gettext_lazy("Sinon, la question à poser"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("On y répond par oui ou non. Comme « Est-ce une première inscription ? »."),
    )
    alternatives = forms.MultipleChoiceField(
        label=gettext_lazy("Ou à la place"), widget=forms.SelectMultiple({"size": 8}), required=False
    )
    note = forms.CharField(label=gettext_lazy("Précision"), max_length=300, required=False)
    basis = forms.CharField(
        label=gettext_lazy("Texte qui permet de le demander"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Seulement si la loi ne le permet pas d’ordinaire. Ce texte sera public."),
    )

    def __init__(self, data: Any = None, *, paper: Mapping[str, Any] | None) -> None:  # noqa: ANN401 - a QueryDict
        super().__init__(data, initial=_paper(paper) if paper else {"required": True})
        kinds = sorted(
            ((kind.code, kind.label) for kind in PaperKind.objects.all()), key=lambda one: one[1].casefold()
        )
        for name, choices in (("kind", kinds), ("alternatives", kinds), ("answers", list(_option_choices()))):
            self.fields[name].choices = choices  # type: ignore[attr-defined]  # fields of choices

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("period") in {"age", "last"} and not data.get("months"):
            self.add_error("months", _("Écrivez un nombre de mois."))
        asked = {answer.partition("=")[0] for answer in data.get("answers", ())}
        if data.get("condition") == "value" and len(asked) != 1:
            self.add_error("answers", _("Choisissez des réponses à une seule question."))
        if data.get("condition") in {"value", "ask"} and not data.get("question", "").strip():
            self.add_error("question", _("Écrivez la question à poser."))
        least, most = data.get("age_min"), data.get("age_max")
        if least is not None and most is not None and most < least:
            self.add_error("age_max", _("Cet âge est plus petit que le premier."))
        return data

    def paper(self) -> dict[str, Any]:
        data = self.cleaned_data
        period = None if not data["period"] else {"type": data["period"]}
        if period and data["period"] in {"age", "last"}:
            period["months"] = data["months"]
        found = {name: data[name] for name in ("kind", "who", "count", "alternatives", "required", "basis")}
        return {
            **found,
            "alternatives": [code for code in data["alternatives"] if code != data["kind"]],
            "each": "child" if data["each"] else None,
            "period": period,
            "condition": self._condition(),
            "note": data["note"] or None,
        }

    def _condition(self) -> dict[str, Any] | None:
        data = self.cleaned_data
        kind = data["condition"]
        if not kind:
            return None
        found: dict[str, Any] = {"type": kind}
        if kind == "children":
            found |= {name: data[name] for name in ("age_min", "age_max") if data[name] is not None}
        if kind == "activity":
            found["in"] = ["etudiant", "apprenti"]
        if kind == "value":
            field = data["answers"][0].partition("=")[0]
            values = [answer.partition("=")[2] for answer in data["answers"]]
            yes_no = types.field(field).kind == "bool"
            found |= {"field": field, "in": [value == "true" for value in values] if yes_no else values}
        if kind in {"value", "ask"}:
            found["question"] = data["question"].strip()
        return found


def _paper(paper: Mapping[str, Any]) -> dict[str, Any]:
    condition, period = paper["condition"] or {}, paper["period"] or {}
    values = [str(value).lower() if isinstance(value, bool) else str(value) for value in condition.get("in", ())]
    return {
        **{name: paper[name] for name in ("kind", "who", "count", "required", "alternatives", "note")},
        "basis": paper.get("basis", ""),
        "each": paper["each"] == "child",
        "period": period.get("type", ""),
        "months": period.get("months"),
        "condition": condition.get("type", ""),
        "age_min": condition.get("age_min"),
        "age_max": condition.get("age_max"),
        "answers": [f"{condition['field']}={value}" for value in values] if "field" in condition else [],
        "question": condition.get("question", ""),
    }


class ImportForm(forms.Form):
    """A file of a procedure, in YAML."""

    file = forms.FileField(
        label=gettext_lazy("Fichier YAML"), help_text=gettext_lazy("Une démarche écrite par un autre portail Garant.")
    )
