"""Admin of the city's own aids. A rule is checked against its schema and its test cases before it is saved."""

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin import ask_first
from services.aids import local_rules
from services.aids.models import LocalAid

if TYPE_CHECKING:
    LocalAidModelAdmin = admin.ModelAdmin[LocalAid]
else:
    LocalAidModelAdmin = admin.ModelAdmin


@admin.register(LocalAid)
class LocalAidAdmin(LocalAidModelAdmin):
    list_display = ("label", "active", "valid_from", "valid_to", "review_on")
    list_filter = ("active",)
    search_fields = ("label", "code")
    readonly_fields = ("preview", "updated_at", "active")
    actions = ("withdraw", "offer_again")
    fieldsets = (
        (None, {"fields": ("code", "label", "version", "active")}),
        (_("Dates"), {"fields": ("valid_from", "valid_to", "review_on", "updated_at")}),
        (_("Règles"), {"fields": ("rules", "preview")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.action(description=_("Retirer"), permissions=["change"])
    def withdraw(self, request: HttpRequest, aids: QuerySet[LocalAid]) -> HttpResponse | None:
        follows = [
            _("Les habitants ne voient plus cette aide, ni son montant, dès leur prochain calcul."),
            _("Ils ne commencent plus de dossier pour elle. Les dossiers déjà faits restent, et se vérifient."),
            _("Une demande déjà déposée suit son cours : dites-le à ceux qui l’instruisent."),
        ]
        title = _("Retirer ces aides ?")
        asked = ask_first(self, request, aids, action="withdraw", title=title, follows=follows)
        if asked is None:
            self._propose(aids, active=False)
            messages.success(request, _("C’est retiré."))
        return asked

    @admin.action(description=_("Proposer de nouveau"), permissions=["change"])
    def offer_again(self, request: HttpRequest, aids: QuerySet[LocalAid]) -> None:
        self._propose(aids, active=True)
        messages.success(request, _("C’est proposé de nouveau."))

    def _propose(self, aids: QuerySet[LocalAid], *, active: bool) -> None:
        """Save each row, so that its date says to residents' pages that the rules changed."""
        for aid in aids:
            aid.active = active
            aid.save(update_fields=["active", "updated_at"])

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
