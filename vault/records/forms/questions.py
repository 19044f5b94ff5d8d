"""Forms of questions. The description of a type gives the form field; the answer is a value of the payload."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.models import City
from core.pages.forms import DateField, ThreePartDate
from core.templatetags.civic import month
from vault import types
from vault.records.forms import places
from vault.records.forms.numbers import AmountField, PlausibleForm
from vault.records.forms.places import PlaceField
from vault.records.values.persons import Person
from vault.records.wording import MONTHS, month_name
from vault.types import FieldInfo
from vault.types.plausible import Doubts
from vault.types.spans import add_months

YES_NO = [("yes", gettext_lazy("Oui")), ("no", gettext_lazy("Non"))]


#: The fields that a browser can fill in, and the keyboard that a telephone then displays.
OWN_DETAILS: dict[str, forms.Widget] = {
    "identite.contact#/email": forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
    "identite.contact#/telephone": forms.TelInput(attrs={"autocomplete": "tel"}),
    "identite.pivot#/family_name": forms.TextInput(attrs={"autocomplete": "family-name", "spellcheck": "false"}),
    "identite.pivot#/given_name": forms.TextInput(attrs={"autocomplete": "given-name", "spellcheck": "false"}),
}
LONG_CHOICE = 8
MONTHS_BACK = 36


class PartialDateField(forms.CharField):
    """A date whose day or month may be unknown, written 00 as in registers."""

    widget = ThreePartDate
    default_error_messages = {
        "required": gettext_lazy("Écrivez une date, comme 31 3 1988."),
        "invalid": gettext_lazy(
            "Écrivez une date qui existe, comme 31 3 1988. Mettez 00 pour un jour ou un mois inconnu."
        ),
    }

    def to_python(self, value: object) -> str:
        if value in self.empty_values:
            return ""
        parts = list(reversed(value)) if isinstance(value, tuple) else str(value).split("-")
        text = "-".join([parts[0].zfill(4), *(part.zfill(2) for part in parts[1:])])
        if not re.fullmatch(types.PARTIAL_DATE, text) or not types.is_partial_date(text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return text


class QuestionForm(PlausibleForm):
    """One question. `answer` is the value for the payload, or None if the question was skipped."""

    def __init__(
        self,
        info: FieldInfo,
        *args: Any,
        current: Any = None,  # noqa: ANN401 - a payload's value
        find_doubts: Callable[[Any], Doubts] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.find_doubts = find_doubts
        self.info = info
        self.infos = {} if info.kind == "address" else {"answer": info}
        for name, field in _fields(info).items():
            self.fields[name] = field
        self.initial = {**_initial(info, current), **self.initial}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.info.kind == "address":
            city = City.current()
            return places.check_address(self, cleaned, {"name": city.name, "cog": city.insee})
        field = self.fields["answer"]
        if isinstance(field, PlaceField) and cleaned.get("answer"):
            cleaned["answer"] = places.resolve(self, "answer", field, cleaned["answer"])
        return cleaned

    @property
    def answer(self) -> Any:  # noqa: ANN401 - a payload's value
        return _answer(self.info, self.cleaned_data)


class ItemForm(PlausibleForm):
    """One item of a list, such as a person or an amount."""

    compared = "date_naissance"

    def __init__(
        self, info: FieldInfo, *args: Any, find_doubts: Callable[[Any], Doubts] | None = None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.find_doubts = find_doubts
        self.info = info
        self.infos = info.items
        for name, inner in info.items.items():
            if name not in ("id", "cog_naissance", "nom_usage"):
                self.fields[name] = _field(inner, required=inner.required or name == "date_naissance")

    @property
    def item(self) -> dict[str, Any]:
        answers = {name: _answer_one(self.info.items[name], value) for name, value in self.cleaned_data.items()}
        return {name: value for name, value in answers.items() if value not in (None, "")}


class WhoForm(forms.Form):
    """Asks whose value it is, if several people live together."""

    person = forms.ChoiceField(
        label=gettext_lazy("De qui s’agit-il ?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Dites de qui il s’agit."),
            "invalid_choice": gettext_lazy("Dites de qui il s’agit."),
        },
    )

    def __init__(self, people: list[Person], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.people = {str(person.id): person for person in people}
        choices = [(key, person.label) for key, person in self.people.items()]
        self.fields["person"].choices = choices  # type: ignore[attr-defined]  # a field of choices

    @property
    def chosen(self) -> Person:
        return self.people[self.cleaned_data["person"]]


def _fields(info: FieldInfo) -> dict[str, forms.Field]:
    if info.kind == "address":
        return _address_fields()
    return {"answer": _field(info, required=True)}


def _field(info: FieldInfo, *, required: bool) -> forms.Field:
    options: dict[str, Any] = {
        "label": info.label,
        "help_text": info.hint,
        "required": required,
        "error_messages": {"required": _("Répondez à la question, ou passez-la.")},
    }
    match info.kind:
        case "bool":
            return forms.ChoiceField(choices=YES_NO, widget=forms.RadioSelect, **options)
        case "choice":
            return _choice(info, options)
        case "list" if info.options:
            return forms.MultipleChoiceField(choices=info.choices, widget=forms.CheckboxSelectMultiple, **options)
        case "list":
            return forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), **options)
        case "date":
            return DateField(**options)
        case "partial_date":
            return PartialDateField(**options)
        case "month":
            return forms.ChoiceField(choices=_months(), **options)
        case "int" if info.schema.get("maximum") == MONTHS:
            return forms.TypedChoiceField(
                choices=[("", _("Choisissez")), *_month_names()], coerce=int, empty_value=None, **options
            )
        case "int" | "number" | "decimal":
            return _number_field(info, options)
        case "commune" | "country":
            return PlaceField(kind=info.kind, **options)
    if info.schema.get("format") == "email":
        options["error_messages"]["invalid"] = _("Écrivez une adresse complète, comme nom@exemple.fr.")
        return forms.EmailField(max_length=200, widget=OWN_DETAILS.get(info.id, forms.EmailInput), **options)
    return forms.CharField(max_length=200, widget=OWN_DETAILS.get(info.id, forms.TextInput), **options)


def _number_field(info: FieldInfo, options: dict[str, Any]) -> AmountField:
    whole = info.kind == "int"
    if not info.unit.startswith("EUR"):
        only_whole, any_number = _("Écrivez un nombre entier, comme 3."), _("Écrivez un nombre, comme 3 ou 2,5.")
        options["error_messages"] |= dict.fromkeys(("invalid", "whole"), only_whole if whole else any_number)
    return AmountField(places=0 if whole else 2, as_text=info.kind == "decimal", **options)


def _choice(info: FieldInfo, options: dict[str, Any]) -> forms.Field:
    if len(info.options) <= LONG_CHOICE:
        return forms.ChoiceField(choices=info.choices, widget=forms.RadioSelect, **options)
    return forms.ChoiceField(choices=[("", _("Choisissez")), *info.choices], **options)


def _address_fields() -> dict[str, forms.Field]:
    return {
        "voie": forms.CharField(
            label=_("Numéro et rue"),
            max_length=120,
            widget=forms.TextInput(attrs={"autocomplete": "address-line1"}),
            error_messages={"required": _("Écrivez le numéro et la rue.")},
        ),
        "complement": forms.CharField(
            label=_("Complément"),
            max_length=120,
            required=False,
            widget=forms.TextInput(attrs={"autocomplete": "address-line2"}),
        ),
        "code_postal": forms.RegexField(
            r"^\d{5}$",
            label=_("Code postal"),
            widget=forms.TextInput(
                attrs={"autocomplete": "postal-code", "inputmode": "numeric", "class": "govuk-input--width-5"}
            ),
            error_messages={
                "required": _("Écrivez le code postal."),
                "invalid": _("Écrivez les 5 chiffres du code postal."),
            },
        ),
        "commune": forms.CharField(
            label=_("Commune"),
            max_length=80,
            widget=forms.TextInput(attrs={"autocomplete": "address-level2"}),
            error_messages={"required": _("Écrivez la commune.")},
        ),
    }


def _initial(info: FieldInfo, current: Any) -> dict[str, Any]:  # noqa: ANN401 - a payload's value
    if current is None:
        return {}
    if info.kind == "address":
        voie = current.get("voie") or ", ".join(current.get("lignes") or [])
        return {**current, "voie": voie}
    if info.kind == "bool":
        return {"answer": "yes" if current else "no"}
    if info.kind == "list" and not info.options:
        return {"answer": "\n".join(map(str, current))}
    return {"answer": current}


def _answer(info: FieldInfo, cleaned: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a payload's value
    return _address(cleaned) if info.kind == "address" else _answer_one(info, cleaned.get("answer"))


def _answer_one(info: FieldInfo, value: Any) -> Any:  # noqa: ANN401 - a payload's value
    if info.kind == "bool":
        return value == "yes"
    if isinstance(value, date):
        return value.isoformat()
    if info.kind == "list" and isinstance(value, str):
        return [line.strip() for line in value.splitlines() if line.strip()]
    return value


def _address(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """Return the postal address, with the commune's Insee code, which aids that depend on the town need."""
    return {
        name: cleaned[name] for name in ("voie", "complement", "code_postal", "commune", "cog") if cleaned.get(name)
    }


def _month_names() -> list[tuple[str, str]]:
    return [(str(number), month_name(number)) for number in range(1, MONTHS + 1)]


def _months() -> list[tuple[str, str]]:
    first = timezone.localdate().replace(day=1)
    back = [add_months(first, -step) for step in range(MONTHS_BACK)]
    return [(f"{day:%Y-%m}", month(day)) for day in back]
