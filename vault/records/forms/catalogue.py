"""Forms of the admin for what holders offer: lists of texts, and the ways to download."""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.forms.formsets import BaseFormSet
from django.utils.translation import gettext_lazy as _

from vault import types

if TYPE_CHECKING:
    DownloadFormSet = BaseFormSet["DownloadForm"]
else:
    DownloadFormSet = BaseFormSet


#: As wide as the admin's own fields.
WIDE = forms.TextInput(attrs={"class": "vTextField"})


class Lines(forms.CharField):
    """A list of texts, one a line."""

    widget = forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"})

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401 - Django's
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:  # noqa: ANN401 - Django's
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:  # noqa: ANN401 - Django's
        return bool((initial or []) != self.to_python(data))


def type_choices() -> list[tuple[str, str]]:
    """Return the types of data by their title, in the page's language."""
    return sorted(((one.code, one.title) for one in types.all_types()), key=lambda one: one[1])


class DownloadForm(forms.Form):
    """One way to download one's data from a holder."""

    label_fr = forms.CharField(label=_("Ce qu’on télécharge, en français"), max_length=120, widget=WIDE)
    label_en = forms.CharField(label=_("Ce qu’on télécharge, en anglais"), max_length=120, widget=WIDE)
    steps = Lines(label=_("Le chemin, pas à pas"), help_text=_("Un pas par ligne, comme «\u00a0Mes documents\u00a0»."))
    formats = Lines(
        label=_("Formats du fichier"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
        help_text=_("Un par ligne, comme pdf ou csv."),
    )
    reads = forms.MultipleChoiceField(
        label=_("Ce que le portail y lit"),
        choices=type_choices,
        required=False,
        help_text=_("Vide\u00a0: le fichier est gardé comme papier."),
    )
    verified = forms.BooleanField(label=_("Quelqu’un a suivi ce chemin récemment"), required=False)
    source = Lines(
        label=_("D’où vient ce chemin"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
        help_text=_("Titres de pages ou d’articles, un par ligne."),
    )

    def clean_formats(self) -> list[str]:
        return [name.lower().lstrip(".") for name in self.cleaned_data["formats"]]


class Downloads(DownloadFormSet):
    """The ways to download of a holder: those it has, and an empty one to fill in."""

    @property
    def chosen(self) -> list[dict[str, Any]]:
        """Return what `Holder.downloads` holds; only after `is_valid`."""
        kept = [form.cleaned_data for form in self.forms if form.cleaned_data and form not in self.deleted_forms]
        return [
            {
                "label": {"fr": data["label_fr"], "en": data["label_en"]},
                **{name: data[name] for name in ("steps", "formats", "reads", "verified", "source")},
            }
            for data in kept
        ]


DownloadsFormSet = forms.formset_factory(DownloadForm, formset=Downloads, extra=1, can_delete=True)


def downloads_form(data: Any, stored: list[dict[str, Any]]) -> Downloads:  # noqa: ANN401 - Django's
    """Return the form of `Holder.downloads`, filled in with what is stored."""
    initial = [{**one, "label_fr": one["label"].get("fr"), "label_en": one["label"].get("en")} for one in stored]
    formset = cast(Downloads, DownloadsFormSet(data, initial=initial, prefix="downloads"))
    for form in formset.forms:
        if form.initial:
            form.fields["DELETE"].label = _("Retirer ce chemin")
        else:
            del form.fields["DELETE"]
    return formset
