"""Admin of the city's own aids. A rule is checked against its schema and its test cases before it is saved."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from services.aids import local_rules
from services.aids.models import LocalAid

if TYPE_CHECKING:
    LocalAidModelAdmin = admin.ModelAdmin[LocalAid]
else:
    LocalAidModelAdmin = admin.ModelAdmin


@admin.register(LocalAid)
class LocalAidAdmin(LocalAidModelAdmin):
    list_display = ("label", "code", "active", "valid_from", "valid_to", "review_on")
    list_filter = ("active",)
    search_fields = ("label", "code")
    readonly_fields = ("preview", "updated_at")
    fieldsets = (
        (None, {"fields": ("code", "label", "version", "active")}),
        (_("Dates"), {"fields": ("valid_from", "valid_to", "review_on", "updated_at")}),
        (_("Règles"), {"fields": ("rules", "preview")}),
    )

    @admin.display(description=_("Résultat sur les cas d’essai"))
    def preview(self, aid: LocalAid) -> str | SafeString:
        """Return a table of the saved rule's outcome for each of its test cases."""
        if not aid.pk:
            return gettext("Enregistrez la règle pour voir ce qu’elle donne.")
        lines = local_rules.trials(aid.rule)
        rows = format_html_join(
            "",
            "<tr><th scope='row'>{}</th><td>{}</td><td>{}</td></tr>",
            ((line.persona, line.expected, line.found) for line in lines),
        )
        heads = (_("Cas"), _("Attendu"), _("Obtenu"))
        return format_html(
            "<table><thead><tr><th scope='col'>{}</th><th scope='col'>{}</th><th scope='col'>{}</th></tr></thead>"
            "<tbody>{}</tbody></table>",
            *heads,
            rows,
        )
