from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ResultsConfig(AppConfig):
    name = "campaigns.results"
    verbose_name = _("Résultats des consultations")
