from django.db import models
from django.utils.translation import gettext_lazy as _


class PlaceKind(models.TextChoices):
    """The kind of a place. The codes are those of `reseaux_porteurs` in data·inclusion, where there is one."""

    CITY = "communes", _("mairie ou guichet de la ville")
    CCAS = "ccas", _("CCAS")
    FRANCE_SERVICES = "france-services", _("France services")
    CAF = "caf", _("CAF")
    MSA = "msa", _("MSA")
    CPAM = "cpam", _("CPAM")
    JOB = "france-travail", _("France Travail")
    YOUTH = "mission-locale", _("mission locale")
    DEPARTMENT = "departements", _("service social du département")
    MDPH = "mdph", _("MDPH")
    STUDENTS = "crous", _("CROUS")
    RIGHTS = "point-justice", _("point-justice")
    HOUSING = "adil", _("ADIL")
    BUDGET = "point-conseil-budget", _("point conseil budget")
    FOOD = "aide-alimentaire", _("aide alimentaire")
    DAY_CENTRE = "accueil-de-jour", _("accueil de jour")
    VICTIMS = "aide-aux-victimes", _("aide aux victimes")
    LIBRARY = "mediatheque", _("médiathèque")
    OTHER = "autre", _("autre lieu")


class StepFree(models.TextChoices):
    YES = "yes", _("de plain-pied ou avec une rampe")
    NO = "no", _("des marches à l’entrée")
    UNKNOWN = "unknown", _("non renseigné")
