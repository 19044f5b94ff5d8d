"""Admin pages for the city and its legal pages, and a read-only list of jobs without their subject or resident."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import localize
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django_scopes import scopes_disabled

from core import jobs
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


class AddOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # takes no parameter at run time
    """Admin whose rows can be added, but not changed or deleted. A row's page shows the same fields as the list."""

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:  # noqa: ANN401 - or nested lists
        return self.fields if obj is None else self.list_display

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:  # noqa: ANN401 - as above
        return [] if obj is None else self.list_display

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnly:
    """Read-only `ModelAdmin`: refuses to add, change or delete rows."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def ask_first(
    view: "admin.ModelAdmin[Any]",
    request: HttpRequest,
    rows: QuerySet[Any],
    *,
    action: str,
    title: str | Promise,
    follows: Sequence[str | Promise],
) -> HttpResponse | None:
    """Return a page that says what an action of the list brings about, or None once the agent has confirmed it."""
    if "confirmed" in request.POST:
        return None
    context = {
        **view.admin_site.each_context(request),
        "opts": view.opts,
        "title": title,
        "follows": follows,
        "rows": rows,
        "action": action,
    }
    return render(request, "admin/ask_first.html", context)


#: Columns of the city that are written by the decisions of two persons only.
DECIDED = {"emergency_access", "emergency_changed_at", "days_before_deciding", "mac"}


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
    readonly_fields = ("emergency_access", "days_before_deciding")
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
        (_("Coffres"), {"fields": ("quota_megabytes",)}),
        (_("Services"), {"fields": ("label_word",)}),
        (
            _("Décisions à deux"),
            {
                "fields": ("emergency_access", "days_before_deciding"),
                "description": _("Elles se changent sur la page « Décider à deux », en haut de cette page."),
            },
        ),
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

    def save_model(self, request: HttpRequest, obj: City, form: Any, change: bool) -> None:  # noqa: ANN401 - Django's
        """Write all columns but those that two persons decide, which may have changed since the row was read."""
        if not change:
            return super().save_model(request, obj, form, change)
        return obj.save(update_fields={field.name for field in self.opts.concrete_fields} - {"id", *DECIDED})

    def has_delete_permission(self, request: HttpRequest, obj: City | None = None) -> bool:
        return False


@admin.register(LegalPage)
class LegalPageAdmin(LegalPageModelAdmin):
    list_display = ("slug",)
    actions = ("as_shipped",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.action(description=_("Revenir au texte du logiciel"), permissions=["change"])
    def as_shipped(self, request: HttpRequest, rows: QuerySet[LegalPage]) -> HttpResponse | None:
        follows = [
            _("Les mots de la ville sont effacés : copiez-les d’abord si vous y tenez."),
            _("Les visiteurs lisent aussitôt le texte du logiciel."),
        ]
        title = _("Revenir au texte du logiciel ?")
        asked = ask_first(self, request, rows, action="as_shipped", title=title, follows=follows)
        if asked is None:
            rows.delete()
            messages.success(request, _("C’est fait."))
        return asked


@admin.register(HelpPage)
class HelpPageAdmin(HelpPageModelAdmin):
    """The city's own help pages. The pages of the product are edited from their own page, “Modifier”."""

    list_display = ("question", "theme", "slug", "shown")
    list_filter = ("theme", "shown")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: a page is hidden by its box. Without its row, the product's first words would come back."""
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Start from the product's words, if `page` in the URL names one of its pages."""
        page = help_pages.shipped(request.GET.get("page", ""))
        names = ("slug", "theme", "question", "question_en", "text", "text_en")
        return {name: getattr(page, name) for name in names} if page else {}


class KindFilter(admin.SimpleListFilter):
    title = _("travail")
    parameter_name = "travail"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - Django's
        return jobs.labels()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Job)
class JobAdmin(ReadOnly, JobModelAdmin):
    """Read-only list of jobs, without resident, subject or purpose."""

    list_display = ("what", "state", "asked_at", "finished_at", "tries")
    list_filter = ("state", KindFilter)
    fields = ("what", "state", "why", "tries", "asked_at", "sent_at", "heartbeat_at", "finished_at")
    readonly_fields = fields
    ordering = ("-created_at",)

    @admin.display(description=_("travail"), ordering="kind")
    def what(self, job: Job) -> str:
        return str(jobs.kind_of(job).label)

    @admin.display(description=_("difficulté"))
    def why(self, job: Job) -> str:
        return str(jobs.kind_of(job).problems.get(job.problem, "–" if not job.problem else _("Imprévue")))

    @admin.display(description=_("essais"), ordering="attempts")
    def tries(self, job: Job) -> int:
        return job.attempts

    @admin.display(description=_("demandé"), ordering="created_at")
    def asked_at(self, job: Job) -> str:
        return localize(timezone.localtime(job.created_at))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        with scopes_disabled():
            return super().get_queryset(request)
