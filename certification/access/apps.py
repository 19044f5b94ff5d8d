from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "certification.access"
    verbose_name = _("Accès des services")

    def ready(self) -> None:
        from accounts.actions import city_decisions
        from accounts.sign_in import visitors
        from certification.access import leaving, signing_in
        from certification.access.actions import clients, sending
        from certification.access.actions.tokens import end_all
        from certification.access.fapi import par
        from certification.access.models import keys
        from certification.labels import checks
        from core import leaving as registry
        from core.keys import protect
        from core.operations import backups
        from core.pages import menu

        menu.register(_("Vos programmes"), "access:programs", place=menu.Place.PUBLISHER, order=20)
        city_decisions.register(sending.CODE, sending.SETTING)
        checks.register("C17", clients.secrets_are_recent)
        protect.register(keys.KEEPER)
        # Whoever is asked something signs in first.
        visitors.register(par.KEY, visitors.Kept(stays=lambda kept: True, is_over=par.is_over))
        visitors.register(signing_in.KEY, visitors.Kept(stays=lambda kept: True, is_over=signing_in.is_over))
        registry.register(leaving.APP)
        backups.register("tokens", backups.Part(save=None, replay=end_all, if_lost=True))
