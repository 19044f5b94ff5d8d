from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JournalConfig(AppConfig):
    name = "vault.journal"
    verbose_name = _("Journal")

    def ready(self) -> None:
        from core import leaving as registry
        from core.pages import home, menu
        from vault.journal import leaving
        from vault.journal.home import blocks

        menu.register(_("Journal"), "journal:journal", order=90)
        home.register(blocks)
        registry.register(leaving.APP)
