"""The register of emergency accesses."""

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.admin import PortalAdmin, ReadOnly
from core.templatetags.civic import clock, long_date
from vault.sharing import perms
from vault.sharing.across import emergencies
from vault.sharing.models import EmergencyAccess


@admin.register(EmergencyAccess)
class EmergencyAccessAdmin(ReadOnly, PortalAdmin):
    """The register, shown even after the city stops offering emergency accesses.

    A resident appears by reference, as at the desk: neither name nor reason. Before an answer nobody learns from it
    whether somebody has what was written: who asked reads this page too.
    """

    list_display = (
        "asked_at",
        "number",
        "whom",
        "who_asked",
        "decided_by_name",
        "state_words",
        "minutes",
        "from_to",
        "readings",
    )
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
        return "–" if not access.is_answered or access.names_nobody else access.resident_id.hex[:8].upper()

    @admin.display(description=_("état"))
    def state_words(self, access: EmergencyAccess) -> str:
        return str(_("Personne à cette adresse") if access.is_answered and access.names_nobody else access.state.label)

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
        return emergencies.register()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return isinstance(request.user, User) and perms.may_read_register(request.user)
