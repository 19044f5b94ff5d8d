"""Admin of the places. A file loads many at once; an edited one is never replaced by a file."""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.actions import city_decisions
from accounts.city_admin import governs
from accounts.models import User
from services.places import dataset, details
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
    """Two persons change what a place is, where and how it is reached: who governs proposes it by this form."""

    form = PlaceForm
    change_list_template = "admin/places.html"
    follows = (_("Les habitants ne voient plus ce lieu, ni sur sa page, ni à côté des aides."),)
    list_display = ("name", "kind", "town", "phone", "hours", *DATES)
    list_filter = ("kind", "source", "town")
    search_fields = ("code", "name", "organisation", "street", "town")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and governs(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        own = () if governs(request) else details.COLUMNS
        return (*super().get_readonly_fields(request, obj), *own)

    def save_model(self, request: HttpRequest, obj: Place, form: Any, change: bool) -> None:  # noqa: ANN401 - Django's
        """Write all but what is proposed. A new place is shown once two persons agree."""
        chosen = details.of(obj)
        if change:
            before = Place.objects.get(pk=obj.pk)
            for name in details.COLUMNS:
                setattr(obj, name, getattr(before, name))
        else:
            obj.withdrawn_at = timezone.now()
        super().save_model(request, obj, form, change)
        if chosen != details.of(obj):
            self.propose(request, what=details.CODE, subject=str(obj.pk), value=chosen)

    def proposal(self, row: Any, *, is_offered: bool) -> tuple[str, str, Any]:  # noqa: ANN401 - as it is there
        return details.CODE, str(row.pk), details.of(row) | {"shown": is_offered}

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
                by = cast(User, request.user)
                city_decisions.change(what=details.FILE, value=[done.added, done.refreshed], by=by)
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
