from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PlacesConfig(AppConfig):
    name = "services.places"
    label = "places"
    verbose_name = _("Lieux")

    def ready(self) -> None:
        from accounts.actions import city_decisions
        from core import leaving as registry
        from core.pages import menu
        from services.places import details, leaving

        registry.register(leaving.APP)
        city_decisions.register(details.CODE, details.SETTING)
        city_decisions.register(details.FILE, details.LOADED)
        menu.register(_("Où aller"), "places:home", place=menu.Place.PUBLIC, order=15)
        menu.register(_("Où aller"), "places:home", place=menu.Place.RIGHTS, order=6)
