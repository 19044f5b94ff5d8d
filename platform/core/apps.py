from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = _("Ville")

    def ready(self) -> None:
        from core import checks, leaving, rows  # noqa: F401 - importing `checks` registers its system checks
        from core.keys import protect
        from core.leaving import own

        leaving.register(own.APP)
        protect.register(rows.KEEPER)
