from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.pages import menu


class ProceduresConfig(AppConfig):
    name = "services.procedures"
    label = "procedures"
    verbose_name = _("Démarches")

    def ready(self) -> None:
        from core import leaving as registry
        from services.procedures import leaving
        from services.procedures.models import Procedure
        from services.versions.actions import closings

        registry.register(leaving.APP)
        closings.register(Procedure)
        menu.register(_("Démarches"), "procedures:listed", place=menu.Place.PUBLIC, order=7)
        menu.register(_("Démarches"), "procedures:agents", place=menu.Place.AGENT, order=26)
