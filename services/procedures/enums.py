from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """Kinds of procedure, by who answers its requests."""

    AID = "aid", _("Une aide")
    CITY = "city", _("Une démarche de la ville")
    PARTNER = "partner", _("Une démarche d’un partenaire")


class Subject(models.TextChoices):
    """Subjects of procedures: those for which a law has rules of its own, and all others."""

    CANTEEN = "canteen", _("La cantine d’une école")
    NURSERY = "nursery", _("Une place en crèche")
    RENTAL = "rental", _("La location d’un logement")
    OTHER = "other", _("Autre chose")


class Silence(models.TextChoices):
    ACCEPTED = "accepted", _("La demande est acceptée")
    REFUSED = "refused", _("La demande est refusée")
