import logging

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.pages import menu, next_act

#: Those of dates name no situation: others may look at the journal's page too.
SENTENCES = {
    "dates_told": _("Vous avez noté des dates."),
    "dates_opened": _("Vous avez regardé des dates que vous aviez notées."),
    "dates_forgotten": _("Vous avez effacé des dates que vous aviez notées."),
    "granted_computed": _(
        "« %(recipient)s » a calculé vos aides et vu le résultat, sans voir les valeurs : %(what)s."
    ),
}


class AidsConfig(AppConfig):
    """With `SIMULATE=1`, a process loads the law at start (about 1 s, 150 MB) instead of on its first request."""

    name = "services.aids"
    label = "aids"
    verbose_name = _("Aides")

    def ready(self) -> None:
        logging.getLogger("numexpr").setLevel(logging.WARNING)  # it logs its threads on import
        from accounts.sign_in import visitors
        from core import leaving as registry
        from services.aids import (
            home,  # noqa: F401 - it registers itself
            leaving,
        )
        from services.aids.interview import state
        from services.aids.models import LocalAid, UrgentSituation
        from services.aids.together import joint
        from services.versions.actions import closings
        from vault.journal import sentences
        from vault.records.grants import agreements

        registry.register(leaving.APP)
        closings.register(LocalAid)
        closings.register(UrgentSituation)
        visitors.register(state.KEY, visitors.Kept(stays=state.is_wanted, is_over=state.is_over))
        agreements.register(joint.AGREEMENT)
        for event, sentence in SENTENCES.items():
            sentences.register(event, sentence)
        menu.register(_("Faire le point"), "aids:interview", place=menu.Place.PUBLIC, order=5)
        menu.register(_("Mes aides"), "aids:home", order=20)
        menu.register(_("Une situation urgente ?"), "aids:urgent", place=menu.Place.RIGHTS, order=5)
        menu.register(_("Une situation urgente ?"), "aids:urgent", place=menu.Place.PUBLIC, order=10)
        menu.register(_("Aides locales"), "aids:local_list", place=menu.Place.AGENT, order=25)
        menu.register(_("Situations urgentes"), "aids:urgent_list", place=menu.Place.AGENT, order=26)
        next_act.register(_("Voir ce que cela change pour mes aides"), "aids:home")
        if settings.SIMULATE:
            from services.aids.engine import run as engine

            engine.warm()
