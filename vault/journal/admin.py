"""Contests in the admin, for the data protection officer."""

from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import F, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.admin import PortalAdmin
from vault.journal import across, perms
from vault.journal.actions import contests
from vault.journal.forms.journal import AnswerForm
from vault.journal.models import Contest


@admin.register(Contest)
class ContestAdmin(PortalAdmin):
    """Contests, for the data protection officer only.

    The list shows only dates; opening a contest writes an entry in its resident's journal.
    """

    list_display = ("sent_on", "due_on", "state_words")
    fields = readonly_fields = ("due_on",)
    ordering = (F("answered_at").asc(nulls_first=True), "due_on", "created_at")

    @admin.display(description=_("envoyée le"), ordering="created_at")
    def sent_on(self, contest: Contest) -> datetime:
        return contest.created_at

    @admin.display(description=_("état"))
    def state_words(self, contest: Contest) -> str:
        return str(_("Répondu") if contest.answered_at else _("Attend votre réponse"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return across.sent_contests()

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
            messages.success(
                request, _("Votre réponse est envoyée. La personne est prévenue par e-mail, sans son contenu.")
            )
        return redirect("admin:journal_contest_changelist")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return isinstance(request.user, User) and perms.may_answer_contests(request.user)

    has_change_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
