from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    DRAFT = "draft", _("En préparation")
    READY = "ready", _("PDF fait")


class Answer(models.TextChoices):
    """The partner's last answer to a request for their part."""

    NONE = "", _("Pas de réponse")
    YES = "yes", _("Oui")
    NO = "no", _("Non")


class PartState(models.TextChoices):
    """The state of the partner's part, as displayed to its requester."""

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
    """The resident's decision about one need."""

    CONCERNED = "yes", _("Oui")
    NOT_CONCERNED = "no", _("Non")
    LEFT_OUT = "left_out", _("Ne pas joindre")
