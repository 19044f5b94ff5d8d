"""Forms of a paper: the file to add, the kind, the dates."""

from collections.abc import Sequence
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

#: The kinds shown before a search: those that dossiers ask for most. The catch-all kind is last.
OTHER = "autre_document"
OFTEN = (
    "avis_impot",
    "bulletin_salaire",
    "quittance_loyer",
    "facture_energie",
    "attestation_paiement_caf",
    "rib",
    "cni",
    OTHER,
)
#: How many kinds a search shows.
SHOWN = 12


class UploadForm(forms.Form):
    """The file comes first. `kind` is what the page that leads here expects; otherwise the reading finds it."""

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
    kind = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    token = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, fixed_kind: bool = False, data: bool = True, **options: Any) -> None:
        """Build the form. Without `data`, it mentions papers only, for a person who adds one for a resident."""
        options.setdefault("initial", {})
        options["initial"] = {"token": uuid4(), **options["initial"]}
        super().__init__(*args, **options)
        if fixed_kind:
            del self.fields["kind"]
        if fixed_kind or not data:
            self.fields["file"].widget.attrs["accept"] = PAGES

    def clean_kind(self) -> str:
        kind: str = self.cleaned_data["kind"]
        if kind and not PaperKind.objects.filter(code=kind, withdrawn_at=None).exclude(code=data_files.KIND).first():
            raise ValidationError(_("Cette nature de papier n’existe pas. Ajoutez le papier sans la dire."))
        return kind

    @property
    def upload(self) -> SealedUpload:
        found: SealedUpload = self.cleaned_data["file"]
        return found


class KindForm(forms.Form):
    """The kinds that match a search, or those that dossiers ask for most."""

    kind = forms.CharField(
        label=gettext_lazy("Nature du papier"),
        max_length=60,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez la nature du papier.")},
    )

    def __init__(self, *args: Any, search: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self.known = kinds()
        asked = words(search)
        found = [kind for kind in self.known if matches(kind, asked)] if asked else often(self.known)
        self.count = len(found)
        choices = [(kind.code, kind.label) for kind in found[:SHOWN]]
        self.fields["kind"].widget.choices = choices

    def clean_kind(self) -> str:
        kind: str = self.cleaned_data["kind"]
        if kind not in {known.code for known in self.known}:
            raise ValidationError(_("Choisissez la nature du papier."))
        return kind


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


def kinds() -> list[PaperKind]:
    """Return the kinds in alphabetical order in the page's language, ignoring accents; the catch-all kind is last."""
    return sorted(
        PaperKind.objects.filter(withdrawn_at=None).exclude(code=data_files.KIND),
        key=lambda kind: (kind.code == OTHER, words(kind.label)),
    )


def often(known: Sequence[PaperKind]) -> list[PaperKind]:
    by_code = {kind.code: kind for kind in known}
    return [by_code[code] for code in OFTEN if code in by_code]


def matches(kind: PaperKind, asked: Sequence[str]) -> bool:
    """Return True if each word of the search begins a word of the kind's name, theme or giver."""
    read = words(f"{kind.label_fr} {kind.label_en} {kind.theme} {kind.holder}")
    return all(any(word.startswith(part) for word in read) for part in asked)
