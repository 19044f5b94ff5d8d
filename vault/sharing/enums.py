from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override


class EmergencyState(models.TextChoices):
    """The state of an emergency access, computed and never stored."""

    WAITING = "waiting", _("Attend un second agent")
    REFUSED = "refused", _("Refusé par le second agent")
    DECLINED = "declined", _("Refusé par l’habitant")
    LAPSED = "lapsed", _("Sans réponse dans l’heure")
    OPEN = "open", _("Ouvert")
    ENDED = "ended", _("Terminé")


class Act(models.TextChoices):
    """An act allowed by a mandate or a desk visit, besides reading the named items."""

    ADD_PAPER = "add_paper", _("Ajouter un papier à mon coffre")
    PREPARE = "prepare", _("Préparer une demande et voir les papiers qui y manquent, sans jamais l’envoyer")
    SIMULATE = (
        "simulate",
        _("Calculer mes aides avec tout mon coffre\u00a0: voir le résultat et ce qui manque, pas ces valeurs"),
    )
    TYPE = "type", _("Écrire ce que je dis et ranger un papier que je confirme, devant moi")


#: Those that a mandate may allow. The others are for a desk visit alone, with the resident present.
ENTRUSTED = (Act.ADD_PAPER, Act.PREPARE, Act.SIMULATE)


class Done(models.TextChoices):
    """What a companion did under a mandate, besides reading, in their own list."""

    PAPER = "paper", _("Papier ajouté")
    PREPARED = "prepared", _("Demande préparée")
    LOOKED = "looked", _("Ce qui manque à une demande, regardé")
    SIMULATED = "simulated", _("Aides calculées")


class AskedFor(models.TextChoices):
    """The purpose of an access request. A closed list, so that no personal detail is stored in plaintext."""

    DOSSIER = "dossier", _("Préparer un dossier d’aide avec vous")
    REVIEW = "review", _("Faire le point sur votre situation")
    DEBT = "debt", _("Vous aider avec une facture ou une dette")
    HOUSING = "housing", _("Vous aider à trouver ou garder un logement")

    @property
    def in_french(self) -> str:
        """The French label, which is the msgid: grants and journal entries store it."""
        with override("fr"):
            return str(self.label)


class HalfDay(models.TextChoices):
    MORNING = "morning", _("le matin")
    AFTERNOON = "noon", _("l’après-midi")


class HelpAnswer(models.TextChoices):
    """The answer to a help request. A closed list, so that no personal detail is stored in plaintext."""

    YES = "yes", _("Oui, nous vous attendons")
    OTHER = "other", _("Pas ce jour-là : demandez un autre moment")
    NO = "no", _("Nous ne pouvons pas vous aider : appelez l’accueil")


class ErasureCause(models.TextChoices):
    """Why a recipient is asked to erase what it received."""

    ASKED = "asked", _("à votre demande")
    WITHDRAWN = "withdrawn", _("le partage s’est arrêté")
    NARROWED = "narrowed", _("vous avez retiré une ligne")


class ErasureAnswer(models.TextChoices):
    CONFIRMED = "confirmed", _("C’est effacé")
    REFUSED = "refused", _("Refusé")


class ErasureState(models.TextChoices):
    """The state of a request to erase, computed and never stored."""

    ASKED = "asked", _("Demandé")
    LATE = "late", _("En retard")
    CONFIRMED = "confirmed", _("Effacé")
    REFUSED = "refused", _("Refusé")
