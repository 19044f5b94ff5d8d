"""Words and codes of debates and votes."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

#: Under so many ballots a vote is void: three unanimous voters would know what each other chose.
FEWEST_BALLOTS = 11


class Kind(TextChoices):
    PROPOSAL = "proposal", _("Proposition")
    FOR = "for", _("Argument pour")
    AGAINST = "against", _("Argument contre")


class Rule(TextChoices):
    """Rules of the debate. A post is set aside for one of them, never for its opinion."""

    PERSON = "person", _("Pas de personne nommée ni reconnaissable")
    INSULT = "insult", _("Pas d’insulte, de menace ni de haine")
    ADVERT = "advert", _("Pas de publicité")
    OUTSIDE = "outside", _("Dans le sujet de la consultation")
    TWICE = "twice", _("Pas deux fois la même chose")


class VoteState(TextChoices):
    """The states that people give to a vote. Whether it is open or counted follows from dates and publications."""

    PROPOSED = "proposed", _("À approuver")
    APPROVED = "approved", _("Approuvé")
    REFUSED = "refused", _("Refusé")


class VoteKind(TextChoices):
    """Proposals: on the debate about results. Opening: of an invited group, whether its consultation opens."""

    PROPOSALS = "proposals"
    OPENING = "opening"


class Means(TextChoices):
    """The way in which an identity was proven."""

    FRANCECONNECT = "franceconnect", _("par FranceConnect")
    DESK = "desk", _("au guichet")


class Choice(TextChoices):
    """A choice about one proposal, in the order of its byte in a ballot."""

    NONE = "none", _("Sans avis")
    FOR = "for", _("Pour")
    AGAINST = "against", _("Contre")


class Outcome(TextChoices):
    COUNTED = "counted"
    VOID = "void"
