from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    DRAFT = "draft", _("En préparation")
    READY = "ready", _("Prêt")


class Answer(models.TextChoices):
    """What the one who was asked for their part of a dossier said, last."""

    NONE = "", _("Pas de réponse")
    YES = "yes", _("Oui")
    NO = "no", _("Non")


class PartState(models.TextChoices):
    """All that the one who asked is told of the other's part."""

    ASKED = "asked", _("Demandée")
    REFUSED = "refused", _("Ne sera pas donnée")
    PREPARED = "prepared", _("En préparation")
    READY = "ready", _("Prête")
    WITHDRAWN = "withdrawn", _("Retirée")


class NeedState(models.TextChoices):
    PRESENT = "present", _("Complet")
    MISSING = "missing", _("Manquant")
    EXPIRED = "expired", _("Expiré")
    TO_CONFIRM = "to_confirm", _("À confirmer")
    CHECKING = "checking", _("Contrôle en cours")
    ASK = "ask", _("À préciser")
    LEFT_OUT = "left_out", _("Non joint")
    NOT_CONCERNED = "not_concerned", _("Pas pour vous")


class Choice(models.TextChoices):
    """What a resident decides about one line of the list."""

    CONCERNED = "yes", _("Oui")
    NOT_CONCERNED = "no", _("Non")
    LEFT_OUT = "left_out", _("Ne pas joindre")
