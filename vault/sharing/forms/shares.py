"""Forms of a share: an earlier end, a renewal. Nothing is preselected."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from core.templatetags.civic import long_date
from vault.records.actions.grants import months_later
from vault.records.enums import Mode
from vault.records.grants.agreements import MONTHS, Agreement
from vault.records.grants.terms import Terms
from vault.records.models import Grant
from vault.sharing.forms.household import ONCE, advice, lengths

WEEK = timedelta(days=7)


class ShortenForm(forms.Form):
    """A choice of ends counted from now, all earlier than the grant's."""

    end = forms.ChoiceField(
        label=gettext_lazy("Jusqu’à quand ?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez une date, ou revenez en arrière.")},
    )

    def __init__(self, grant: Grant, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = timezone.now()
        ends = [now + WEEK, *(months_later(now, count) for count in MONTHS)]
        self._ends = {
            end.date().isoformat(): end for end in ends if grant.starts_at < end < grant.ends_at - timedelta(days=1)
        }
        self.possible = bool(self._ends)
        cast(forms.ChoiceField, self.fields["end"]).choices = [
            (day, long_date(end)) for day, end in self._ends.items()
        ]

    @property
    def chosen(self) -> datetime:
        return self._ends[self.cleaned_data["end"]]


class RenewForm(forms.Form):
    """The length of a renewed grant, whose items and mode stay the same."""

    months = forms.TypedChoiceField(
        label=gettext_lazy("Pendant combien de temps ?"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez une durée, ou n’acceptez pas.")},
    )

    def __init__(self, agreement: Agreement, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["months"]).choices = lengths(agreement)
        self.fields["months"].help_text = advice(agreement)

    def terms(self, grant: Grant, codes: list[str], shown: Mapping[str, str]) -> Terms:
        once = self.cleaned_data["months"] == ONCE
        return Terms(
            codes, Mode(grant.mode), MONTHS[0] if once else self.cleaned_data["months"], once=once, shown=shown
        )
