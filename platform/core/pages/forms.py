"""Rendering of the portal's forms: Django's own fields with the components' markup.

A page writes `<form method="post" novalidate>{% csrf_token %}{{ form }}…</form>`; base.html shows the error summary of
the context's `form`. Browsers send invalid values too: the server explains errors in words, next to the field.
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from core.pages import contacts


class CivicRenderer(TemplatesSetting):
    form_template_name = "components/form/form.html"
    field_template_name = "components/form/field.html"


def say_conditional(form: forms.BaseForm, *names: str) -> None:
    """Show no “(facultatif)” beside these fields: none is required alone, but another answer makes it so."""
    for name in names:
        if name in form.fields:
            cast(Any, form.fields[name]).conditional = True


class ThreePartDate(forms.Widget):
    """A date as three typed fields: day, month and year. A calendar would need much scrolling to reach 1958."""

    template_name = "components/form/date.html"
    use_fieldset = True
    parts = (
        ("day", _("Jour"), "bday-day", 2),
        ("month", _("Mois"), "bday-month", 2),
        ("year", _("Année"), "bday-year", 4),
    )

    def __init__(self, attrs: dict[str, Any] | None = None, birthday: bool = False) -> None:
        super().__init__(attrs)
        self.birthday = birthday

    def get_context(self, name: str, value: object, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        typed = self._typed(value)
        context["birthday"] = self.birthday
        context["parts"] = [
            {"name": f"{name}_{part}", "label": label, "autocomplete": complete, "width": width, "value": typed[part]}
            for part, label, complete, width in self.parts
        ]
        return context

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str
    ) -> str | tuple[str, ...] | None:
        typed = tuple(str(data.get(f"{name}_{part}", "")).strip() for part, *_rest in self.parts)
        return typed if any(typed) else data.get(name) or None

    def value_omitted_from_data(self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str) -> bool:
        return name not in data and all(f"{name}_{part}" not in data for part, *_rest in self.parts)

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        return f"{id_}_day" if id_ else id_

    def _typed(self, value: object) -> dict[str, str]:
        """Return what was typed, to show it again even if it is no valid date."""
        if isinstance(value, str):
            try:
                value = datetime.date.fromisoformat(value)
            except ValueError:
                return {"day": "", "month": "", "year": ""}
        if isinstance(value, datetime.date):
            value = (value.day, value.month, value.year)
        day, month, year = value if isinstance(value, tuple) else ("", "", "")
        return {"day": str(day), "month": str(month), "year": str(year)}


class DateField(forms.DateField):
    """A date in three fields. `widget=ThreePartDate(birthday=True)` lets the browser fill in a date of birth."""

    widget = ThreePartDate
    default_error_messages = {
        "required": _("Écrivez une date, comme 31 3 1988."),
        "invalid": _("Écrivez une date qui existe, comme 31 3 1988."),
    }

    def to_python(
        self, value: str | tuple[str, str, str] | datetime.datetime | datetime.date | None
    ) -> datetime.date | None:
        if not isinstance(value, tuple):
            return super().to_python(value)
        try:
            day, month, year = (int(part) for part in value)
            return datetime.date(year, month, day)
        except (ValueError, OverflowError) as error:  # beyond 2³¹, a part is no number of C
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


class PublicWords(forms.CharField):
    """Words that one agent publishes: without a telephone number or an address, which two persons change.

    Args:
        rows: of the box; none is one line.
    """

    #: Texts that those who read these words have already: their numbers and addresses may be written again.
    known: Sequence[str] = ()

    def __init__(self, *, rows: int = 0, **options: Any) -> None:
        options.setdefault("widget", forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput())
        super().__init__(**options)

    def clean(self, value: Any) -> str:  # noqa: ANN401 - Django's
        words: str = super().clean(value)
        contacts.refuse_new([words], self.known)
        return words


class PublicForm(forms.Form):
    """A form of several texts that one agent publishes: none goes on in the next one with a number or an address."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        fields = {name: field for name, field in self.fields.items() if isinstance(field, PublicWords)}
        known = [text for field in fields.values() for text in field.known]
        contacts.refuse_new([text for name in fields for text in contacts.written(data.get(name))], known)
        return data


def code_input() -> forms.TextInput:
    """Return the input of a code of letters and digits that people copy, such as 7KQ4-M2XD-93HT."""
    return forms.TextInput(
        attrs={
            "autocomplete": "off",
            "autocapitalize": "characters",
            "spellcheck": "false",
            "class": "govuk-input--width-20",
        }
    )


def digits_input(*, autocomplete: str = "one-time-code", width: int = 5) -> forms.TextInput:
    """Return the input of a code of digits. Set `autocomplete="off"` if another person's device received it."""
    return forms.TextInput(
        attrs={"autocomplete": autocomplete, "inputmode": "numeric", "class": f"govuk-input--width-{width}"}
    )


def civic_widget(field: forms.BoundField) -> SafeString:
    """Render a field's widget with the style sheet's classes. Choices use our template; the admin keeps Django's."""
    widget = field.field.widget
    error = " govuk-input--error" if field.errors else ""
    if isinstance(widget, ThreePartDate):
        return _render(field, widget.template_name)
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return _render(field, "components/form/choices.html")
    if isinstance(widget, forms.CheckboxInput):
        return field.as_widget(attrs={"class": "govuk-checkboxes__input"})
    if isinstance(widget, forms.FileInput):
        # Django's ClearableFileInput would print a link to a stored file, but sealed files have none.
        plain = forms.FileInput(attrs=widget.attrs)
        return field.as_widget(plain, attrs={"class": "govuk-file-upload"})
    if isinstance(widget, forms.Textarea):
        return field.as_widget(attrs={"class": "govuk-textarea" + error, "rows": widget.attrs.get("rows", 5)})
    if isinstance(widget, forms.Select):
        return field.as_widget(attrs={"class": "govuk-select" + error})
    own = widget.attrs.get("class", "")
    return field.as_widget(attrs={"class": f"govuk-input {own}{error}".replace("  ", " ")})


def _render(field: forms.BoundField, template_name: str) -> SafeString:
    attrs = field.build_widget_attrs({"id": field.auto_id}, field.field.widget)
    context = field.field.widget.get_context(field.html_name, field.value(), attrs)
    rendered = field.form.renderer.render(
        template_name, {**context, "field": field, "kind": _kind(field.field.widget)}
    )
    return mark_safe(rendered)  # noqa: S308 - a rendered template


def _kind(widget: forms.Widget) -> str:
    """Return the kind of choices. Test CheckboxSelectMultiple first: it is a subclass of RadioSelect."""
    return "checkboxes" if isinstance(widget, forms.CheckboxSelectMultiple) else "radios"


def errors_of(field: forms.BoundField) -> list[tuple[str, bool]]:
    """Return each error, and whether its sentence needs the field's name.

    Django's “Ce champ est obligatoire” gives no instruction: an empty answer gets a verb that suits its kind of field.
    """
    empty = str(forms.Field.default_error_messages["required"])
    return [
        (str(_to_fill(field.field.widget)), True) if str(error) == empty else (str(error), False)
        for error in field.errors
    ]


def _to_fill(widget: forms.Widget) -> str | Promise:
    if isinstance(widget, forms.RadioSelect | forms.Select):
        return _("choisissez une réponse")
    if isinstance(widget, forms.CheckboxInput):
        return _("cochez la case pour continuer")
    return _("choisissez un fichier") if isinstance(widget, forms.FileInput) else _("écrivez une réponse")


def as_read() -> forms.CharField:
    """Return the field in which a page of the second of two persons carries the mark of what it shows."""
    return forms.CharField(required=False, widget=forms.HiddenInput)
