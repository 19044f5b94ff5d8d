"""Forms of links: the content, the words, and the visitor's code. No content is preselected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.pages.forms import digits_input
from vault import types
from vault.sharing.actions.links import Wish
from vault.sharing.agreements.links import DAYS, Held
from vault.sharing.presenting import links as words
from vault.types.names import words as search_words

PAPERS, DOCUMENTS, SUBJECTS = "papers", "documents", "subjects"
#: How many dossiers and papers show before the fold.
FILES = 5


@dataclass(frozen=True)
class Chosen:
    """The chosen content, carried from page to page in hidden fields. Invalid values are dropped."""

    fields: list[str]
    papers: list[UUID]
    documents: list[UUID]

    @classmethod
    def read(cls, data: QueryDict) -> Self:
        fields = [field for field in data.getlist("field") if types.field_exists(field)]
        return cls(fields, _uuids(data.getlist("paper")), _uuids(data.getlist("document")))

    @property
    def nothing(self) -> bool:
        return not self.fields and not self.papers and not self.documents

    @property
    def carried(self) -> list[tuple[str, str]]:
        ids = [
            *(("paper", str(paper)) for paper in self.papers),
            *(("document", str(document)) for document in self.documents),
        ]
        return [*(("field", field) for field in self.fields), *ids]


@dataclass(frozen=True)
class Option:
    name: str
    value: str
    id: str
    label: str
    checked: bool


@dataclass(frozen=True)
class Subject:
    """One theme: a box that takes all its values, and the values that it opens on, by type."""

    option: Option
    title: str
    count: int
    groups: list[tuple[str, list[Option]]]
    open: bool


class ChooseForm(forms.Form):
    """Boxes for the dossiers, the papers and the themes; each theme opens on its values.

    With a `search`, only what matches is shown, and what is already chosen. `used` has the papers of the last links.
    """

    def __init__(
        self,
        held: Held,
        *args: Any,
        chosen: Chosen | None = None,
        search: str = "",
        used: Sequence[UUID] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._types = held.fields
        self._asked = search_words(search)
        before = chosen or Chosen([], [], [])
        self._boxes(DOCUMENTS, words.document_choices(held), [str(document) for document in before.documents])
        self._boxes(PAPERS, words.paper_choices(held, used), [str(paper) for paper in before.papers])
        whole = [code for code, fields in self._fields_of_themes().items() if set(fields) <= set(before.fields)]
        self._boxes(SUBJECTS, [(code, types.themes()[code]) for code in self._fields_of_themes()], whole)
        for code, fields in self._types.items():
            self._boxes(code, words.choices(held, fields), [] if types.get(code).theme in whole else before.fields)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not any(cleaned.values()) and self.fields:
            self.add_error(next(iter(self.fields)), _("Cochez au moins une ligne : rien n’est choisi à votre place."))
        return cleaned

    @property
    def chosen(self) -> Chosen:
        data = self.cleaned_data
        whole = data.get(SUBJECTS, [])
        fields = [
            field
            for code, held in self._types.items()
            for field in held
            if types.get(code).theme in whole or field in data.get(code, [])
        ]
        return Chosen(fields, _uuids(data.get(PAPERS, [])), _uuids(data.get(DOCUMENTS, [])))

    # What the page shows

    @property
    def kept_files(self) -> list[Option]:
        """Return the dossiers and the papers, those of the last links first."""
        return [option for name in (DOCUMENTS, PAPERS) for option in self._options(name) if self._fits(option)]

    @property
    def first_files(self) -> list[Option]:
        chosen = sum(option.checked for option in self.kept_files)
        return self.kept_files if self._asked else self.kept_files[: max(FILES, chosen)]

    @property
    def more_files(self) -> list[Option]:
        return self.kept_files[len(self.first_files) :]

    @property
    def themes(self) -> list[Subject]:
        found = []
        for option in self._options(SUBJECTS):
            codes = [code for code in self._types if types.get(code).theme == option.value]
            groups = [
                (types.get(code).title, [one for one in self._options(code) if self._fits(one)]) for code in codes
            ]
            groups = [(title, options) for title, options in groups if options]
            is_open = bool(self._asked) or any(one.checked for _title, options in groups for one in options)
            count = sum(len(self._types[code]) for code in codes)
            if groups or option.checked:
                found.append(Subject(option, option.label, count, groups, is_open))
        return found

    @property
    def found(self) -> int:
        """Return how many lines match the search."""
        return len(self.kept_files) + sum(len(options) for one in self.themes for _title, options in one.groups)

    def _options(self, name: str) -> list[Option]:
        if name not in self.fields:
            return []
        field = self[name]
        picked = {str(value) for value in field.value() or ()}
        choices = self.fields[name].choices  # type: ignore[attr-defined]  # a field of choices
        return [
            Option(field.html_name, value, f"{field.auto_id}_{place}", str(label), value in picked)
            for place, (value, label) in enumerate(choices)
        ]

    def _fits(self, option: Option) -> bool:
        read = " ".join(search_words(option.label))
        return option.checked or all(word in read for word in self._asked)

    def _fields_of_themes(self) -> dict[str, list[str]]:
        """Return the fields of each theme, in the themes' order."""
        found: dict[str, list[str]] = {theme: [] for theme in types.themes()}
        for code, fields in self._types.items():
            found[types.get(code).theme] += fields
        return {theme: fields for theme, fields in found.items() if fields}

    def _boxes(self, name: str, choices: list[tuple[str, str]], before: list[str]) -> None:
        if choices:
            initial = [value for value, _label in choices if value in before]
            self.fields[name] = forms.MultipleChoiceField(
                choices=choices, initial=initial, required=False, widget=forms.CheckboxSelectMultiple
            )


class WordsForm(forms.Form):
    title = forms.CharField(
        label=gettext_lazy("Un nom pour ce lien"),
        help_text=gettext_lazy("Pour le retrouver dans vos partages. La personne ne le voit pas."),
        max_length=80,
        error_messages={"required": gettext_lazy("Donnez un nom à ce lien, comme « Logement, novembre ».")},
    )
    name = forms.CharField(
        label=gettext_lazy("À qui donnez-vous ce lien ?"),
        help_text=gettext_lazy("Le nom de la personne ou du service. Votre journal le dira à chaque visite."),
        max_length=80,
        error_messages={"required": gettext_lazy("Écrivez à qui vous donnez ce lien.")},
    )
    why = forms.CharField(
        label=gettext_lazy("Pour quoi faire ?"),
        help_text=gettext_lazy("Avec vos mots. La personne les lit en haut de la page."),
        max_length=200,
        error_messages={"required": gettext_lazy("Écrivez à quoi ces informations doivent servir.")},
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("Pendant combien de temps ?"),
        help_text=gettext_lazy(
            "Sept jours suffisent le plus souvent. Rien ne se renouvelle tout seul, et vous pouvez arrêter avant."
        ),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez une durée.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lengths = [
            (count, ngettext("%(count)s jour", "%(count)s jours", count) % {"count": count}) for count in sorted(DAYS)
        ]
        self.fields["days"].choices = lengths  # type: ignore[attr-defined]  # a field of choices

    def wish(self, chosen: Chosen) -> Wish:
        data: Mapping[str, Any] = self.cleaned_data
        return Wish(
            chosen.fields, chosen.papers, data["title"], data["name"], data["why"], data["days"], chosen.documents
        )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Le code que l’on vous a dit"),
        help_text=gettext_lazy("Huit chiffres."),
        max_length=30,
        widget=digits_input(autocomplete="off", width=10),
        error_messages={"required": gettext_lazy("Écrivez le code que l’on vous a dit.")},
    )


def _uuids(texts: Sequence[str]) -> list[UUID]:
    return [one for one in map(_uuid, texts) if one]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
