"""Forms of a paper: the file to add, the kind, the dates."""

from datetime import date
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.files.uploads import SealedUpload
from core.pages.forms import DateField
from vault.records.models import PaperKind
from vault.records.papers import data_files
from vault.types.names import words

#: The media types of a page of a paper.
PAGES = "image/jpeg,image/png,image/heic,.heic,application/pdf"


class UploadForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("Nature du papier"),
        required=False,
        help_text=gettext_lazy("Si vous ne savez pas, laissez ainsi : nous essaierons de le reconnaître."),
    )
    file = forms.FileField(
        label=gettext_lazy("Votre fichier"),
        help_text=gettext_lazy("Un PDF ou une photo (JPEG, PNG), de 10 Mo au plus."),
        allow_empty_file=False,
        widget=forms.FileInput(attrs={"accept": f"{PAGES},.json,.csv,.xlsx,.xml,.ofx,.qif,.gpx,.ics,.txt"}),
        error_messages={
            "required": gettext_lazy("Choisissez un fichier à ajouter."),
            "empty": gettext_lazy("Ce fichier est vide. Choisissez-en un autre."),
        },
    )
    token = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, fixed_kind: bool = False, data: bool = True, **options: Any) -> None:
        """Build the form. Without `data`, it mentions papers only, for a person who adds one for a resident."""
        options.setdefault("initial", {})
        options["initial"] = {"token": uuid4(), **options["initial"]}
        super().__init__(*args, **options)
        if fixed_kind:
            del self.fields["kind"]
        else:
            choices = [("", _("Je ne sais pas")), *kind_choices()]
            self.fields["kind"].choices = choices  # type: ignore[attr-defined]  # a field of choices
        if fixed_kind or not data:
            self.fields["file"].widget.attrs["accept"] = PAGES

    @property
    def upload(self) -> SealedUpload:
        found: SealedUpload = self.cleaned_data["file"]
        return found


class KindForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("Nature du papier"),
        error_messages={"required": gettext_lazy("Choisissez la nature du papier.")},
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [("", _("Choisissez")), *kind_choices()]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]  # a field of choices


class DatesForm(forms.Form):
    issued_on = DateField(
        label=gettext_lazy("Date du papier"),
        required=False,
        help_text=gettext_lazy("Celle qui est écrite dessus, le plus souvent en haut."),
    )
    expires_on = DateField(
        label=gettext_lazy("Valable jusqu’au"),
        required=False,
        help_text=gettext_lazy("Si une date de fin est écrite sur le papier."),
    )

    def clean_issued_on(self) -> date | None:
        day: date | None = self.cleaned_data["issued_on"]
        if day and day > timezone.localdate():
            raise ValidationError(_("La date du papier est dans le futur."))
        return day

    def clean(self) -> dict[str, Any]:
        dates = super().clean() or {}
        if dates.get("issued_on") and dates.get("expires_on") and dates["expires_on"] < dates["issued_on"]:
            self.add_error("expires_on", _("La fin est avant la date du papier."))
        return dates


def kind_choices() -> list[tuple[str, str]]:
    """Return the kinds in alphabetical order in the page's language, ignoring accents; the catch-all kind is last."""
    kinds = sorted(
        PaperKind.objects.exclude(code=data_files.KIND),
        key=lambda kind: (kind.code == "autre_document", words(kind.label)),
    )
    return [(kind.code, kind.label) for kind in kinds]
