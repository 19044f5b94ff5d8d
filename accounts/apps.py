from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Comptes")

    def ready(self) -> None:
        from accounts import reauthentication, second_factor, sessions
        from accounts.identity_views import way
        from core import backups, protect

        reauthentication.register(way)
        protect.register(second_factor.KEEPER)
        backups.register("sessions", backups.Part(save=None, replay=sessions.end_all, if_lost=True))
