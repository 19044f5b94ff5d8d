from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override


class EmergencyState(models.TextChoices):
    """Where an emergency access stands: computed when it is asked, never stored."""

    WAITING = "waiting", _("Attend un second agent")
    REFUSED = "refused", _("Refusé par le second agent")
    DECLINED = "declined", _("Refusé par l’habitant")
    LAPSED = "lapsed", _("Sans réponse dans l’heure")
    OPEN = "open", _("Ouvert")
    ENDED = "ended", _("Terminé")


class Act(models.TextChoices):
    """What a companion may do under a mandate, besides reading what was ticked. Nothing else is wired."""

    ADD_PAPER = "add_paper", _("Ajouter un papier à mon coffre")


class AskedFor(models.TextChoices):
    """What a companion may ask to see something for. A list, so that nothing of a person is written where nobody sealed it."""

    DOSSIER = "dossier", _("Préparer un dossier d’aide avec vous")
    REVIEW = "review", _("Faire le point sur votre situation")
    DEBT = "debt", _("Vous aider avec une facture ou une dette")
    HOUSING = "housing", _("Vous aider à trouver ou garder un logement")

    @property
    def in_french(self) -> str:
        """As a grant keeps its purpose and the journal says it: a key of the translations."""
        with override("fr"):
            return str(self.label)


class HalfDay(models.TextChoices):
    MORNING = "morning", _("le matin")
    AFTERNOON = "noon", _("l’après-midi")


class HelpAnswer(models.TextChoices):
    """What an organisation answers to who asks for help. A list, so that nothing of a person is written where nobody sealed it."""

    YES = "yes", _("Oui, nous vous attendons")
    OTHER = "other", _("Pas ce jour-là : demandez un autre moment")
    NO = "no", _("Nous ne pouvons pas vous aider : appelez l’accueil")
