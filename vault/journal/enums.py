from django.db import models
from django.utils.translation import gettext_lazy as _


class CopyFormat(models.TextChoices):
    """The format of a copy of the journal."""

    PDF = "pdf", _("PDF, pour lire ou imprimer")
    CSV = "csv", _("CSV, pour un tableur")
    JSON = "json", _("JSON, avec de quoi vérifier sans nous croire")


class ContestState(models.TextChoices):
    """The state of a contest."""

    SENT = "sent", _("Envoyée")
    ANSWERED = "answered", _("Réponse reçue")
    WITHDRAWN = "withdrawn", _("Retirée")
