"""Admin of the kinds of paper and of the holders, which the city adapts."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from vault.records.models import Holder, PaperKind

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Model]
else:
    ModelAdmin = admin.ModelAdmin


class ShippedAdmin(ModelAdmin):
    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Make the code read-only once the row exists: residents' rows refer to it."""
        return ("edited_at",) if obj is None else ("code", "edited_at")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ANN401 - Django's
        """Mark the row as edited, so that loading the content again leaves it."""
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
