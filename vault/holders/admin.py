"""The state of the holders' APIs in the admin."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from core.admin import PortalAdmin, ReadOnly
from vault.holders.connectors.faults import KINDS
from vault.holders.models import ConnectorHealth


@admin.register(ConnectorHealth)
class ConnectorHealthAdmin(ReadOnly, PortalAdmin):
    """The APIs with their quota and their refusal of the city, which ends when the API answers again."""

    list_display = ("api", "what", "problem_since", "last_success_at", "calls", "window_started_at")
    fields = readonly_fields = list_display

    @admin.display(description=_("connecteur"), ordering="connector")
    def api(self, row: ConnectorHealth) -> str:
        return str(row)

    @admin.display(description=_("problème"), ordering="problem")
    def what(self, row: ConnectorHealth) -> str:
        kind = KINDS.get(row.problem)
        return str(kind.what) % {"holder": self.api(row)} if kind else "–"
