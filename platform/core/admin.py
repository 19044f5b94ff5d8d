"""Admin pages for the city and its legal pages, and a read-only list of jobs without their subject or resident."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django_scopes import scopes_disabled

from core.models import City, HelpPage, Job, LegalPage
from core.models.city import THEME
from core.pages import help as help_pages
from core.pages import logo

if TYPE_CHECKING:
    CityModelForm = forms.ModelForm[City]
    CityModelAdmin = admin.ModelAdmin[City]
    LegalPageModelAdmin = admin.ModelAdmin[LegalPage]
    HelpPageModelAdmin = admin.ModelAdmin[HelpPage]
    JobModelAdmin = admin.ModelAdmin[Job]
else:
    CityModelForm = forms.ModelForm
    CityModelAdmin = LegalPageModelAdmin = HelpPageModelAdmin = JobModelAdmin = admin.ModelAdmin


class ReadOnly:
    """Read-only `ModelAdmin`: refuses to add, change or delete rows."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class CityForm(CityModelForm):
    logo_file = forms.FileField(
        label=_("Logo"), required=False, help_text=_("SVG ou PNG carré, 60 Ko au plus. Remplace le logo actuel.")
    )
    remove_logo = forms.BooleanField(label=_("Retirer le logo"), required=False)

    class Meta:
        model = City
        exclude = ("logo",)
        widgets = {name: forms.TextInput(attrs={"type": "color"}) for name in THEME}

    def clean_logo_file(self) -> tuple[bytes, str] | None:
        upload = self.cleaned_data["logo_file"]
        if upload is None:
            return None
        try:
            return logo.clean(upload.read(logo.MOST_BYTES + 1))
        except logo.Unusable as problem:
            raise forms.ValidationError(str(problem)) from problem

    def save(self, commit: bool = True) -> City:
        if self.cleaned_data.get("remove_logo"):
            self.instance.logo, self.instance.logo_type = b"", ""
        if self.cleaned_data.get("logo_file"):
            self.instance.logo, self.instance.logo_type = self.cleaned_data["logo_file"]
        return super().save(commit)


@admin.register(City)
class CityAdmin(CityModelAdmin):
    """Admin of the single `City` row: the list redirects to its form."""

    form = CityForm
    fieldsets = (
        (None, {"fields": ("name", "of_name", "insee", "logo_file", "remove_logo")}),
        (
            _("Nous joindre"),
            {"fields": ("phone", "opening_hours", "opening_hours_en", "address", "email", "exit_url")},
        ),
        (
            _("Mentions que la loi demande"),
            {"fields": ("publisher", "host", "dpo_contact", "dpo_email", "accessibility")},
        ),
        (_("Coffres"), {"fields": ("quota_megabytes", "emergency_access")}),
        (
            _("Couleurs"),
            {
                "fields": (*THEME, "radius", "radius_control"),
                "description": _("Le contraste est vérifié à l’enregistrement."),
            },
        ),
    )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if City.objects.exists():
            return redirect("admin:core_city_change", 1)
        return (
            redirect("admin:core_city_add")
            if self.has_add_permission(request)
            else super().changelist_view(request, extra_context)
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not City.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: City | None = None) -> bool:
        return False


@admin.register(LegalPage)
class LegalPageAdmin(LegalPageModelAdmin):
    list_display = ("slug",)


@admin.register(HelpPage)
class HelpPageAdmin(HelpPageModelAdmin):
    """The city's own help pages. The pages of the product are edited from their own page, “Modifier”."""

    list_display = ("question", "theme", "slug", "shown")
    list_filter = ("theme", "shown")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Start from the product's words, if `page` in the URL names one of its pages."""
        page = help_pages.shipped(request.GET.get("page", ""))
        names = ("slug", "theme", "question", "question_en", "text", "text_en")
        return {name: getattr(page, name) for name in names} if page else {}


@admin.register(Job)
class JobAdmin(ReadOnly, JobModelAdmin):
    """Read-only list of jobs, without resident, subject or purpose."""

    list_display = ("kind", "state", "asked_at", "finished_at", "attempts")
    list_filter = ("state", "kind")
    fields = ("kind", "state", "problem", "attempts", "asked_at", "sent_at", "heartbeat_at", "finished_at")
    readonly_fields = fields
    ordering = ("-created_at",)

    @admin.display(description=_("demandé"), ordering="created_at")
    def asked_at(self, job: Job) -> datetime:
        return job.created_at

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        with scopes_disabled():
            return super().get_queryset(request)
