"""Number fields as people write numbers, and forms that ask again about an unusual one."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vault.records import wording
from vault.types import FieldInfo, plausible

_SPACES = re.compile(r"[\s\u00a0\u202f€]")
_LARGEST = Decimal("1e9")
#: Appended to a field's name: the box that confirms an unusual number.
SURE = "_sure"


class AmountField(forms.CharField):
    """A number as people write it, with spaces, a comma or a euro sign.

    Without `places`, the value is a whole number. It is a float or an int, or a text for a decimal of a payload.
    """

    default_error_messages = {
        "required": gettext_lazy("Écrivez un nombre en chiffres."),
        "invalid": gettext_lazy("Écrivez ce montant en chiffres, comme 612 ou 612,50."),
        "whole": gettext_lazy("Écrivez un nombre entier, sans virgule, comme 612."),
        "large": gettext_lazy("Ce nombre est trop grand pour être juste. Vérifiez ce que vous avez écrit."),
    }

    def __init__(self, *, places: int, as_text: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.places, self.as_text = places, as_text
        self.widget.attrs |= {"inputmode": "decimal" if places else "numeric"}
        self.widget.attrs.setdefault("class", "govuk-input--width-10")

    def to_python(self, value: Any) -> Any:  # noqa: ANN401 - of a payload
        text = _SPACES.sub("", str(value or "")).replace(",", ".")
        if not text:
            return None
        try:
            amount = Decimal(text)
        except InvalidOperation as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error
        if not amount.is_finite():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        if abs(amount) > _LARGEST:
            raise ValidationError(self.error_messages["large"], code="large")
        if -int(amount.as_tuple().exponent) > self.places:
            code = "invalid" if self.places else "whole"
            raise ValidationError(self.error_messages[code], code=code)
        return self.given(amount)

    def validate(self, value: Any) -> None:  # noqa: ANN401 - of a payload
        if value is None and self.required:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:  # noqa: ANN401 - of a payload
        """Do nothing: the type's schema validates the number."""

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401 - of a payload
        return "" if value is None else str(value).replace(".", ",").removesuffix(",0").removesuffix(",00")

    def given(self, amount: Decimal) -> Any:  # noqa: ANN401 - of a payload
        if self.as_text:
            return f"{amount:.2f}"
        return int(amount) if self.places == 0 else float(amount)


class MoneyField(AmountField):
    """An amount in euros, as a Decimal with two places."""

    def __init__(self, **options: Any) -> None:
        super().__init__(places=2, **options)

    def given(self, amount: Decimal) -> Decimal:
        return amount.quantize(Decimal("0.01"))


class PlausibleForm(forms.Form):
    """A form that refuses impossible values and asks again about unusual ones.

    The resident confirms the value itself: after another change, the form asks again.
    """

    #: The description of the value behind each field.
    infos: Mapping[str, FieldInfo]
    #: The field whose answer is compared with the other people of the household, and what finds the doubts.
    compared = "answer"
    find_doubts: Callable[[Any], plausible.Doubts] | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self._compare(cleaned)
        for name, info in self.infos.items():
            value = cleaned.get(name)
            if value in (None, "", []) or name + SURE in self.fields or name in self.errors:
                continue
            if problem := plausible.impossible(info, value):
                self.add_error(name, problem)
            elif plausible.is_unusual(info, value):
                self._ask_again(name, info, value)
        return cleaned

    def _compare(self, cleaned: Mapping[str, Any]) -> None:
        """Refuse an answer that is impossible among the people of the household, and ask again about an odd one."""
        value = cleaned.get(self.compared)
        info = self.infos.get(self.compared)
        if self.find_doubts is None or info is None or value in (None, "") or plausible.impossible(info, value):
            return
        doubts = self.find_doubts(value)
        if doubts.impossible:
            self.add_error(self.compared, doubts.impossible)
        elif doubts.odd:
            doubt = _("%(odd)s C’est bien cela ?") % {"odd": " ".join(doubts.odd)}
            self.ask_again(self.compared, value, sure=_("Oui, c’est bien cela"), doubt=doubt)

    def _ask_again(self, name: str, info: FieldInfo, value: Any) -> None:  # noqa: ANN401 - of a payload
        words = {"value": wording.format_value(info, value)}
        sure = _("Oui, c’est bien cela") if "date" in info.kind else _("Oui, c’est bien %(value)s") % words
        self.ask_again(name, value, sure=sure, doubt=_("%(value)s : c’est bien cela ?") % words)

    def ask_again(self, name: str, value: Any, *, sure: str, doubt: str) -> None:  # noqa: ANN401 - of a payload
        """Add a box, with the label `sure`, and refuse with the sentence `doubt` until it is ticked for this value."""
        self.fields[name + SURE] = forms.BooleanField(
            label=sure,
            required=False,
            widget=forms.CheckboxInput(attrs={"value": str(value)}),
        )
        names = list(self.fields)
        names.insert(names.index(name) + 1, name + SURE)
        self.order_fields(list(dict.fromkeys(names)))
        if self.data.get(self.add_prefix(name + SURE)) != str(value):
            self.add_error(name, doubt)
