from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

#: The city as the recipient of a grant: its machine counts the values, nobody reads them.
CITY_KIND = "city"
AGREEMENT = "watch"
#: The queue whose workers load the engine.
QUEUE = "watch"
MONTHS = 12
#: Changes of a vault are gathered for so long before its values are read again.
GATHERED = timedelta(minutes=10)
#: For how long what was found is kept, while the watch is given again each year.
KEPT = timedelta(days=366)
#: How long after a right was told the one question comes.
ASKED_AFTER = timedelta(days=30)


class Kind(models.TextChoices):
    NEW = "new", _("Un droit est apparu")
    GONE = "gone", _("Un droit s’est arrêté")
    MORE = "more", _("Un montant a augmenté")
    LESS = "less", _("Un montant a baissé")


class State(models.TextChoices):
    """The states of a finding. A state before a message is written first, so that no message leaves twice."""

    FOUND = "found"
    TELLING = "telling"
    TOLD = "told"
    ASKING = "asking"
    ASKED = "asked"
    ANSWERED = "answered"


class Answer(models.TextChoices):
    YES = "yes", _("Oui, je l’ai demandé")
    NOT_YET = "not_yet", _("Pas encore")
    STUCK = "stuck", _("Je n’y arrive pas")
