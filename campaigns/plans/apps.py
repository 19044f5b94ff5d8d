from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PlansConfig(AppConfig):
    name = "campaigns.plans"
    verbose_name = _("Consultations")

    def ready(self) -> None:
        from campaigns.plans import leaving
        from core import leaving as registry

        registry.register(leaving.APP)
