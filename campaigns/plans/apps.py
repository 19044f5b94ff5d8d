from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PlansConfig(AppConfig):
    name = "campaigns.plans"
    verbose_name = _("Consultations")

    def ready(self) -> None:
        from campaigns.plans import leaving
        from core import leaving as registry
        from core.pages import menu

        registry.register(leaving.APP)
        menu.register(_("Consultations"), "plans:register", place=menu.Place.RIGHTS, order=60)
        menu.register(_("Consultations"), "plans:inbox", place=menu.Place.AGENT, order=35)
