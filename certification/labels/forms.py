"""Forms of publishers and agents. Nothing is preselected."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from certification.labels import agreements
from certification.labels.actions import templates
from certification.labels.enums import Change, LabelState, Verdict
from certification.labels.models import (
    Answer,
    Complaint,
    Evidence,
    Label,
    LabelRequest,
    Purpose,
    Service,
    SignalAddress,
)
from certification.labels.models.request import LONGEST_MONTHS
from core.models import City, RegisterEntry
from core.pages.forms import PublicForm, PublicWords, as_read
from vault import types
from vault.records.enums import Mode
from vault.records.models import PaperKind

if TYPE_CHECKING:
    ServiceModelForm = forms.ModelForm[Service]
    RequestModelForm = forms.ModelForm[LabelRequest]
    PurposeModelForm = forms.ModelForm[Purpose]
    AnswerModelForm = forms.ModelForm[Answer]
    SignalModelForm = forms.ModelForm[SignalAddress]
    EvidenceModelForm = forms.ModelForm[Evidence]
else:
    ServiceModelForm = RequestModelForm = PurposeModelForm = AnswerModelForm = SignalModelForm = forms.ModelForm
    EvidenceModelForm = forms.ModelForm

MODES = (
    (Mode.LOOK.value, gettext_lazy("Regarder, sans garder de copie")),
    (Mode.KEEP.value, gettext_lazy("Garder une copie")),
)
#: How publishers write that a service has no price.
FREE = {"gratuit", "gratuite", "free", "0 €"}
EVERY = (
    ("0", gettext_lazy("Aussi souvent qu’il sert")),
    ("1", gettext_lazy("Une fois par jour au plus")),
    ("7", gettext_lazy("Une fois par semaine au plus")),
    ("30", gettext_lazy("Une fois par mois au plus")),
)


class ServiceForm(ServiceModelForm):
    class Meta:
        model = Service
        fields = ("name", "summary", "url", "price")

    def clean_url(self) -> str:
        return _https(self.cleaned_data["url"])


class SignalForm(SignalModelForm):
    class Meta:
        model = SignalAddress
        fields = ("url",)

    def clean_url(self) -> str:
        return _https(self.cleaned_data["url"])


class DescribeForm(RequestModelForm):
    class Meta:
        model = LabelRequest
        fields = ("privacy_url", "hosting", "subprocessors", "data_contact", "alert_contact")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = True

    def clean_privacy_url(self) -> str:
        return _https(self.cleaned_data["privacy_url"])


class PurposeForm(PurposeModelForm):
    mode = forms.ChoiceField(label=gettext_lazy("Mode d’usage"), choices=MODES, widget=forms.RadioSelect)
    every = forms.ChoiceField(label=gettext_lazy("À quelle fréquence"), choices=EVERY, widget=forms.RadioSelect)

    writes = forms.MultipleChoiceField(
        label=gettext_lazy("Ce que le service écrit dans le coffre"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Rien, le plus souvent. L’habitant accepte chaque type à part."),
    )

    class Meta:
        model = Purpose
        fields = ("title", "title_en", "text", "text_en", "mode", "keep_days", "writes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [types.get(code) for code in agreements.may_be_written()]
        choices = [(one.code, one.title) for one in known]
        cast(forms.MultipleChoiceField, self.fields["writes"]).choices = choices
        if self.instance.title:
            every = self.instance.at_most_every
            self.initial["every"] = str(every.days if every else 0)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("mode") == Mode.KEEP and not data.get("keep_days"):
            self.add_error("keep_days", _("Écrivez un nombre de jours : une copie se garde un temps borné."))
        if data.get("mode") == Mode.LOOK:
            data["keep_days"] = None
        return data

    @property
    def values(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        every = data.pop("every")
        return data | {"at_most_every": timedelta(days=int(every)) if every != "0" else None}


class StartForm(forms.Form):
    """The start of a request."""

    template = forms.ChoiceField(label=gettext_lazy("Commencer par"), widget=forms.RadioSelect)
    sheet = forms.CharField(
        label=gettext_lazy("Fiche d’un service, en JSON"),
        required=False,
        max_length=templates.LONGEST,
        help_text=gettext_lazy("Copiée du registre d’une autre ville, où ce logiciel est déjà inscrit."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("blank", _("Une page blanche"))]
        choices += [(one.code, one.title) for one in templates.use_cases()]
        choices.append(("sheet", _("La fiche d’un service dans une autre ville")))
        cast(forms.ChoiceField, self.fields["template"]).choices = choices

    def clean(self) -> dict[str, Any]:
        """Keep as `content` what the request begins with, or None."""
        data = super().clean() or {}
        chosen = data.get("template")
        data["content"] = next((one.content for one in templates.use_cases() if one.code == chosen), None)
        if chosen == "sheet":
            try:
                data["content"] = templates.read_sheet(data.get("sheet", ""))
            except templates.Unreadable:
                self.add_error("sheet", _("Ce n’est pas la fiche d’un service : copiez-la du registre en JSON."))
        return data


#: The title of a group, and its rows: what is asked for, and its label.
Group = tuple[str, list[tuple[str, str]]]


def _askable() -> list[Group]:
    """Return every field, by type of data, then every kind of paper."""
    groups = [
        (str(one.title), [(field, str(types.field(field).label)) for field in types.fields_of(one.code)])
        for one in types.all_types()
    ]
    papers = [(f"paper:{kind.code}", str(kind)) for kind in PaperKind.objects.filter(withdrawn_at=None)]
    return [*groups, (_("Papiers"), papers)]


def _told_apart(groups: Sequence[Group]) -> list[Group]:
    """Return the groups with the type's title in each row whose label stands elsewhere too, and its name if need be.

    A list is read row by row, by a screen reader for one, without the group above.
    """
    alike = Counter(plain(label) for _title, rows in groups for _what, label in rows)

    def told_apart(title: str, what: str, label: str, twice: Counter[str]) -> str:
        if alike[plain(label)] == 1:
            return label
        whole = _("%(label)s (%(type)s)") % {"label": label, "type": title}
        return f"{whole}, {what.rpartition('/')[2]}" if twice[plain(label)] > 1 else whole

    found = []
    for title, rows in groups:
        twice = Counter(plain(label) for _what, label in rows)
        found.append((title, [(what, told_apart(title, what, label, twice)) for what, label in rows]))
    return found


class AskDataForm(forms.Form):
    """A field, or kind of paper, that a purpose asks for, and why."""

    what = forms.ChoiceField(label=gettext_lazy("Donnée ou papier"))
    why = forms.CharField(
        label=gettext_lazy("Pourquoi"),
        max_length=160,
        help_text=gettext_lazy("Les habitants lisent cette raison à côté de la valeur."),
    )
    why_en = forms.CharField(label=gettext_lazy("Pourquoi, en anglais"), max_length=160)
    required = forms.ChoiceField(
        label=gettext_lazy("Le service marche-t-il sans ?"),
        choices=(
            ("no", gettext_lazy("Oui : elle est facultative")),
            ("yes", gettext_lazy("Non : elle est nécessaire")),
        ),
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, searched: str = "", **kwargs: Any) -> None:
        """Offer the rows that have the searched words, by type of data, or all of them if none has."""
        super().__init__(*args, **kwargs)
        groups = _told_apart(_askable())
        found = [(title, [row for row in rows if has_words(f"{title} {row[1]}", searched)]) for title, rows in groups]
        #: How many rows have the searched words.
        self.found = sum(len(rows) for _title, rows in found)
        shown = groups if self.is_bound or not self.found else [group for group in found if group[1]]
        cast(forms.ChoiceField, self.fields["what"]).choices = [("", _("Choisissez")), *shown]


class AnswerForm(AnswerModelForm):
    verdict = forms.ChoiceField(label=gettext_lazy("Votre réponse"), choices=Verdict.choices, widget=forms.RadioSelect)

    class Meta:
        model = Answer
        fields = ("verdict", "text", "proof_url")


class ReviewForm(forms.Form):
    verdict = forms.ChoiceField(label=gettext_lazy("Votre avis"), choices=Verdict.choices, widget=forms.RadioSelect)
    text = PublicWords(
        label=gettext_lazy("Pourquoi"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("Publié avec la décision. Nécessaire si ce n’est pas rempli."),
        rows=4,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("verdict") in {Verdict.PARTLY, Verdict.NOT_MET} and not data.get("text", "").strip():
            self.add_error("text", _("Écrivez ce qui manque : l’éditeur doit pouvoir le corriger."))
        return data


class CatalogueForm(forms.Form):
    """The search of the catalogue. It leaves services out and never changes their order."""

    q = forms.CharField(label=gettext_lazy("Chercher"), required=False, max_length=60)
    price = forms.ChoiceField(
        label=gettext_lazy("Prix"),
        required=False,
        choices=(("", gettext_lazy("Tous")), ("free", gettext_lazy("Gratuit"))),
    )

    def keeps(self, card: dict[str, Any]) -> bool:
        said = f"{card['service']['name']} {card['service']['summary']} {card['publisher']} {card['asks']}"
        is_free = card["service"]["price"].strip().lower() in FREE
        return has_words(said, self.cleaned_data["q"]) and (is_free or self.cleaned_data["price"] != "free")


class RegistryForm(forms.Form):
    """The search of the register. It leaves lines out and never changes their order."""

    q = forms.CharField(label=gettext_lazy("Chercher"), required=False, max_length=60)
    state = forms.ChoiceField(
        label=gettext_lazy("État"), required=False, choices=[("", gettext_lazy("Tous")), *LabelState.choices]
    )

    def keeps(self, label: Label) -> bool:
        said = f"{label.number} {label.service.name} {label.service.publisher.name} {label.service.publisher.siret}"
        return has_words(said, self.cleaned_data["q"]) and self.cleaned_data["state"] in ("", label.state)

    def keeps_decision(self, entry: RegisterEntry) -> bool:
        said = " ".join(str(entry.content.get(name, "")) for name in ("label", "service", "publisher"))
        return has_words(said, self.cleaned_data["q"])


class ComplaintForm(forms.Form):
    about = forms.ChoiceField(
        label=gettext_lazy("De quoi s’agit-il ?"), choices=Complaint.About.choices, widget=forms.RadioSelect
    )
    message = forms.CharField(
        label=gettext_lazy("Ce qui s’est passé"),
        max_length=2000,
        help_text=gettext_lazy("Sans nom ni numéro : un agent lit ce message, et ne sait pas qui l’écrit."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class AnswerComplaintForm(forms.Form):
    text = PublicWords(label=gettext_lazy("Votre réponse à l’habitant"), max_length=2000, rows=6)
    upheld = PublicWords(
        label=gettext_lazy("Si le signalement est retenu : ce que dira le registre"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("Public. Rien de l’habitant ni de son message. Vide : le registre ne dit rien."),
        rows=3,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Let the answer say where the city is called and written to, and nothing else: one agent writes it."""
        super().__init__(*args, **kwargs)
        city = City.current()
        cast(PublicWords, self.fields["text"]).known = (city.phone, city.email, city.dpo_email)


class EvidenceForm(EvidenceModelForm):
    """One file for the agent who examines, and what it is."""

    file = forms.FileField(
        label=gettext_lazy("Votre fichier"),
        help_text=gettext_lazy("Un PDF ou une photo (JPEG, PNG), de 10 Mo au plus."),
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
        error_messages={
            "required": gettext_lazy("Choisissez un fichier à ajouter."),
            "empty": gettext_lazy("Ce fichier est vide. Choisissez-en un autre."),
        },
    )

    class Meta:
        model = Evidence
        fields = ("title",)


class SignForm(forms.Form):
    reservations = PublicWords(
        label=gettext_lazy("Vos réserves"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("Dans vos mots. Elles sont publiées à côté du nom."),
        rows=3,
    )


class TextForm(forms.Form):
    """One text: a message, what is missing, reasons."""

    text = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 6}))

    def __init__(self, *args: Any, label: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = label


class ReasonsForm(forms.Form):
    """The reasons of an act that the register publishes."""

    text = PublicWords(label=gettext_lazy("Raisons"), max_length=2000, rows=6)


class OpinionForm(forms.Form):
    favourable = forms.ChoiceField(
        label=gettext_lazy("Votre avis d’ensemble"),
        choices=(("yes", gettext_lazy("Favorable")), ("no", gettext_lazy("Défavorable"))),
        widget=forms.RadioSelect,
    )
    months = forms.IntegerField(
        label=gettext_lazy("Durée, en mois"),
        required=False,
        min_value=1,
        max_value=LONGEST_MONTHS,
        help_text=gettext_lazy("24 mois au plus. Douze, le plus souvent."),
        widget=forms.NumberInput(attrs={"class": "govuk-input--width-3"}),
    )
    opinion = PublicWords(label=gettext_lazy("Pourquoi"), max_length=2000, rows=6)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("favourable") == "yes" and not data.get("months"):
            self.add_error("months", _("Écrivez un nombre de mois."))
        return data


class DecideForm(PublicForm):
    shown = as_read()
    answer = forms.ChoiceField(
        label=gettext_lazy("Votre décision"),
        choices=(
            ("accept", gettext_lazy("Accorder")),
            ("refuse", gettext_lazy("Refuser")),
            ("send_back", gettext_lazy("Renvoyer à la personne qui instruit")),
        ),
        widget=forms.RadioSelect,
    )
    text = PublicWords(
        label=gettext_lazy("Raisons"),
        max_length=2000,
        help_text=gettext_lazy("Publiées au registre si vous accordez ou refusez."),
        rows=6,
    )
    remedies = PublicWords(
        label=gettext_lazy("Comment obtenir un accord de la ville"),
        max_length=2000,
        required=False,
        help_text=gettext_lazy("Nécessaire si vous refusez : ce que l’éditeur change avant une autre demande."),
        rows=4,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("answer") == "refuse" and not data.get("remedies", "").strip():
            self.add_error("remedies", _("Écrivez ce qui doit changer : un refus dit comment y remédier."))
        return data


class ChangeForm(forms.Form):
    what = forms.ChoiceField(label=gettext_lazy("Ce que vous proposez"), widget=forms.RadioSelect)
    text = PublicWords(
        label=gettext_lazy("Raisons"),
        max_length=2000,
        help_text=gettext_lazy("Publiées au registre si l’autre agent accepte."),
        rows=6,
    )

    def __init__(self, *args: Any, state: LabelState, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first = {LabelState.SUSPENDED: [Change.LIFT], LabelState.ACTIVE: [Change.SUSPEND]}.get(state, [])
        offered = [*first, Change.WITHDRAW]
        cast(forms.ChoiceField, self.fields["what"]).choices = [(one.value, one.label) for one in offered]


def has_words(text: str, searched: str) -> bool:
    """Return whether a text has each searched word, without regard to accents and capitals."""
    found = plain(text)
    return all(word in found for word in plain(searched).split())


def plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


def _https(url: str) -> str:
    if not url.startswith("https://"):
        raise ValidationError(_("L’adresse commence par https://."))
    return url
