"""Fields that the forms of versions share."""

from typing import Any

from django import forms


def text_field(label: Any, length: int = 600, rows: int = 3, **others: Any) -> forms.CharField:  # noqa: ANN401 - lazy
    return forms.CharField(label=label, max_length=length, widget=forms.Textarea({"rows": rows}), **others)


def choice_field(label: Any, choices: Any, **others: Any) -> forms.ChoiceField:  # noqa: ANN401 - lazy
    return forms.ChoiceField(label=label, choices=choices, widget=forms.Select, **others)
