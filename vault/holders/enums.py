from django.db import models
from django.utils.translation import gettext_lazy as _


class RequestAnswer(models.TextChoices):
    WHOLE = "whole", _("J’ai reçu ce que j’avais demandé")
    PARTIAL = "partial", _("J’ai reçu une partie seulement")
    REFUSED = "refused", _("L’organisme a refusé")


class RequestStep(models.TextChoices):
    """The steps that a resident notes of a data request, each with its day."""

    SENT = "sent", _("Envoyée")
    EXTENDED = "extended", _("Délai prolongé")
    REMINDED = "reminded", _("Relance envoyée")
    COMPLAINED = "complained", _("Plainte déposée")
    ANSWERED = "answered", _("Réponse reçue")


class RequestState(models.TextChoices):
    DRAFT = "draft", _("À envoyer")
    WAITING = "waiting", _("En attente")
    LATE = "late", _("En retard")
    ANSWERED = "answered", _("Reçu")


class ConnectionState(models.TextChoices):
    """The state of a connection. An expired one keeps its state; `expires_on` says that it expired."""

    ASKED = "asked", _("En attente de votre accord")
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("En pause")
    STOPPED = "stopped", _("Arrêtée")


class Rhythm(models.TextChoices):
    """The rhythm at which a holder sends data of a resident."""

    DAILY = "daily", _("Chaque jour au plus")
    WEEKLY = "weekly", _("Chaque semaine au plus")
    MONTHLY = "monthly", _("Chaque mois au plus")


class LineOutcome(models.TextChoices):
    """The outcome of a line of a lot. The codes never change: programs read them."""

    WRITTEN = "written"
    NOT_JSON = "not_json"
    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    UNKNOWN_TYPE = "unknown_type"
    WRONG_SCHEMA = "wrong_schema"
    UNKNOWN_SUB = "unknown_sub"
    NOT_COVERED = "not_covered"
    PAUSED = "paused"
    STOPPED = "stopped"
    OVER = "over"
    NOT_WRITTEN = "not_written"


#: What the publishers call their APIs, by connector: agents read it.
API_NAMES = {
    "api_particulier": "API Particulier",
    "enedis": "Enedis",
    "grdf": "GRDF",
    "impot_particulier": "API Impôt particulier",
    "push": "Envois des organismes",
}
