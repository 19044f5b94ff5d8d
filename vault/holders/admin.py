"""The state of the holders' APIs in the admin."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from core.admin import ReadOnly
from vault.holders.connectors.faults import KINDS
from vault.holders.models import ConnectorHealth

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Model]
else:
    ModelAdmin = admin.ModelAdmin


@admin.register(ConnectorHealth)
class ConnectorHealthAdmin(ReadOnly, ModelAdmin):
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
