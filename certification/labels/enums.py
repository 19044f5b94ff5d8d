from django.db import models
from django.utils.translation import gettext_lazy as _

#: Recipient kind of a grant: a service, by its id.
SERVICE_KIND = "service"
#: The prefix of the agreements that come from purposes of labels.
PREFIX = "svc"


class RequestKind(models.TextChoices):
    INITIAL = "initial", _("Première demande")
    RENEWAL = "renewal", _("Renouvellement")
    CHANGE = "change", _("Changement")


class Verdict(models.TextChoices):
    """The answer of a publisher to a criterion, and the finding of the agent who examines it."""

    MET = "met", _("Rempli")
    PARTLY = "partly", _("En partie")
    NOT_MET = "not_met", _("Non rempli")
    NOT_APPLICABLE = "not_applicable", _("Sans objet")


class Signatory(models.TextChoices):
    CITY = "city", _("La ville")
    HOLDER = "holder", _("Détient des données")
    ASSOCIATION = "association", _("Association")
    PUBLISHER = "publisher", _("Éditeur")


class LabelState(models.TextChoices):
    """The state of a label, computed from its row and the clock."""

    WAITING = "waiting", _("À accepter par l’éditeur")
    ACTIVE = "active", _("En cours")
    SUSPENDED = "suspended", _("Suspendu")
    WITHDRAWN = "withdrawn", _("Retiré")
    RENOUNCED = "renounced", _("Rendu par l’éditeur")
    REPLACED = "replaced", _("Remplacé")
    EXPIRED = "expired", _("Terminé")


class Change(models.TextChoices):
    """A change of a label: it takes two agents, except in an urgent case."""

    LIFT = "lift", _("Lever la suspension")
    SUSPEND = "suspend", _("Suspendre, après avoir entendu l’éditeur")
    WITHDRAW = "withdraw", _("Retirer, après avoir entendu l’éditeur")
    URGENT = "urgent", _("Suspendre en urgence")


#: The publisher is heard before these (CRPA L121-1).
HEARD = (Change.SUSPEND, Change.WITHDRAW)


class Told(models.TextChoices):
    """The subject of an e-mail (`Notice`)."""

    NEW = "new"
    COMPLEMENTS = "complements"
    ANSWERED = "answered"
    TO_DECIDE = "to_decide"
    DECIDED = "decided"
    SILENCE = "silence"
    DRAFT = "draft"
    MESSAGE = "message"
    ENDING = "ending"
    CHANGE = "change"
    HEARING = "hearing"
    FAILING = "failing"
    HOLDER = "holder"
    CHANGED = "changed"
    HALTED = "halted"
