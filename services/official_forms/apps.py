from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.pages import menu


class OfficialFormsConfig(AppConfig):
    name = "services.official_forms"
    label = "official_forms"
    verbose_name = _("Formulaires officiels")

    def ready(self) -> None:
        from core import leaving as registry
        from services.official_forms import leaving
        from services.official_forms.models import OfficialForm
        from services.versions.actions import closings

        registry.register(leaving.APP)
        closings.register(OfficialForm)
        menu.register(_("Formulaires"), "official_forms:list", place=menu.Place.AGENT, order=26)
