from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

#: The kind of recipient of a grant by which a request is sent, and the prefix of its agreement's code.
OFFICE_KIND: Final = "office"
PREFIX: Final = "request"


class State(models.TextChoices):
    RECEIVED = "received", _("Reçue")
    REVIEW = "review", _("À l’étude")
    CORRECTION = "correction", _("Correction demandée")
    GRANTED = "granted", _("Accordée")
    REFUSED = "refused", _("Refusée")
    WITHDRAWN = "withdrawn", _("Retirée")
    UNANSWERED = "unanswered", _("Restée sans réponse")

    @property
    def is_open(self) -> bool:
        return self in OPEN


#: States in which the office still works on a request.
OPEN = (State.RECEIVED, State.REVIEW, State.CORRECTION)


class Fault(models.TextChoices):
    """Faults of a line that an office may report."""

    INCORRECT = "incorrect", _("Inexact")
    INCOMPLETE = "incomplete", _("Incomplet")
    OUTDATED = "outdated", _("Trop ancien")
    #: Of a line that was never sent.
    MISSING = "missing", _("À envoyer")


class Proposal(models.TextChoices):
    GRANT = "grant", _("Accorder")
    REFUSE = "refuse", _("Refuser")


class Happened(models.TextChoices):
    """An event of a request, in its timeline."""

    SENT = "sent", _("Envoyée par vous")
    TAKEN = "taken", _("Prise en charge")
    OPENED = "opened", _("Ouverte")
    ASKED = "asked", _("Correction demandée")
    CORRECTED = "corrected", _("Corrigée par vous")
    LAPSED = "lapsed", _("Correction non faite à temps : le délai a repris")
    PROPOSED = "proposed", _("Décision proposée")
    SENT_BACK = "sent_back", _("Proposition renvoyée à l’étude")
    GRANTED = "granted", _("Accordée")
    REFUSED = "refused", _("Refusée")
    SILENCE = "silence", _("Délai passé sans réponse")
    NOBODY = "nobody", _("Délai passé, sans personne qui pouvait répondre")
    WITHDRAWN = "withdrawn", _("Retirée par vous")
    COPY_GONE = "copy_gone", _("Copie du service effacée")


class LetterKind(models.TextChoices):
    RECEIPT = "receipt", _("Récépissé")
    DECISION = "decision", _("Décision")
    GONE = "gone", _("Attestation d’effacement")


class Kept(models.TextChoices):
    """Values of `?pour=`: which requests an office's list shows."""

    ALL = "", _("Toutes")
    MINE = "moi", _("À moi")
    NOBODY = "personne", _("Sans personne")
    PAUSED = "pause", _("En pause")


class OutsideStep(models.TextChoices):
    """A step of a request to an office outside Garant, which the resident notes with its day."""

    SENT = "sent", _("Envoyée")
    ASKED = "asked", _("L’organisme demande un papier")
    SUPPLIED = "supplied", _("Papier envoyé")
    ANSWERED = "answered", _("Réponse reçue")


class OutsideAnswer(models.TextChoices):
    GRANTED = "granted", _("Accordée")
    REFUSED = "refused", _("Refusée")
