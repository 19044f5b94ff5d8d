"""Forms of agents who write a local aid: one condition, the amount. No field of JSON."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.pages.forms import DateField
from services.aids.asking import city
from services.aids.local import evaluation

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


def text_field(label: Any, length: int = 600, rows: int = 3, **others: Any) -> forms.CharField:  # noqa: ANN401 - lazy
    return forms.CharField(label=label, max_length=length, widget=forms.Textarea({"rows": rows}), **others)


def number_field(label: Any, *, required: bool = True, **others: Any) -> forms.FloatField:  # noqa: ANN401 - lazy
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


def choice_field(label: Any, choices: Any, **others: Any) -> forms.ChoiceField:  # noqa: ANN401 - lazy
    return forms.ChoiceField(label=label, choices=choices, widget=forms.Select, **others)


def plain(value: float) -> float | int:
    """Return a whole number without its decimal point, as people write it."""
    return int(value) if value == int(value) else value


class KindForm(forms.Form):
    """A choice of what to add to a group: a condition of one of the types, or a group."""

    kind = choice_field(gettext_lazy("Que voulez-vous ajouter ?"), [*KINDS.items(), *GROUPS.items()])


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
        data = super().clean() or {}
        if self.kind in NUMBERS and data.get("op") == "between":
            low, high = data.get("value"), data.get("until")
            if low is not None and (high is None or high < low):
                self.add_error("until", _("Écrivez un deuxième nombre, plus grand que le premier."))
        if self.kind == "territory" and data.get("level") != "attached" and not data.get("codes"):
            self.add_error("codes", _("Écrivez au moins un code."))
        if self.kind == "date" and not (data.get("since") or data.get("until")):
            self.add_error("since", _("Écrivez au moins une date."))
        return data

    def clean_codes(self) -> list[str]:
        found = self.cleaned_data["codes"].replace(",", " ").upper().split()
        if wrong := [code for code in found if not CODE.fullmatch(code)]:
            raise ValidationError(_("Ce n’est pas un code : %(code)s") % {"code": wrong[0]})
        return list(dict.fromkeys(found))

    def rule(self) -> dict[str, Any]:
        """Return the condition, in the format of rules."""
        data, kind = self.cleaned_data, self.kind
        found: dict[str, Any] = {"type": kind}
        if kind in NUMBERS:
            found |= _span(data)
        elif kind in VALUES:
            found["values"] = data["values"]
        elif kind in evaluation.FLAGS:
            found |= {} if data["value"] == "yes" else {"value": False}
        if kind == "qf":
            found |= {"source": "caf", "period": data["period"]}
            found |= {"fallback": "rfr_parts_12"} if data["fallback"] else {}
        if kind == "resources":
            found["per"] = data["per"]
        if kind == "postcode":
            found["values"] = data["codes"]
        if kind == "territory":
            where = {"attached": True} if data["level"] == "attached" else {"level": data["level"]}
            found |= where | ({"values": data["codes"]} if "level" in where else {})
            found |= {"mode": "out"} if data["mode"] == "out" else {}
        if kind == "children":
            found |= {name: data[name] for name in ("count_min", "age_min", "age_max") if data[name] is not None}
        if kind == "date":
            days = {"from": data["since"], "to": data["until"]}
            found |= {name: day.isoformat() for name, day in days.items() if day}
        if kind == "manual":
            found["text"] = data["text"]
        return found


def _span(data: Mapping[str, Any]) -> dict[str, Any]:
    if data["op"] == "between":
        return {"min": plain(data["value"]), "max": plain(data["until"])}
    return {"op": data["op"], "value": plain(data["value"])}


def _fields(kind: str) -> Iterator[tuple[str, forms.Field]]:
    if kind in NUMBERS:
        yield "op", choice_field(gettext_lazy("Comparaison"), OPS)
        yield "value", number_field(gettext_lazy("Nombre"))
        yield "until", number_field(gettext_lazy("Deuxième nombre, pour « de … à … »"), required=False)
    if kind == "qf":
        yield (
            "period",
            choice_field(
                gettext_lazy("Période"), (("month", gettext_lazy("Par mois")), ("year", gettext_lazy("Par an")))
            ),
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
        yield "per", choice_field(gettext_lazy("Ressources"), per)
    if kind in VALUES:
        words = [(value, evaluation.word(value)) for value in VALUES[kind]]
        yield (
            "values",
            forms.MultipleChoiceField(
                label=gettext_lazy("L’une de ces situations"), choices=words, widget=forms.CheckboxSelectMultiple
            ),
        )
    if kind in evaluation.FLAGS:
        yield "value", forms.ChoiceField(label=KINDS[kind], choices=YES_NO, widget=forms.RadioSelect)
    if kind == "territory":
        yield "level", choice_field(gettext_lazy("Où"), LEVELS)
        mode = (("in", gettext_lazy("Y habiter")), ("out", gettext_lazy("Habiter ailleurs")))
        yield "mode", choice_field(gettext_lazy("Condition"), mode)
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
        yield "text", text_field(gettext_lazy("La condition, comme l’habitant la lit"), 300)


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
    if kind in evaluation.FLAGS:
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


#: Names of the ages of a child, in rules; in the form, after "child_".
CHILD_AGES: Final = ("age_min", "age_max")


class AmountKindForm(forms.Form):
    sorte = choice_field(gettext_lazy("Quelle sorte de montant ?"), list(AMOUNTS.items()))


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
        for name, value in self.before.get("per_child", {}).items():
            self.fields[f"child_{name}"].initial = value

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
        data = super().clean() or {}
        for low, high in (("min", "max"), ("child_age_min", "child_age_max")):
            if data.get(high) is not None and (data.get(low) or 0) > data[high]:
                self.add_error(high, _("Le maximum est plus petit que le minimum."))
        if (
            self.kind == "percent"
            and data.get("rate") is None
            and not data.get("lines")
            and "lines" not in self.errors
        ):
            self.add_error("rate", _("Écrivez une part, ou des tranches."))
        if data.get("lines") and self.kind == "percent" and not data.get("on"):
            self.add_error("on", _("Dites selon quoi."))
        return data

    def amount(self) -> dict[str, Any]:
        """Return the amount, in the format of rules. What this form does not show of the same sort stays."""
        data = self.cleaned_data
        if self.kind == "none":
            return {**self.before, "kind": self.kind}
        found: dict[str, Any] = {"kind": self.kind}
        ages = {age: data[f"child_{age}"] for age in CHILD_AGES if data.get(f"child_{age}") is not None}
        if ages:
            found["per_child"] = ages
        elif self.kind != "fixed" and "per_child" in self.before:
            found["per_child"] = self.before["per_child"]
        for name in ("value", "rate", "min", "max", "cap", "when_missing", "times"):
            if data.get(name) is not None:
                found[name] = plain(data[name])
        if self.kind == "map":
            found |= {"on": "bac_honours", "values": {name: plain(_read(value)) for name, value in data["lines"]}}
        elif data.get("lines"):
            bands = [
                {"max": plain(_read(top)) if top else None, "value": plain(_read(value))}
                for top, value in data["lines"]
            ]
            found |= {"on": data["on"], "bands": bands}
            found.pop("rate", None)
        elif self.kind == "linear":
            found["on"] = data["on"]
        if self.kind == "percent":
            found["meaning"] = data["meaning"]
        return found | {"unit": "EUR"}


def _amount_fields(kind: str) -> Iterator[tuple[str, forms.Field]]:
    if kind == "fixed":
        yield "value", number_field(gettext_lazy("Montant, en euros"))
        yield "times", _whole_field(gettext_lazy("Nombre de versements"), 100)
        help_text = gettext_lazy("Pour un montant par enfant de ces âges. Sinon, laissez vide.")
        yield "child_age_min", _whole_field(gettext_lazy("Par enfant d’au moins (ans)"), 120, help_text=help_text)
        yield "child_age_max", _whole_field(gettext_lazy("Par enfant d’au plus (ans)"), 120)
    if kind == "decided":
        yield "min", number_field(gettext_lazy("Le plus souvent au moins, en euros"), required=False)
        yield "max", number_field(gettext_lazy("Le plus souvent au plus, en euros"), required=False)
    if kind == "percent":
        yield "rate", number_field(gettext_lazy("Part du prix, comme 0,5 pour la moitié"), required=False)
    if kind == "linear":
        yield "rate", number_field(gettext_lazy("Taux, comme 0,0012"))
        yield "min", number_field(gettext_lazy("Minimum, en euros"))
        yield "max", number_field(gettext_lazy("Maximum, en euros"))
    if kind in {"bands", "percent", "linear"}:
        yield "on", choice_field(gettext_lazy("Selon"), BASES, required=kind != "percent")
    if kind in {"bands", "percent"}:
        yield (
            "lines",
            text_field(
                gettext_lazy("Tranches"),
                2000,
                6,
                required=kind == "bands",
                help_text=gettext_lazy(
                    "Une par ligne : le haut de la tranche ; le montant ou la part. Sans haut pour la dernière."
                ),
            ),
        )
        yield "when_missing", number_field(gettext_lazy("Si la valeur n’est pas connue"), required=False)
    if kind == "map":
        help_text = gettext_lazy("Une par ligne : tb_felicitations, tb, b ou ab ; montant en euros.")
        yield "lines", text_field(gettext_lazy("Montants"), 2000, 5, help_text=help_text)
    if kind == "percent":
        yield "cap", number_field(gettext_lazy("Au plus, en euros"), required=False)
        yield "meaning", choice_field(gettext_lazy("Ce que c’est"), MEANINGS)


def _whole_field(label: Any, most: int, **others: Any) -> forms.IntegerField:  # noqa: ANN401 - lazy
    return forms.IntegerField(label=label, min_value=0, max_value=most, required=False, **others)


def _lines(amount: Rule) -> str:
    if "values" in amount:
        return "\n".join(f"{name} ; {value}" for name, value in amount["values"].items())
    bands = amount.get("bands", ())
    return "\n".join(f"{'' if band['max'] is None else band['max']} ; {band['value']}" for band in bands)


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\d{1,8}([.,]\d{1,6})?", text.replace("\u202f", "").replace(" ", "")))


def _read(text: str) -> float:
    return float(text.replace("\u202f", "").replace(" ", "").replace(",", "."))
