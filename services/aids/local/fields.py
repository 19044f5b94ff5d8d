"""Fields that the forms of local aids share."""

import re
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

CODE: Final = re.compile(r"[0-9AB]{2,9}")
YES_NO: Final = (("yes", gettext_lazy("Oui")), ("no", gettext_lazy("Non")))


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


def whole_field(label: Any, most: int, **others: Any) -> forms.IntegerField:  # noqa: ANN401 - lazy
    return forms.IntegerField(label=label, min_value=0, max_value=most, required=False, **others)


class CodesField(forms.CharField):
    """Codes of places separated by spaces, as a list without duplicates."""

    def clean(self, value: Any) -> list[str]:  # noqa: ANN401 - as Django's
        found = super().clean(value).replace(",", " ").upper().split()
        if wrong := [code for code in found if not CODE.fullmatch(code)]:
            raise ValidationError(_("Ce n’est pas un code : %(code)s") % {"code": wrong[0]})
        return list(dict.fromkeys(found))


def plain(value: float) -> float | int:
    """Return a whole number without its decimal point, as people write it."""
    return int(value) if value == int(value) else value
