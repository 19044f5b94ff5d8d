from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from services.watch.actions.one_yes import Offer
from services.watch.agreements import AGREEMENT
from services.watch.enums import Answer
from vault.sharing.forms.household import with_value


class AcceptForm(forms.Form):
    """The items that the resident may leave out; nothing is ticked beforehand. The page lists the required ones.

    `seen` is the fingerprint of what the page showed.
    """

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)

    items = forms.MultipleChoiceField(
        label=_("Ce que vous pouvez ajouter"),
        help_text=_("Sans une ligne, la veille ne voit pas les droits qui en dépendent."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, held: Mapping[str, str], seen: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen"] = seen
        self.fields["items"].choices = [  # type: ignore[attr-defined]  # a field of choices
            (item.code, with_value(str(item.label), held.get(item.code, "")))
            for item in AGREEMENT.items
            if not item.required
        ]


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(
        label=_("L’avez-vous demandé ?"),
        choices=Answer.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choisissez une réponse, ou revenez plus tard.")},
    )


class YesForm(forms.Form):
    """What the page showed: `seen` is the fingerprint of the lines. A single office needs no choice."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)
    office = forms.TypedChoiceField(
        label=_("À quel service ?"),
        coerce=UUID,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choisissez un service."), "invalid_choice": _("Ce service n’est plus ouvert.")},
    )

    def __init__(self, *args: Any, offer: Offer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen"] = offer.seen
        if len(offer.offices) == 1:
            self.initial["office"] = str(offer.offices[0].pk)
        office = cast(forms.ChoiceField, self.fields["office"])
        office.choices = [(str(one.pk), f"{one.name}, {one.address}") for one in offer.offices]
        if len(offer.offices) == 1:
            office.widget = forms.HiddenInput()
