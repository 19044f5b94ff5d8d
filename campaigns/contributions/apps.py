from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContributionsConfig(AppConfig):
    name = "campaigns.contributions"
    verbose_name = _("Contributions aux consultations")

    def ready(self) -> None:
        from campaigns.contributions import sealing
        from core import key_rotation
        from core.keys import protect

        for keeper in sealing.KEEPERS:
            protect.register(keeper)
        for table in ("keystore.campaign_key", "campaigns.arrival", "campaigns.contribution"):
            key_rotation.register_table(table)
