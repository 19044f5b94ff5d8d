from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ResultsConfig(AppConfig):
    name = "campaigns.results"
    verbose_name = _("Résultats des consultations")

    def ready(self) -> None:
        from campaigns.plans.presenting import ways
        from campaigns.results.presenting import finding

        ways.register("results", finding.way_to_results)
