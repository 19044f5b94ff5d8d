from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    DRAFT = "draft", _("Brouillon")
    PROPOSED = "proposed", _("À relire")
    PUBLISHED = "published", _("Publiée")
    CLOSED = "closed", _("Fermée")


#: States of versions that residents were shown. The database refuses to change such a version.
FROZEN = frozenset({State.PUBLISHED, State.CLOSED})


class Kind(models.TextChoices):
    """Who answers."""

    AID = "aid", _("Une aide")
    CITY = "city", _("Une démarche de la ville")
    PARTNER = "partner", _("Une démarche d’un partenaire")


class Subject(models.TextChoices):
    """What it is about, when a law has its own rule for that."""

    CANTEEN = "canteen", _("La cantine d’une école")
    NURSERY = "nursery", _("Une place en crèche")
    RENTAL = "rental", _("La location d’un logement")
    OTHER = "other", _("Autre chose")


class Silence(models.TextChoices):
    ACCEPTED = "accepted", _("La demande est acceptée")
    REFUSED = "refused", _("La demande est refusée")
