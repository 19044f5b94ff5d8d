"""Kinds of paper and holders are the city's to adapt, APIs are looked after. Nothing that holds a resident's content is registered here,
but what they sent to the data protection officer, for whom alone it opens.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.db.models import Count, F, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_scopes import scopes_disabled

from accounts.models import User
from core.admin import ReadOnly
from core.templatetags.civic import clock, long_date
from vault import perms
from vault.actions import contests
from vault.forms.journal import AnswerForm
from vault.models import ConnectorHealth, Contest, EmergencyAccess, Holder, PaperKind

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Model]
else:
    ModelAdmin = admin.ModelAdmin


class ShippedAdmin(ModelAdmin):
    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """The code is what a resident's rows name: it does not change once it is there."""
        return ("edited_at",) if obj is None else ("code", "edited_at")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ANN401 - Django's own signature
        """An edited row is the city's own from now on: loading the content again leaves it."""
        obj.edited_at = timezone.now()
        super().save_model(request, obj, form, change)


@admin.register(PaperKind)
class PaperKindAdmin(ShippedAdmin):
    list_display = ("label_fr", "theme", "holder", "validity", "validity_months", "sensitive", "edited_at")
    list_filter = ("theme", "validity", "sensitive")
    search_fields = ("code", "label_fr", "label_en", "holder")


@admin.register(Holder)
class HolderAdmin(ShippedAdmin):
    list_display = ("name_fr", "theme", "several", "email", "edited_at")
    list_filter = ("theme", "several")
    search_fields = ("code", "name_fr", "name_en", "short_fr", "brands")


@admin.register(ConnectorHealth)
class ConnectorHealthAdmin(ReadOnly, ModelAdmin):
    """A refusal ends when the API answers again."""

    list_display = ("connector", "problem", "problem_since", "last_success_at", "calls", "window_started_at")


@admin.register(Contest)
class ContestAdmin(ModelAdmin):
    """For the data protection officer only. The list has dates; opening one writes a line in its resident's journal."""

    list_display = ("sent_on", "due_on", "state_words")
    ordering = (F("answered_at").asc(nulls_first=True), "due_on", "created_at")

    @admin.display(description=_("envoyée le"), ordering="created_at")
    def sent_on(self, contest: Contest) -> datetime:
        return contest.created_at

    @admin.display(description=_("état"))
    def state_words(self, contest: Contest) -> str:
        return str(_("Répondu") if contest.answered_at else _("Attend votre réponse"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        with scopes_disabled():
            return Contest.objects.sent()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        contest, officer = self.get_object(request, object_id), cast(User, request.user)
        if not isinstance(contest, Contest) or not perms.may_answer_contests(officer):
            raise Http404
        form = AnswerForm(request.POST or None)
        if form.is_valid():
            return self._answered(request, contest, officer, form.cleaned_data["answer"])
        context = {
            **self.admin_site.each_context(request),
            "title": _("Contestation"),
            "opts": self.opts,
            "contest": contest,
            "said": contests.read_contest(contest=contest, by=officer),
            "form": form,
        }
        return render(request, "admin/contest.html", context)

    def _answered(self, request: HttpRequest, contest: Contest, officer: User, answer: str) -> HttpResponse:
        try:
            contests.answer_contest(contest=contest, by=officer, answer=answer)
        except contests.Over:
            messages.warning(request, _("Elle a été retirée, ou elle a déjà sa réponse."))
        else:
            messages.success(request, _("Votre réponse est envoyée. La personne est prévenue par e-mail, sans son contenu."))
        return redirect("admin:vault_contest_changelist")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return isinstance(request.user, User) and perms.may_answer_contests(request.user)

    has_change_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(EmergencyAccess)
class EmergencyAccessAdmin(ReadOnly, ModelAdmin):
    """The register, which outlives the city's choice to have them. A resident is told by reference, as at the desk: no name, no reason."""

    list_display = ("asked_at", "number", "whom", "who_asked", "decided_by_name", "state_words", "minutes", "from_to", "readings")
    fields = list_display
    readonly_fields = list_display
    ordering = ("-created_at",)

    @admin.display(description=_("demandé le"), ordering="created_at")
    def asked_at(self, access: EmergencyAccess) -> str:
        return f"{long_date(access.created_at)}, {clock(access.created_at)}"

    @admin.display(description=_("numéro"), ordering="reference")
    def number(self, access: EmergencyAccess) -> str:
        return access.reference

    @admin.display(description=_("demandé par"), ordering="asked_by_name")
    def who_asked(self, access: EmergencyAccess) -> str:
        return access.asked_by_name

    @admin.display(description=_("habitant"))
    def whom(self, access: EmergencyAccess) -> str:
        return "–" if access.names_nobody else access.resident_id.hex[:8].upper()

    @admin.display(description=_("état"))
    def state_words(self, access: EmergencyAccess) -> str:
        return str(_("Personne à cette adresse") if access.names_nobody else access.state.label)

    @admin.display(description=_("ouvert"))
    def from_to(self, access: EmergencyAccess) -> str:
        if access.grant is None:
            return "–"
        end = min(filter(None, (access.grant.ends_at, access.grant.stopped_at)))
        return f"{clock(access.grant.starts_at)} – {clock(end)}"

    @admin.display(description=_("lectures"))
    def readings(self, access: EmergencyAccess) -> int:
        return int(getattr(access, "read", 0))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        with scopes_disabled():
            return EmergencyAccess.objects.select_related("grant").annotate(read=Count("grant__readings"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return isinstance(request.user, User) and perms.may_read_register(request.user)
