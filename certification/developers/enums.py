from django.db import models
from django.utils.translation import gettext_lazy as _


class EventType(models.TextChoices):
    """Events that a program receives. The names are the API's, and never change."""

    GIVEN = "consent.given", _("Un habitant donne son accord")
    CHANGED = "consent.changed", _("Un accord change : plus, moins, en pause, repris")
    WITHDRAWN = "consent.withdrawn", _("Un habitant arrête son accord")
    EXPIRED = "consent.expired", _("Un accord arrive à sa fin")
    SUSPENDED = "label.suspended", _("Le service est suspendu par la ville")
    LIFTED = "label.lifted", _("La suspension est levée")
    REVOKED = "label.withdrawn", _("La ville retire son autorisation, pour de bon")
    ERASURE = "erasure.requested", _("Un habitant demande d’effacer")
    TEST = "endpoint.test", _("Un membre envoie un essai, depuis la page de l’adresse")

    @classmethod
    def chosen(cls) -> list["EventType"]:
        """Return those that an address listens to by choice. A test goes to the address that asks for it."""
        return [one for one in cls if one is not cls.TEST]


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("En attente")
    DONE = "done", _("Reçu")
    FAILED = "failed", _("Abandonné")


class EndpointState(models.TextChoices):
    TO_PROVE = "to_prove", _("À vérifier")
    ACTIVE = "active", _("En service")
    OFF = "off", _("Arrêté")
