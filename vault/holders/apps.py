from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HoldersConfig(AppConfig):
    name = "vault.holders"
    verbose_name = _("Organismes")

    def ready(self) -> None:
        from core import leaving as registry
        from core.operations import backups
        from core.pages import home
        from vault.holders import connectors, job_kinds, leaving
        from vault.holders.actions import senders
        from vault.holders.actions.requests import asked
        from vault.holders.actions.restoring import pause_all
        from vault.holders.home import blocks
        from vault.records.gate import passing_on
        from vault.records.papers import answering

        home.register(blocks)
        registry.register(leaving.APP)
        backups.register("connections", backups.Part(save=None, replay=pause_all, if_lost=True))
        answering.register(asked)
        job_kinds.register()
        passing_on.register(connectors.passed_on(), senders.whose_lots_stay)
