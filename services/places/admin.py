"""Admin of the places. A file loads many at once; an edited one is never replaced by a file."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from services.places import dataset
from services.places.models import Place
from vault.records.admin import DATES, ShippedAdmin
from vault.records.forms.catalogue import Lines

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Model]
else:
    ModelForm = forms.ModelForm


class PlaceForm(ModelForm):
    languages = Lines(label=_("Langues parlées"), required=False, help_text=_("Un code par ligne, comme fr, en, ar."))

    class Meta:
        model = Place
        exclude = ()


class FileForm(forms.Form):
    file = forms.FileField(label=_("Fichier JSON ou CSV, au format data·inclusion"))

    def clean_file(self) -> bytes:
        sent: UploadedFile[bytes] = self.cleaned_data["file"]
        if sent.size is not None and sent.size > dataset.MOST_BYTES:
            raise forms.ValidationError(_("Le fichier dépasse 2 Mo : coupez-le."))
        content: bytes = sent.read()
        return content


@admin.register(Place)
class PlaceAdmin(ShippedAdmin):
    form = PlaceForm
    change_list_template = "admin/places.html"
    follows = (_("Les habitants ne voient plus ce lieu, ni sur sa page, ni à côté des aides."),)
    list_display = ("name", "kind", "town", "phone", "hours", *DATES)
    list_filter = ("kind", "source", "town")
    search_fields = ("code", "name", "organisation", "street", "town")

    def get_urls(self) -> list[URLPattern]:
        return [path("fichier/", self.admin_site.admin_view(self.load), name="places_load"), *super().get_urls()]

    def load(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            self.message_user(request, _t("Vous n’avez pas ce droit."), messages.ERROR)
            return redirect("admin:places_place_changelist")
        form = FileForm(request.POST or None, request.FILES or None)
        refused: list[str] = []
        if form.is_valid():
            try:
                done = dataset.load(form.cleaned_data["file"])
            except dataset.Unreadable as error:
                form.add_error("file", str(error))
            else:
                refused = done.refused
                sentence = _t("%(added)s lieux ajoutés, %(refreshed)s mis à jour, %(left)s modifiés ici et laissés.")
                numbers: dict[str, Any] = {"added": done.added, "refreshed": done.refreshed, "left": done.left}
                messages.success(request, sentence % numbers)
                if not refused:
                    return redirect("admin:places_place_changelist")
        context = {
            **self.admin_site.each_context(request),
            "form": form,
            "refused": refused,
            "title": _t("Charger un fichier"),
        }
        return render(request, "admin/places_load.html", context)
