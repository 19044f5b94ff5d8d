from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from services.places.enums import PlaceKind
from services.places.models import Place


class SearchForm(forms.Form):
    """The search of places. Its choices are those that the places have; a wrong one is as none."""

    q = forms.CharField(label=_("Nom, rue ou organisme"), required=False, max_length=80)
    nature = forms.ChoiceField(label=_("Nature"), required=False)
    autour = forms.ChoiceField(label=_("Autour de"), required=False)
    ouvert = forms.ChoiceField(
        label=_("Ouverture"), required=False, choices=[("", _("Peu importe")), ("1", _("Ouvert maintenant"))]
    )

    def __init__(self, data: Any, places: list[Place]) -> None:  # noqa: ANN401 - a QueryDict or None
        super().__init__(data)
        there = {one.kind for one in places}
        towns = sorted({(one.postal_code, one.town) for one in places if one.postal_code and one.latitude is not None})
        kinds = [(code, label) for code, label in PlaceKind.choices if code in there]
        self.fields["nature"].choices = [("", _("Toutes")), *kinds]  # type: ignore[attr-defined]
        self.fields["autour"].choices = [  # type: ignore[attr-defined]
            ("", _("Peu importe")),
            *((code, f"{code} {town}".strip()) for code, town in towns),
        ]

    def asked(self) -> dict[str, Any]:
        """Return what `presenting.search` takes."""
        self.is_valid()
        given = getattr(self, "cleaned_data", {})
        return {
            "text": given.get("q", ""),
            "kind": given.get("nature", ""),
            "around": given.get("autour", ""),
            "opened": given.get("ouvert") == "1",
        }
