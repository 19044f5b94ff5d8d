from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "certification.access"
    verbose_name = _("Accès des services")

    def ready(self) -> None:
        from certification.access import leaving
        from certification.access.actions import clients
        from certification.access.actions.tokens import end_all
        from certification.access.models import keys
        from certification.labels import checks
        from core import leaving as registry
        from core.keys import protect
        from core.operations import backups
        from core.pages import menu

        menu.register(_("Vos programmes"), "access:programs", place=menu.Place.PUBLISHER, order=20)
        checks.register("C17", clients.secrets_are_recent)
        protect.register(keys.KEEPER)
        registry.register(leaving.APP)
        backups.register("tokens", backups.Part(save=None, replay=end_all, if_lost=True))
