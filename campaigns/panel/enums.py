"""Words, codes and deadlines of the panel."""

from datetime import timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

#: The city answers an opinion in public within so many days.
ANSWERS_WITHIN = timedelta(days=30)
#: Whoever is drawn accepts within so many days. Then the next number is called.
REPLIES_WITHIN = timedelta(days=14)
#: Between the announcement and the minute of the draw.
SHORTEST_NOTICE, LONGEST_NOTICE = timedelta(days=7), timedelta(days=180)
#: From the draw to the last day.
LONGEST_TERM = timedelta(days=731)
#: The next draw comes at most so long before the end of the panel that sits.
HANDOVER = timedelta(days=31)
FEWEST_SEATS, MOST_SEATS = 5, 50
#: Between a referral and its last day.
SHORTEST_READING, LONGEST_READING = timedelta(days=7), timedelta(days=92)


class State(TextChoices):
    """What became of a number of the list. A number without a state is a substitute."""

    CALLED = "called", _("Appelé, n’a pas encore répondu")
    SITS = "sits", _("Siège")
    DECLINED = "declined", _("N’a pas accepté")
    LAPSED = "lapsed", _("N’a pas répondu à temps")
    LEFT = "left", _("S’est retiré")


class Kind(TextChoices):
    """What the city refers to the panel."""

    CAMPAIGN = "campaign", _("Consultation")
    CHARTER = "charter", _("Charte des services")
    REQUEST = "request", _("Demande d’un service")
    LABEL = "label", _("Service du registre")


class Stance(TextChoices):
    FAVOURABLE = "favourable", _("Favorable")
    RESERVED = "reserved", _("Favorable, avec réserves")
    UNFAVOURABLE = "unfavourable", _("Défavorable")


class Decision(TextChoices):
    """The city's answer to an opinion."""

    FOLLOWED = "followed", _("Suivi")
    PARTLY = "partly", _("Suivi en partie")
    REFUSED = "refused", _("Non suivi")
