"""The state of the holders' APIs in the admin."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import Model

from core.admin import ReadOnly
from vault.holders.models import ConnectorHealth

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Model]
else:
    ModelAdmin = admin.ModelAdmin


@admin.register(ConnectorHealth)
class ConnectorHealthAdmin(ReadOnly, ModelAdmin):
    """The APIs with their quota and their refusal of the city, which ends when the API answers again."""

    list_display = ("connector", "problem", "problem_since", "last_success_at", "calls", "window_started_at")
