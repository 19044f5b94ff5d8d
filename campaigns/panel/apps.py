from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

#: The sentences of the journal.
SENTENCES = {
    "panel_entered": _("Vous vous êtes porté volontaire pour le panel des habitants, sous un numéro."),
    "panel_left": _("Vous vous êtes retiré du panel des habitants. Votre numéro ne mène plus à vous."),
    "panel_accepted": _("Vous avez accepté de siéger au panel des habitants."),
    "panel_opinion": _("Vous avez publié un avis au panel des habitants."),
}


class PanelConfig(AppConfig):
    name = "campaigns.panel"
    verbose_name = _("Panel des habitants")

    def ready(self) -> None:
        from campaigns.panel import leaving
        from campaigns.panel.presenting import ways as way
        from campaigns.plans.presenting import ways
        from core import leaving as registry
        from core.pages import menu
        from vault.journal import sentences

        ways.register("panel", way.to_opinions)
        for event, sentence in SENTENCES.items():
            sentences.register(event, sentence)
        menu.register(_("Panel des habitants"), "panel:home", place=menu.Place.RIGHTS, order=65)
        menu.register(_("Panel"), "panel:inbox", place=menu.Place.AGENT, order=36)
        menu.register(
            _("Panel"), "panel:association", place=menu.Place.COMPANION, order=60, shown=way.is_beside_a_panel
        )
        registry.register(leaving.APP)
