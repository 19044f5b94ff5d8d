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

PAPERS, DOCUMENTS = "papers", "documents"


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


class ChooseForm(forms.Form):
    """Groups of checkboxes: one per type of data, one for the papers, one for the dossiers."""

    def __init__(self, held: Held, *args: Any, chosen: Chosen | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._types = held.fields
        before = chosen or Chosen([], [], [])
        for code, fields in self._types.items():
            self._boxes(code, types.get(code).title, words.choices(held, fields), before.fields)
        if held.papers:
            self._boxes(PAPERS, _("Vos papiers"), words.paper_choices(held), [str(paper) for paper in before.papers])
        if held.documents:
            self._boxes(
                DOCUMENTS,
                _("Vos dossiers"),
                words.document_choices(held),
                [str(document) for document in before.documents],
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not any(cleaned.values()) and self.fields:
            self.add_error(next(iter(self.fields)), _("Cochez au moins une ligne : rien n’est choisi à votre place."))
        return cleaned

    @property
    def chosen(self) -> Chosen:
        data = self.cleaned_data
        fields = [field for code in self._types for field in data.get(code, [])]
        return Chosen(fields, _uuids(data.get(PAPERS, [])), _uuids(data.get(DOCUMENTS, [])))

    def _boxes(self, name: str, label: str, choices: list[tuple[str, str]], before: list[str]) -> None:
        initial = [value for value, _label in choices if value in before]
        self.fields[name] = forms.MultipleChoiceField(
            label=label, choices=choices, initial=initial, required=False, widget=forms.CheckboxSelectMultiple
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
        initial=DAYS[0],
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
