from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PlacesConfig(AppConfig):
    name = "services.places"
    label = "places"
    verbose_name = _("Lieux")

    def ready(self) -> None:
        from core import leaving as registry
        from core.pages import menu
        from services.places import leaving

        registry.register(leaving.APP)
        menu.register(_("Où aller"), "places:home", place=menu.Place.PUBLIC, order=15)
        menu.register(_("Où aller"), "places:home", place=menu.Place.RIGHTS, order=6)
