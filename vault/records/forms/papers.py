"""A file to add, what kind of paper it is, its dates."""

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

#: What a paper's page may be.
PAGES = "image/jpeg,image/png,image/heic,.heic,application/pdf"


class UploadForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("Nature du papier"),
        required=False,
        help_text=gettext_lazy("Si vous ne savez pas, laissez ainsi : nous essaierons de le reconnaître."),
    )
    file = forms.FileField(
        label=gettext_lazy("Votre fichier"),
        help_text=gettext_lazy(
            "Un PDF ou une photo (JPEG, PNG, HEIC), de 10 Mo au plus. Un fichier de données, de 64 Mo au plus."
        ),
        allow_empty_file=False,
        widget=forms.FileInput(attrs={"accept": f"{PAGES},.json,.csv,.xlsx,.xml,.ofx,.qif,.gpx,.ics,.txt"}),
        error_messages={
            "required": gettext_lazy("Choisissez un fichier à ajouter."),
            "empty": gettext_lazy("Ce fichier est vide. Choisissez-en un autre."),
        },
    )
    token = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, fixed_kind: bool = False, data: bool = True, **options: Any) -> None:
        """Without `data` the form speaks of papers only: for who adds one for somebody else."""
        options.setdefault("initial", {})
        options["initial"] = {"token": uuid4(), **options["initial"]}
        super().__init__(*args, **options)
        if fixed_kind:
            del self.fields["kind"]
        else:
            self.fields["kind"].choices = [("", _("Je ne sais pas")), *kind_choices()]  # type: ignore[attr-defined]  # a field of choices
        if fixed_kind or not data:
            self.fields["file"].help_text = _("Un PDF ou une photo (JPEG, PNG, HEIC), de 10 Mo au plus.")
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
        self.fields["kind"].choices = [("", _("Choisissez")), *kind_choices()]  # type: ignore[attr-defined]  # a field of choices


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
        said = super().clean() or {}
        if said.get("issued_on") and said.get("expires_on") and said["expires_on"] < said["issued_on"]:
            self.add_error("expires_on", _("La fin est avant la date du papier."))
        return said


def kind_choices() -> list[tuple[str, str]]:
    """In the alphabetical order of the page's language, accents apart; the catch-all last."""
    kinds = sorted(
        PaperKind.objects.exclude(code=data_files.KIND),
        key=lambda kind: (kind.code == "autre_document", words(kind.label)),
    )
    return [(kind.code, kind.label) for kind in kinds]
