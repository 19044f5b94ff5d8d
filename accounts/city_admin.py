"""Admin pages whose form proposes to a second person: the city's legal pages here, others in apps above."""

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from accounts.actions import city_decisions
from accounts.models import User
from accounts.two_persons import NotTwo
from core.admin import PortalAdmin, ask_first
from core.models import LegalPage


def governs(request: HttpRequest) -> bool:
    """Return whether the user manages agents or is the data protection officer."""
    user = request.user
    return isinstance(user, User) and user.is_active and user.is_staff and (user.is_superuser or user.is_dpo)


class WithTwo(PortalAdmin):
    """Admin page whose form proposes some values to a second person, or all of them."""

    PROPOSED = _("C’est proposé. Une autre personne a sept jours pour accepter, page « Décider à deux ».")

    def propose(self, request: HttpRequest, *, what: str, subject: str, value: Any) -> None:  # noqa: ANN401 - JSON
        """Change the setting, or propose it, and say which of the two."""
        asked = city_decisions.change(what=what, subject=subject, value=value, by=cast(User, request.user))
        if asked is None:
            messages.success(request, _("C’est enregistré."))
        else:
            messages.success(request, self.PROPOSED)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - Django's
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except NotTwo as problem:
            return self._refused(request, problem)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Run an action of the list too, which proposes several rows."""
        try:
            return super().changelist_view(request, extra_context)
        except NotTwo as problem:
            return self._refused(request, problem)

    def _refused(self, request: HttpRequest, problem: NotTwo) -> HttpResponse:
        context = {"lack": problem.words_for(cast(User, request.user))}
        return render(request, "account/two_persons/not_two.html", context, status=403)


class Proposed(WithTwo):
    """The same, for a row of which nothing is written before the second person agrees."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return governs(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return governs(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:  # noqa: ANN401 - Django's
        """Write no line: the decisions say who proposed and who agreed."""

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:  # noqa: ANN401 - Django's
        """Write no line, as above."""

    def response_add(self, request: HttpRequest, obj: Model, post_url_continue: str | None = None) -> HttpResponse:
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def response_change(self, request: HttpRequest, obj: Model) -> HttpResponse:
        return self.response_add(request, obj)


@admin.register(LegalPage)
class LegalPageAdmin(Proposed):
    """The draft of a legal page waits for a second person, who reads it whole before it is public."""

    list_display = ("slug",)
    actions = ("as_shipped",)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def save_model(self, request: HttpRequest, obj: LegalPage, form: Any, change: bool) -> None:  # noqa: ANN401 - Django's
        value = {"text": obj.text, "text_en": obj.text_en}
        self.propose(request, what=city_decisions.LEGAL_PAGE, subject=obj.slug, value=value)

    @admin.action(description=_("Revenir au texte du logiciel"), permissions=["change"])
    def as_shipped(self, request: HttpRequest, rows: QuerySet[LegalPage]) -> HttpResponse | None:
        follows = [
            _("Les mots de la ville sont effacés : copiez-les d’abord si vous y tenez."),
            _("Les visiteurs lisent aussitôt le texte du logiciel."),
        ]
        title = _("Revenir au texte du logiciel ?")
        asked = ask_first(self, request, rows, action="as_shipped", title=title, follows=follows)
        if asked is None:
            for row in rows:
                value = {"text": "", "text_en": ""}
                self.propose(request, what=city_decisions.LEGAL_PAGE, subject=row.slug, value=value)
        return asked
