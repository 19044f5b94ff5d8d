from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Comptes")

    def ready(self) -> None:
        from accounts import reauthentication, second_factor
        from accounts.identity_views import way
        from core import protect

        reauthentication.register(way)
        protect.register(second_factor.KEEPER)
