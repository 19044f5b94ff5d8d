from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Comptes")

    def ready(self) -> None:
        from accounts import actions_closing, leaving, reauthentication, second_factor, sessions
        from accounts.identity_views import way
        from core import backups, protect
        from core import leaving as registry

        reauthentication.register(way)
        protect.register(second_factor.KEEPER)
        backups.register("sessions", backups.Part(save=None, replay=sessions.end_all, if_lost=True))
        backups.register("erasures", backups.Part(save=actions_closing.ledger, replay=actions_closing.replay_after_restore))
        registry.register(leaving.APP)
