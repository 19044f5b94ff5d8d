"""Forms of agents who write a local aid: one test case, the sheet, a file."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.pages.forms import DateField
from services.aids.local import reading
from services.aids.local.conditions import FACTS, word
from services.aids.local.conditions.kinds import Fact, Sort
from services.aids.local.fields import YES_NO, number_field, plain, whole_field
from services.versions.fields import choice_field, text_field
from vault.records.models import PaperKind

Rule = Mapping[str, Any]

# Cases

#: Said of a list that has nothing in it, which is not the same as a list that is not known.
NONE: Final = "-"


EXPECTED: Final = (
    ("granted", gettext_lazy("Y a droit")),
    ("refused", gettext_lazy("N’y a pas droit")),
    ("unknown", gettext_lazy("Il manque une réponse")),
    ("to_check", gettext_lazy("L’organisme vérifiera")),
)


class CaseForm(forms.Form):
    """One case: a person, what is known of them, what the rule must give. A field left empty is not known."""

    persona = forms.CharField(
        label=gettext_lazy("Personne"),
        max_length=120,
        help_text=gettext_lazy("Inventée, comme « Nadia, quotient 526 »."),
    )

    def __init__(self, *args: Any, rule: Rule, case: Rule | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = reading.facts_of(rule)
        known = (case or {}).get("facts", {})
        self.kept = {name: value for name, value in known.items() if name not in self.names}
        for name in self.names:
            field = self.fields[f"fact_{name}"] = _fact_field(name, known.get(name))
            field.initial = _as_told(name, known.get(name))
        self.fields["status"] = choice_field(gettext_lazy("Résultat attendu"), EXPECTED)
        self.fields["amount"] = number_field(gettext_lazy("Montant attendu, en euros"), required=False)
        if case:
            self.fields["persona"].initial = case["persona"]
            self.fields["status"].initial = case["expect"]["status"]
            self.fields["amount"].initial = case["expect"].get("amount")

    def clean_fact_children_ages(self) -> list[int] | None:
        typed = self.cleaned_data["fact_children_ages"]
        if not typed:
            return None
        if typed.strip() == NONE:
            return []
        ages = typed.replace(",", " ").replace(";", " ").split()
        if not all(age.isdecimal() and int(age) < 120 for age in ages) or len(ages) > 20:
            raise ValidationError(_("Écrivez des âges, comme « 4 9 », ou un tiret s’il n’y a pas d’enfant."))
        return [int(age) for age in ages]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not any(_is_known(data.get(f"fact_{name}")) for name in self.names) and not self.kept:
            raise ValidationError(_("Écrivez au moins une valeur de cette personne."))
        return data

    def case(self) -> dict[str, Any]:
        data = self.cleaned_data
        facts = {name: _fact(data[f"fact_{name}"]) for name in self.names if _is_known(data[f"fact_{name}"])}
        expect: dict[str, Any] = {"status": data["status"]}
        if data["amount"] is not None:
            expect["amount"] = plain(data["amount"])
        return {"persona": data["persona"], "facts": {**self.kept, **facts}, "expect": expect}


def _is_known(value: object) -> bool:
    return value is not None and value not in ("", [""]) and (value != [] or isinstance(value, list))


def _fact(value: Any) -> Any:  # noqa: ANN401 - a form's cleaned value, a fact
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return plain(value)
    return {"yes": True, "no": False}.get(value, value) if isinstance(value, str) else value


def _as_told(name: str, value: Any) -> Any:  # noqa: ANN401 - a fact, a form's initial value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "children_ages" and value is not None:
        return " ".join(map(str, value)) or NONE
    if name in FACTS and FACTS[name].sort == Sort.LIST and value is not None:
        return _as_list(value) or [NONE]
    return value


def _as_list(value: Any) -> list[str]:  # noqa: ANN401 - a fact: one value or a list
    return list(value) if isinstance(value, list) else [value]


def _fact_field(name: str, known: Any) -> forms.Field:  # noqa: ANN401 - the fact, as it is
    fact = FACTS.get(name)
    if fact is None:
        return forms.CharField(label=name, required=False, max_length=60)
    return FIELDS[fact.sort](fact, known)


def _list_field(fact: Fact, known: Any) -> forms.Field:  # noqa: ANN401 - the fact, as it is
    stated = _as_list(known) if known is not None else []
    values = dict.fromkeys([*fact.values, *stated])
    words = [*((value, word(value)) for value in values), (NONE, gettext_lazy("Aucune de ces réponses"))]
    return _ListField(label=fact.label, required=False, choices=words, widget=forms.CheckboxSelectMultiple)


def _flag_field(fact: Fact, known: Any) -> forms.Field:  # noqa: ANN401 - the fact, as it is
    choices = (("", gettext_lazy("Pas connu")), *YES_NO)
    return forms.ChoiceField(label=fact.label, required=False, choices=choices, widget=forms.RadioSelect)


def _ages_field(fact: Fact, known: Any) -> forms.Field:  # noqa: ANN401 - the fact, as it is
    help_text = gettext_lazy("Séparés par des espaces. Un tiret s’il n’y a pas d’enfant.")
    return forms.CharField(label=fact.label, required=False, max_length=60, help_text=help_text)


FIELDS: Final[Mapping[Sort, Callable[[Fact, Any], forms.Field]]] = {
    Sort.LIST: _list_field,
    Sort.FLAG: _flag_field,
    Sort.WHOLE: lambda fact, known: whole_field(fact.label, 2000),
    Sort.NUMBER: lambda fact, known: number_field(fact.label, required=False),
    Sort.MONEY: lambda fact, known: number_field(fact.label, required=False),
    Sort.DAY: lambda fact, known: DateField(label=fact.label, required=False),
    Sort.AGES: _ages_field,
    Sort.CODE: lambda fact, known: forms.CharField(label=fact.label, required=False, max_length=60),
}


class _ListField(forms.MultipleChoiceField):
    """A list of which nothing chosen means not known; that there is none is a choice of its own."""

    def clean(self, value: Any) -> list[str] | None:  # noqa: ANN401 - as Django's
        return [one for one in found if one != NONE] if (found := super().clean(value)) else None


# The sheet

AUDIENCES: Final = (
    ("person", gettext_lazy("Une personne : chaque membre du foyer à son tour")),
    ("household", gettext_lazy("Le foyer")),
)
SORTS: Final = (
    ("money", gettext_lazy("De l’argent reçu")),
    ("price", gettext_lazy("Un prix payé")),
    ("service", gettext_lazy("Un service")),
    ("priority", gettext_lazy("Une priorité")),
)
PER: Final = (
    ("person", gettext_lazy("Par personne")),
    ("household", gettext_lazy("Par foyer")),
    ("child", gettext_lazy("Par enfant")),
    ("meal", gettext_lazy("Par repas")),
    ("hour", gettext_lazy("Par heure")),
    ("day", gettext_lazy("Par jour")),
)
PERIODS: Final = (
    ("one_off", gettext_lazy("Une fois")),
    ("month", gettext_lazy("Chaque mois")),
    ("year", gettext_lazy("Chaque année")),
    ("use", gettext_lazy("À chaque fois")),
)
INSTITUTIONS: Final = (
    ("commune", gettext_lazy("La ville")),
    ("epci", gettext_lazy("L’intercommunalité")),
    ("departement", gettext_lazy("Le département")),
    ("region", gettext_lazy("La région")),
    ("caf", gettext_lazy("La CAF")),
    ("msa", gettext_lazy("La MSA")),
    ("national", gettext_lazy("Un organisme national")),
    ("europeen", gettext_lazy("L’Union européenne")),
    ("autre", gettext_lazy("Un autre organisme")),
)


class SheetForm(forms.Form):
    """The texts, dates and papers of a version."""

    label = forms.CharField(label=gettext_lazy("Nom de l’aide"), max_length=120)
    level = choice_field(gettext_lazy("Qui donne cette aide"), INSTITUTIONS)
    institution_id = forms.CharField(
        label=gettext_lazy("Code de cet organisme"), max_length=20, help_text=gettext_lazy("Insee ou Siren.")
    )
    institution_name = forms.CharField(label=gettext_lazy("Nom de cet organisme"), max_length=120)
    audience = choice_field(gettext_lazy("Pour"), AUDIENCES)
    kind = choice_field(gettext_lazy("Ce que c’est"), SORTS)
    per = choice_field(gettext_lazy("Le montant est"), PER)
    periodicity = choice_field(gettext_lazy("Quand"), PERIODS)
    description = text_field(gettext_lazy("En quelques mots"), 1000, required=False)
    instructions = text_field(gettext_lazy("Comment la demander"), 1000)
    contact = forms.CharField(label=gettext_lazy("À qui s’adresser"), max_length=300)
    link = forms.URLField(label=gettext_lazy("Page officielle"), max_length=500, required=False)
    legal_act = forms.CharField(
        label=gettext_lazy("Texte"), max_length=300, help_text=gettext_lazy("Comme « Délibération 2026-118 ».")
    )
    papers = forms.MultipleChoiceField(
        label=gettext_lazy("Papiers demandés"),
        required=False,
        widget=forms.SelectMultiple({"size": 6}),
        help_text=gettext_lazy("Plusieurs choix sont possibles."),
    )
    checked_later = text_field(
        gettext_lazy("Ce que l’organisme vérifiera, sans changer la réponse"),
        4000,
        required=False,
        help_text=gettext_lazy("Une phrase par ligne."),
    )
    excludes = forms.MultipleChoiceField(
        label=gettext_lazy("Aides avec lesquelles elle ne se cumule pas"),
        required=False,
        widget=forms.SelectMultiple({"size": 6}),
        help_text=gettext_lazy("Plusieurs choix sont possibles."),
    )
    valid_from = DateField(label=gettext_lazy("Ouverte à partir du"))
    valid_to = DateField(label=gettext_lazy("Ouverte jusqu’au"), required=False)
    review_on = DateField(label=gettext_lazy("À revoir le"))

    def __init__(self, *args: Any, others: Iterable[tuple[str, Any]] = (), **kwargs: Any) -> None:
        """Build the form. `others` are the aids that this one may exclude, with their names."""
        super().__init__(*args, **kwargs)
        self.fields["excludes"].choices = list(others)  # type: ignore[attr-defined]
        kinds = sorted(
            ((kind.code, kind.label) for kind in PaperKind.objects.all()), key=lambda one: one[1].casefold()
        )
        self.fields["papers"].choices = kinds  # type: ignore[attr-defined]

    def clean_label(self) -> str:
        label: str = self.cleaned_data["label"]
        if not slugify(label):
            raise ValidationError(_("Écrivez un nom avec des lettres."))
        return label

    def clean_link(self) -> str:
        link: str = self.cleaned_data["link"]
        if link and not link.startswith("https://"):
            raise ValidationError(_("Écrivez une adresse qui commence par https://"))
        return link

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("valid_to") and data.get("valid_from") and data["valid_to"] < data["valid_from"]:
            self.add_error("valid_to", _("Cette date est avant l’ouverture."))
        return data

    def rules(self) -> dict[str, Any]:
        data = self.cleaned_data
        names = (
            "audience",
            "kind",
            "per",
            "periodicity",
            "description",
            "instructions",
            "contact",
            "link",
            "legal_act",
        )
        later = [line.strip() for line in data["checked_later"].splitlines() if line.strip()]
        return {
            **{name: data[name] for name in names},
            "institution": {"level": data["level"], "id": data["institution_id"], "name": data["institution_name"]},
            "papers": data["papers"],
            "checked_later": later,
            "excludes": data["excludes"],
        }

    def columns(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("label", "valid_from", "valid_to", "review_on")}


class ImportForm(forms.Form):
    """A file of an aid, in YAML."""

    file = forms.FileField(
        label=gettext_lazy("Fichier YAML"),
        help_text=gettext_lazy("Une aide écrite par un autre portail Garant, ou un fichier public d’Aides Jeunes."),
    )
