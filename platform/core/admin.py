"""What every admin page is built on; those of the city and its help pages; a list of jobs without their resident."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import localize
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django_scopes import scopes_disabled

from core import jobs
from core.models import City, HelpPage, Job
from core.models.city import THEME, TRUSTED
from core.pages import contacts, logo
from core.pages import help as help_pages
from core.pages.exits import EXITS

if TYPE_CHECKING:
    CityModelForm = forms.ModelForm[City]
    HelpPageModelForm = forms.ModelForm[HelpPage]
    ModelAdmin = admin.ModelAdmin[Any]
else:
    CityModelForm = HelpPageModelForm = forms.ModelForm
    ModelAdmin = admin.ModelAdmin

#: What a filter beside a list asks of its column.
ASKED = ("", "__exact", "__isnull")


class PortalAdmin(ModelAdmin):
    """Base of every admin of the portal: a URL filters its list by the filters that the page shows, and by no other.

    Django's own lets a URL ask about each column of the model, also of one that no page shows: whose row it is, how
    a password begins (`tests/architecture/test_admin.py`).
    """

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:  # noqa: ANN401 - Django's
        shown = self.get_list_filter(request) if request is not None else self.list_filter
        return lookup in {name for one in shown for name in _parameters(one)}


def _parameters(shown: Any) -> set[str]:  # noqa: ANN401 - a column, a column and its filter, or a filter
    """Return the names in a URL of one filter of `list_filter`."""
    if isinstance(shown, type) and issubclass(shown, admin.SimpleListFilter):
        return {str(shown.parameter_name)}
    column = shown if isinstance(shown, str) else shown[0]
    return {f"{column}{asked}" for asked in ASKED}


class AddOnlyAdmin(PortalAdmin):
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
    facts: Callable[[], Sequence[tuple[str | Promise, str | Promise]]] = tuple,
) -> HttpResponse | None:
    """Return a page that says what an action of the list brings about, or None once the agent has confirmed it.

    If one of those confirmed is no longer in the list, nothing is done. `rows` is loaded here, once.

    Args:
        facts: what the agent reads first, with its names.
    """
    if "confirmed" in request.POST:
        ticked = {*request.POST.getlist(ACTION_CHECKBOX_NAME)}
        if ticked == {str(row.pk) for row in rows}:
            return None
        messages.error(
            request, _("Rien n’a changé : une ligne cochée n’est plus dans cette liste. Relisez-la, puis recommencez.")
        )
        return redirect(request.get_full_path())
    context = {
        **view.admin_site.each_context(request),
        "opts": view.opts,
        "title": title,
        "follows": follows,
        "facts": facts(),
        "rows": rows,
        "action": action,
    }
    return render(request, "admin/ask_first.html", context)


#: Columns of the city that are written by the decisions of two persons only.
DECIDED = {"emergency_access", "emergency_changed_at", "days_before_deciding", "mac", "logo", "logo_type", *TRUSTED}


class CityForm(CityModelForm):
    logo_file = forms.FileField(
        label=_("Logo"), required=False, help_text=_("SVG ou PNG carré, 60 Ko au plus. Remplace le logo actuel.")
    )

    class Meta:
        model = City
        exclude = ("logo",)
        widgets = {name: forms.TextInput(attrs={"type": "color"}) for name in THEME}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:  # noqa: SLF001 - Django documents it
            del self.fields["logo_file"]
        if "exit_url" in self.fields:  # of a city that is added
            known = self.fields["exit_url"]
            choices = [("", "–"), *EXITS.items()]
            self.fields["exit_url"] = forms.ChoiceField(
                label=known.label, help_text=known.help_text, choices=choices, required=False
            )

    def clean_logo_file(self) -> tuple[bytes, str] | None:
        return logo.clean_upload(self.cleaned_data["logo_file"])

    def save(self, commit: bool = True) -> City:
        if self.cleaned_data.get("logo_file"):
            self.instance.logo, self.instance.logo_type = self.cleaned_data["logo_file"]
        return super().save(commit)


@admin.register(City)
class CityAdmin(PortalAdmin):
    """Admin of the single `City` row: the list redirects to its form.

    Who adds it writes all of it. From then on two persons change where residents call, write and go.
    """

    form = CityForm
    fieldsets = (
        (None, {"fields": ("name", "of_name", "insee", "logo_file")}),
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

    def get_fieldsets(self, request: HttpRequest, obj: City | None = None) -> Any:  # noqa: ANN401 - Django's
        """Leave the logo to who adds the city: it is on each page, so two persons change it."""
        (title, first), *more = super().get_fieldsets(request, obj)
        names = [name for name in first["fields"] if obj is None or name != "logo_file"]
        return [(title, {**first, "fields": names}), *more]

    def get_readonly_fields(self, request: HttpRequest, obj: City | None = None) -> tuple[str, ...]:
        return ("emergency_access", "days_before_deciding", *(TRUSTED if obj else ()))

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


class HelpPageForm(HelpPageModelForm):
    class Meta:
        model = HelpPage
        exclude = ()

    def clean(self) -> dict[str, Any]:
        """Refuse a telephone number or an address that neither the page nor the product's page has."""
        data = super().clean() or self.cleaned_data
        before = HelpPage.objects.filter(pk=self.instance.pk).first()
        known = [page for page in (before, help_pages.shipped(data.get("slug", ""))) if page is not None]
        contacts.refuse_new(_words(data), [text for page in known for text in _words(vars(page))])
        return data


def _words(page: Mapping[str, Any]) -> list[str]:
    return [str(page.get(name) or "") for name in ("question", "question_en", "text", "text_en")]


@admin.register(HelpPage)
class HelpPageAdmin(PortalAdmin):
    """The city's own help pages. The pages of the product are edited from their own page, “Modifier”."""

    form = HelpPageForm
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
class JobAdmin(ReadOnly, PortalAdmin):
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
