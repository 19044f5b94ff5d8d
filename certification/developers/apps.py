from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DevelopersConfig(AppConfig):
    name = "certification.developers"
    verbose_name = _("Espace des éditeurs")

    def ready(self) -> None:
        from certification.developers import leaving
        from certification.developers.actions import outbox, trials
        from certification.developers.models import webhooks
        from certification.labels import checks
        from certification.labels.enums import SERVICE_KIND
        from core import leaving as registry
        from core.keys import protect
        from core.pages import menu
        from vault.records.grants import recipients

        recipients.listen(SERVICE_KIND, outbox.of_grant)
        checks.register("C16", trials.withstands)
        protect.register(webhooks.KEEPER)
        menu.register(_("Développement"), "developers:home", place=menu.Place.PUBLISHER, order=30)
        menu.register(_("Membres"), "developers:members", place=menu.Place.PUBLISHER, order=40)
        registry.register(leaving.APP)
