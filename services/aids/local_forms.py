"""Forms of agents who write a local aid: one condition, the amount, one case, the sheet. No field of JSON."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.pages.forms import DateField
from services.aids import local
from services.aids.asking import city
from vault.records.models import PaperKind

Rule = Mapping[str, Any]

KINDS: Final = {
    "territory": gettext_lazy("Commune, intercommunalité, département ou région"),
    "postcode": gettext_lazy("Code postal"),
    "resident_months": gettext_lazy("Mois passés dans la commune"),
    "age": gettext_lazy("Âge"),
    "qf": gettext_lazy("Quotient familial"),
    "resources": gettext_lazy("Ressources par mois"),
    "household_size": gettext_lazy("Nombre de personnes du foyer"),
    "children": gettext_lazy("Enfants d’un certain âge"),
    "single_parent": gettext_lazy("Parent seul"),
    "family_status": gettext_lazy("Situation de famille"),
    "profile": gettext_lazy("Activité"),
    "study_year": gettext_lazy("Année d’études"),
    "grant_holder": gettext_lazy("Bourse d’études"),
    "bac_honours": gettext_lazy("Mention au baccalauréat"),
    "health_social_training": gettext_lazy("Formation sanitaire ou sociale"),
    "temp_agency": gettext_lazy("Intérim"),
    "scheme": gettext_lazy("Régime de sécurité sociale"),
    "receives": gettext_lazy("Aide déjà reçue"),
    "disability_rate": gettext_lazy("Taux d’incapacité"),
    "housing_status": gettext_lazy("Statut de logement"),
    "housing_difficulty": gettext_lazy("Difficulté pour se loger"),
    "date": gettext_lazy("Date de la demande"),
    "manual": gettext_lazy("Condition que l’organisme vérifie"),
}
GROUPS: Final = {
    "all": gettext_lazy("Un groupe : toutes ces conditions"),
    "any": gettext_lazy("Un groupe : au moins une de ces conditions"),
    "not": gettext_lazy("Un groupe : sauf si"),
}
NUMBERS: Final = ("age", "qf", "resources", "household_size", "disability_rate", "resident_months")
VALUES: Final[Mapping[str, Sequence[str]]] = {
    "profile": (
        "salarie",
        "apprenti",
        "independant",
        "chomeur",
        "etudiant",
        "enseignement_superieur",
        "lyceen",
        "collegien",
        "stagiaire",
        "service_civique",
        "professionnalisation",
        "inactif",
        "parent",
        "beneficiaire_rsa",
        "situation_handicap",
    ),
    "study_year": (*(f"bac_{year}" for year in range(1, 6)), *city.LEVELS[:-1]),
    "bac_honours": city.HONOURS[1:],
    "scheme": city.SCHEMES,
    "receives": ("rsa", "aah", "ass", "aspa", "c2s", "aeeh", "pass_sport", "apa", "pch", "fsl_energie"),
    "housing_status": ("tenant_private", "tenant_hlm", "owner", "hosted", "residence", "crous", "sans_domicile"),
    "family_status": (
        "seul",
        "couple",
        "parent_isole",
        "celibataire",
        "marie",
        "pacse",
        "divorce",
        "veuf",
        "sans_domicile",
    ),
}
OPS: Final = (
    ("<=", gettext_lazy("au plus")),
    ("<", gettext_lazy("moins de")),
    (">=", gettext_lazy("au moins")),
    (">", gettext_lazy("plus de")),
    ("=", gettext_lazy("exactement")),
    ("between", pgettext_lazy("comparison of a number", "de … à …")),
)
LEVELS: Final = (
    ("attached", gettext_lazy("Le territoire de l’organisme")),
    ("commune", gettext_lazy("Communes (codes Insee)")),
    ("epci", gettext_lazy("Intercommunalités (codes Siren)")),
    ("departement", gettext_lazy("Départements")),
    ("region", gettext_lazy("Régions (codes Insee)")),
    ("parents_commune", gettext_lazy("Communes des parents (codes Insee)")),
)
YES_NO: Final = (("yes", gettext_lazy("Oui")), ("no", gettext_lazy("Non")))
CODE: Final = re.compile(r"[0-9AB]{2,9}")


def _text(label: Any, length: int = 600, rows: int = 3, **others: Any) -> forms.CharField:  # noqa: ANN401 - lazy
    return forms.CharField(label=label, max_length=length, widget=forms.Textarea({"rows": rows}), **others)


def _number(label: Any, *, required: bool = True, **others: Any) -> forms.FloatField:  # noqa: ANN401 - lazy
    return forms.FloatField(
        label=label,
        required=required,
        localize=True,
        min_value=0,
        max_value=10_000_000,
        widget=forms.TextInput({"inputmode": "decimal", "class": "govuk-input--width-5"}),
        error_messages={"invalid": gettext_lazy("Écrivez un nombre, comme 650.")},
        **others,
    )


def _choice(label: Any, choices: Any, **others: Any) -> forms.ChoiceField:  # noqa: ANN401 - lazy
    return forms.ChoiceField(label=label, choices=choices, widget=forms.Select({"class": "govuk-select"}), **others)


def plain(value: float) -> float | int:
    """Return a whole number without its decimal point, as people write it."""
    return int(value) if value == int(value) else value


class KindForm(forms.Form):
    """What to add to a group: a condition of one of the types, or a group."""

    kind = _choice(gettext_lazy("Que voulez-vous ajouter ?"), [*KINDS.items(), *GROUPS.items()])


class ConditionForm(forms.Form):
    """One condition of the type `kind`."""

    def __init__(self, *args: Any, kind: str, rule: Rule | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        for name, field in _fields(kind):
            self.fields[name] = field
        for name, value in _initial(kind, rule or {}).items():
            self.fields[name].initial = value

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if self.kind in NUMBERS and told.get("op") == "between":
            low, high = told.get("value"), told.get("until")
            if low is not None and (high is None or high < low):
                self.add_error("until", _("Écrivez un deuxième nombre, plus grand que le premier."))
        if self.kind == "territory" and told.get("level") != "attached" and not told.get("codes"):
            self.add_error("codes", _("Écrivez au moins un code."))
        if self.kind == "date" and not (told.get("since") or told.get("until")):
            self.add_error("since", _("Écrivez au moins une date."))
        return told

    def clean_codes(self) -> list[str]:
        found = self.cleaned_data["codes"].replace(",", " ").upper().split()
        if wrong := [code for code in found if not CODE.fullmatch(code)]:
            raise ValidationError(_("Ce n’est pas un code : %(code)s") % {"code": wrong[0]})
        return list(dict.fromkeys(found))

    def rule(self) -> dict[str, Any]:
        """Return the condition, in the format of rules."""
        told, kind = self.cleaned_data, self.kind
        found: dict[str, Any] = {"type": kind}
        if kind in NUMBERS:
            found |= _span(told)
        elif kind in VALUES:
            found["values"] = told["values"]
        elif kind in local.FLAGS:
            found |= {} if told["value"] == "yes" else {"value": False}
        if kind == "qf":
            found |= {"source": "caf", "period": told["period"]}
            found |= {"fallback": "rfr_parts_12"} if told["fallback"] else {}
        if kind == "resources":
            found["per"] = told["per"]
        if kind == "postcode":
            found["values"] = told["codes"]
        if kind == "territory":
            where = {"attached": True} if told["level"] == "attached" else {"level": told["level"]}
            found |= where | ({"values": told["codes"]} if "level" in where else {})
            found |= {"mode": "out"} if told["mode"] == "out" else {}
        if kind == "children":
            found |= {name: told[name] for name in ("count_min", "age_min", "age_max") if told[name] is not None}
        if kind == "date":
            days = {"from": told["since"], "to": told["until"]}
            found |= {name: day.isoformat() for name, day in days.items() if day}
        if kind == "manual":
            found["text"] = told["text"]
        return found


def _span(told: Mapping[str, Any]) -> dict[str, Any]:
    if told["op"] == "between":
        return {"min": plain(told["value"]), "max": plain(told["until"])}
    return {"op": told["op"], "value": plain(told["value"])}


def _fields(kind: str) -> Iterator[tuple[str, forms.Field]]:
    if kind in NUMBERS:
        yield "op", _choice(gettext_lazy("Comparaison"), OPS)
        yield "value", _number(gettext_lazy("Nombre"))
        yield "until", _number(gettext_lazy("Deuxième nombre, pour « de … à … »"), required=False)
    if kind == "qf":
        yield (
            "period",
            _choice(gettext_lazy("Période"), (("month", gettext_lazy("Par mois")), ("year", gettext_lazy("Par an")))),
        )
        yield (
            "fallback",
            forms.BooleanField(
                label=gettext_lazy("Sans quotient de la CAF, prendre le revenu fiscal divisé par les parts et par 12"),
                required=False,
            ),
        )
    if kind == "resources":
        per = (
            ("household", gettext_lazy("Du foyer")),
            ("person", gettext_lazy("De la personne")),
            ("consumption_unit", gettext_lazy("Par unité de consommation")),
        )
        yield "per", _choice(gettext_lazy("Ressources"), per)
    if kind in VALUES:
        words = [(value, local.word(value)) for value in VALUES[kind]]
        yield (
            "values",
            forms.MultipleChoiceField(
                label=gettext_lazy("L’une de ces situations"), choices=words, widget=forms.CheckboxSelectMultiple
            ),
        )
    if kind in local.FLAGS:
        yield "value", forms.ChoiceField(label=KINDS[kind], choices=YES_NO, widget=forms.RadioSelect)
    if kind == "territory":
        yield "level", _choice(gettext_lazy("Où"), LEVELS)
        mode = (("in", gettext_lazy("Y habiter")), ("out", gettext_lazy("Habiter ailleurs")))
        yield "mode", _choice(gettext_lazy("Condition"), mode)
    if kind in {"territory", "postcode"}:
        yield (
            "codes",
            forms.CharField(
                label=gettext_lazy("Codes"),
                max_length=2000,
                required=kind == "postcode",
                help_text=gettext_lazy("Séparés par des espaces."),
            ),
        )
    if kind == "children":
        whole = {"min_value": 0, "max_value": 120, "required": False}
        yield (
            "count_min",
            forms.IntegerField(label=gettext_lazy("Nombre d’enfants, au moins"), min_value=1, max_value=20, initial=1),
        )
        yield "age_min", forms.IntegerField(label=gettext_lazy("Âge, au moins"), **whole)  # type: ignore[arg-type]
        yield "age_max", forms.IntegerField(label=gettext_lazy("Âge, au plus"), **whole)  # type: ignore[arg-type]
    if kind == "date":
        yield "since", DateField(label=gettext_lazy("Demande à partir du"), required=False)
        yield "until", DateField(label=gettext_lazy("Demande jusqu’au"), required=False)
    if kind == "manual":
        yield "text", _text(gettext_lazy("La condition, comme l’habitant la lit"), 300)


def _initial(kind: str, rule: Rule) -> dict[str, Any]:
    """Return what a condition says, field by field."""
    if not rule:
        return {}
    if kind in NUMBERS:
        found = _span_initial(rule)
        if kind == "qf":
            found |= {"period": rule.get("period", "month"), "fallback": "fallback" in rule}
        return found | ({"per": rule.get("per", "household")} if kind == "resources" else {})
    if kind in VALUES:
        return {"values": rule["values"]}
    if kind in local.FLAGS:
        return {"value": "yes" if rule.get("value", True) else "no"}
    if kind == "postcode":
        return {"codes": " ".join(rule["values"])}
    if kind == "territory":
        level = "attached" if rule.get("attached") else rule["level"]
        return {"level": level, "mode": rule.get("mode", "in"), "codes": " ".join(rule.get("values", ()))}
    if kind == "children":
        return {name: rule[name] for name in ("count_min", "age_min", "age_max") if name in rule}
    if kind == "date":
        days = {"since": rule.get("from"), "until": rule.get("to")}
        return {name: date.fromisoformat(day) for name, day in days.items() if day}
    return {"text": rule.get("text", "")}


def _span_initial(rule: Rule) -> dict[str, Any]:
    if "op" in rule:
        return {"op": rule["op"], "value": rule["value"]}
    low, high = rule.get("min"), rule.get("max")
    if low is not None and high is not None:
        return {"op": "between", "value": low, "until": high}
    return {"op": "<=", "value": high} if low is None else {"op": ">=", "value": low}


# The amount

AMOUNTS: Final = {
    "fixed": gettext_lazy("Un montant fixe"),
    "bands": gettext_lazy("Des tranches"),
    "map": gettext_lazy("Un montant par mention au baccalauréat"),
    "linear": gettext_lazy("Un taux d’effort, entre un minimum et un maximum"),
    "percent": gettext_lazy("Une part du prix"),
    "decided": gettext_lazy("Un montant décidé au cas par cas"),
    "none": gettext_lazy("Pas de montant : un droit, une priorité, un service"),
}
BASES: Final = (
    ("qf", gettext_lazy("Quotient familial")),
    ("resources", gettext_lazy("Ressources par mois")),
    ("household_size", gettext_lazy("Nombre de personnes du foyer")),
    ("age", gettext_lazy("Âge")),
)
MEANINGS: Final = (
    ("grant", gettext_lazy("C’est l’aide versée")),
    ("reduction", gettext_lazy("C’est ce qui est retiré du prix")),
)


class AmountKindForm(forms.Form):
    sorte = _choice(gettext_lazy("Quelle sorte de montant ?"), list(AMOUNTS.items()))


class AmountForm(forms.Form):
    """The amount, of the sort `kind`."""

    def __init__(self, *args: Any, kind: str, amount: Rule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.before = kind, amount if amount.get("kind") == kind else {}
        for name, field in _amount_fields(kind):
            self.fields[name] = field
            if name in self.before:
                field.initial = self.before[name]
        if "lines" in self.fields:
            self.fields["lines"].initial = _lines(self.before)

    def clean_lines(self) -> list[list[str]]:
        found = []
        for line in filter(None, map(str.strip, self.cleaned_data["lines"].splitlines())):
            parts = [part.strip() for part in line.split(";")]
            if (
                len(parts) != 2
                or not _is_number(parts[1])
                or (self.kind != "map" and parts[0] and not _is_number(parts[0]))
            ):
                raise ValidationError(
                    _("Écrivez deux nombres séparés par un point-virgule : %(line)s") % {"line": line}
                )
            if self.kind == "map" and parts[0] not in VALUES["bac_honours"]:
                raise ValidationError(_("Cette mention n’existe pas : %(line)s") % {"line": parts[0]})
            found.append(parts)
        tops = [_read(top) for top, _value in found[:-1]] if self.kind != "map" else []
        last = found[-1][0] if found and self.kind != "map" else ""
        if tops != sorted(set(tops)) or (tops and last and _read(last) <= tops[-1]):
            raise ValidationError(_("Écrivez les tranches dans l’ordre, de la plus basse à la plus haute."))
        return found

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if self.kind == "linear" and told.get("max") is not None and (told.get("min") or 0) > told["max"]:
            self.add_error("max", _("Le maximum est plus petit que le minimum."))
        if (
            self.kind == "percent"
            and told.get("rate") is None
            and not told.get("lines")
            and "lines" not in self.errors
        ):
            self.add_error("rate", _("Écrivez une part, ou des tranches."))
        if told.get("lines") and self.kind == "percent" and not told.get("on"):
            self.add_error("on", _("Dites selon quoi."))
        return told

    def amount(self) -> dict[str, Any]:
        """Return the amount, in the format of rules. What this form does not show of the same sort stays."""
        told = self.cleaned_data
        if self.kind in {"none", "decided"}:
            return {**self.before, "kind": self.kind}
        found: dict[str, Any] = {"kind": self.kind}
        found |= {name: self.before[name] for name in ("per_child", "times") if name in self.before}
        for name in ("value", "rate", "min", "max", "cap", "when_missing"):
            if told.get(name) is not None:
                found[name] = plain(told[name])
        if self.kind == "map":
            found |= {"on": "bac_honours", "values": {name: plain(_read(value)) for name, value in told["lines"]}}
        elif told.get("lines"):
            bands = [
                {"max": plain(_read(top)) if top else None, "value": plain(_read(value))}
                for top, value in told["lines"]
            ]
            found |= {"on": told["on"], "bands": bands}
            found.pop("rate", None)
        elif self.kind == "linear":
            found["on"] = told["on"]
        if self.kind == "percent":
            found["meaning"] = told["meaning"]
        return found | {"unit": "EUR"}


def _amount_fields(kind: str) -> Iterator[tuple[str, forms.Field]]:
    if kind == "fixed":
        yield "value", _number(gettext_lazy("Montant, en euros"))
    if kind == "percent":
        yield "rate", _number(gettext_lazy("Part du prix, comme 0,5 pour la moitié"), required=False)
    if kind == "linear":
        yield "rate", _number(gettext_lazy("Taux, comme 0,0012"))
        yield "min", _number(gettext_lazy("Minimum, en euros"))
        yield "max", _number(gettext_lazy("Maximum, en euros"))
    if kind in {"bands", "percent", "linear"}:
        yield "on", _choice(gettext_lazy("Selon"), BASES, required=kind != "percent")
    if kind in {"bands", "percent"}:
        yield (
            "lines",
            _text(
                gettext_lazy("Tranches"),
                2000,
                6,
                required=kind == "bands",
                help_text=gettext_lazy(
                    "Une par ligne : le haut de la tranche ; le montant ou la part. Sans haut pour la dernière."
                ),
            ),
        )
        yield "when_missing", _number(gettext_lazy("Si la valeur n’est pas connue"), required=False)
    if kind == "map":
        help_text = gettext_lazy("Une par ligne : tb_felicitations, tb, b ou ab ; montant en euros.")
        yield "lines", _text(gettext_lazy("Montants"), 2000, 5, help_text=help_text)
    if kind == "percent":
        yield "cap", _number(gettext_lazy("Au plus, en euros"), required=False)
        yield "meaning", _choice(gettext_lazy("Ce que c’est"), MEANINGS)


def _lines(amount: Rule) -> str:
    if "values" in amount:
        return "\n".join(f"{name} ; {value}" for name, value in amount["values"].items())
    bands = amount.get("bands", ())
    return "\n".join(f"{'' if band['max'] is None else band['max']} ; {band['value']}" for band in bands)


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\d{1,8}([.,]\d{1,6})?", text.replace("\u202f", "").replace(" ", "")))


def _read(text: str) -> float:
    return float(text.replace("\u202f", "").replace(" ", "").replace(",", "."))


# Cases

WHOLE: Final = ("age", "disability_rate", "household_size", "resident_months")
MONEY: Final = ("qf", "resources_month", "rfr", "parts", "consumption_units", "price")
CODES: Final = ("commune", "epci", "departement", "region", "postcode", "parents_commune")
FACT_LABELS: Final = {
    "commune": gettext_lazy("Commune (code Insee)"),
    "epci": gettext_lazy("Intercommunalité (code Siren)"),
    "departement": gettext_lazy("Département"),
    "region": gettext_lazy("Région (code Insee)"),
    "postcode": gettext_lazy("Code postal"),
    "parents_commune": gettext_lazy("Commune des parents (code Insee)"),
    "age": gettext_lazy("Âge"),
    "qf": gettext_lazy("Quotient familial de la CAF"),
    "rfr": gettext_lazy("Revenu fiscal de référence"),
    "parts": gettext_lazy("Nombre de parts"),
    "resources_month": gettext_lazy("Ressources par mois"),
    "consumption_units": gettext_lazy("Unités de consommation"),
    "household_size": gettext_lazy("Nombre de personnes du foyer"),
    "disability_rate": gettext_lazy("Taux d’incapacité, en %"),
    "resident_months": gettext_lazy("Mois passés dans la commune"),
    "children_ages": gettext_lazy("Âges des enfants"),
    "price": gettext_lazy("Prix payé"),
    "on": gettext_lazy("Jour de la demande"),
    "profiles": gettext_lazy("Activité"),
}
OF_LIST: Final = {"profiles": "profile"}
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
        self.names = local.facts_of(rule)
        known = (case or {}).get("facts", {})
        self.kept = {name: value for name, value in known.items() if name not in self.names}
        for name in self.names:
            field = self.fields[f"fact_{name}"] = _fact_field(name, known.get(name))
            field.initial = _as_told(name, known.get(name))
        self.fields["status"] = _choice(gettext_lazy("Résultat attendu"), EXPECTED)
        self.fields["amount"] = _number(gettext_lazy("Montant attendu, en euros"), required=False)
        if case:
            self.fields["persona"].initial = case["persona"]
            self.fields["status"].initial = case["expect"]["status"]
            self.fields["amount"].initial = case["expect"].get("amount")

    def clean_fact_children_ages(self) -> list[int] | None:
        told = self.cleaned_data["fact_children_ages"]
        if not told:
            return None
        if told.strip() == NONE:
            return []
        ages = told.replace(",", " ").replace(";", " ").split()
        if not all(age.isdecimal() and int(age) < 120 for age in ages) or len(ages) > 20:
            raise ValidationError(_("Écrivez des âges, comme « 4 9 », ou un tiret s’il n’y a pas d’enfant."))
        return [int(age) for age in ages]

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if not self.errors and not any(_is_known(told.get(f"fact_{name}")) for name in self.names) and not self.kept:
            raise ValidationError(_("Écrivez au moins une valeur de cette personne."))
        return told

    def case(self) -> dict[str, Any]:
        told = self.cleaned_data
        facts = {name: _fact(told[f"fact_{name}"]) for name in self.names if _is_known(told[f"fact_{name}"])}
        expect: dict[str, Any] = {"status": told["status"]}
        if told["amount"] is not None:
            expect["amount"] = plain(told["amount"])
        return {"persona": told["persona"], "facts": {**self.kept, **facts}, "expect": expect}


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
    if OF_LIST.get(name, name) in VALUES and value is not None:
        return _as_list(value) or [NONE]
    return value


def _as_list(value: Any) -> list[str]:  # noqa: ANN401 - a fact: one value or a list
    return list(value) if isinstance(value, list) else [value]


def _fact_field(name: str, known: Any) -> forms.Field:  # noqa: ANN401 - the fact, as it is
    label = FACT_LABELS.get(name) or KINDS.get(name, name)
    listed = OF_LIST.get(name, name)
    if listed in VALUES:
        others = _as_list(known) if known is not None else []
        values = dict.fromkeys([*VALUES[listed], *(["retraite"] if name == "profiles" else []), *others])
        words = [*((value, local.word(value)) for value in values), (NONE, gettext_lazy("Aucune de ces réponses"))]
        return _ListField(label=label, required=False, choices=words, widget=forms.CheckboxSelectMultiple)
    if name in local.FLAGS:
        choices = (("", gettext_lazy("Pas connu")), *YES_NO)
        return forms.ChoiceField(label=label, required=False, choices=choices, widget=forms.RadioSelect)
    if name in WHOLE:
        return forms.IntegerField(label=label, required=False, min_value=0, max_value=2000)
    if name in MONEY:
        return _number(label, required=False)
    if name == "on":
        return DateField(label=label, required=False)
    if name == "children_ages":
        help_text = gettext_lazy("Séparés par des espaces. Un tiret s’il n’y a pas d’enfant.")
        return forms.CharField(label=label, required=False, max_length=60, help_text=help_text)
    return forms.CharField(label=label, required=False, max_length=60)


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
    """Everything of a version besides its conditions, its amount and its cases."""

    label = forms.CharField(label=gettext_lazy("Nom de l’aide"), max_length=120)
    level = _choice(gettext_lazy("Qui donne cette aide"), INSTITUTIONS)
    institution_id = forms.CharField(
        label=gettext_lazy("Code de cet organisme"), max_length=20, help_text=gettext_lazy("Insee ou Siren.")
    )
    institution_name = forms.CharField(label=gettext_lazy("Nom de cet organisme"), max_length=120)
    audience = _choice(gettext_lazy("Pour"), AUDIENCES)
    kind = _choice(gettext_lazy("Ce que c’est"), SORTS)
    per = _choice(gettext_lazy("Le montant est"), PER)
    periodicity = _choice(gettext_lazy("Quand"), PERIODS)
    description = _text(gettext_lazy("En quelques mots"), 1000, required=False)
    instructions = _text(gettext_lazy("Comment la demander"), 1000)
    contact = forms.CharField(label=gettext_lazy("À qui s’adresser"), max_length=300)
    link = forms.URLField(label=gettext_lazy("Page officielle"), max_length=500, required=False, assume_scheme="https")
    legal_act = forms.CharField(
        label=gettext_lazy("Texte"), max_length=300, help_text=gettext_lazy("Comme « Délibération 2026-118 ».")
    )
    papers = forms.MultipleChoiceField(
        label=gettext_lazy("Papiers demandés"), required=False, widget=forms.CheckboxSelectMultiple
    )
    checked_later = _text(
        gettext_lazy("Ce que l’organisme vérifiera, sans changer la réponse"),
        4000,
        required=False,
        help_text=gettext_lazy("Une phrase par ligne."),
    )
    valid_from = DateField(label=gettext_lazy("Ouverte à partir du"))
    valid_to = DateField(label=gettext_lazy("Ouverte jusqu’au"), required=False)
    review_on = DateField(label=gettext_lazy("À revoir le"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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
        told = super().clean() or {}
        if told.get("valid_to") and told.get("valid_from") and told["valid_to"] < told["valid_from"]:
            self.add_error("valid_to", _("Cette date est avant l’ouverture."))
        return told

    def rules(self) -> dict[str, Any]:
        told = self.cleaned_data
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
        later = [line.strip() for line in told["checked_later"].splitlines() if line.strip()]
        return {
            **{name: told[name] for name in names},
            "institution": {"level": told["level"], "id": told["institution_id"], "name": told["institution_name"]},
            "papers": told["papers"],
            "checked_later": later,
        }

    def columns(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("label", "valid_from", "valid_to", "review_on")}


class ImportForm(forms.Form):
    """A file of an aid, in YAML."""

    file = forms.FileField(
        label=gettext_lazy("Fichier YAML"),
        help_text=gettext_lazy("Une aide écrite par un autre portail Garant, ou un fichier public d’Aides Jeunes."),
    )
