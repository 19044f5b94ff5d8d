from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Assurance(models.TextChoices):
    """The certainty of a value, from the strongest to the weakest. `weakest` depends on this order."""

    HOLDER = "holder_verified", _("Reçu de l’organisme")
    SIGNATURE = "signature_verified", _("Signature vérifiée")
    CONSISTENT = "consistent", _("Recoupé")
    DECLARED = "declared", _("Déclaré")

    @property
    def proven(self) -> bool:
        return self in {Assurance.HOLDER, Assurance.SIGNATURE}

    @classmethod
    def is_weaker(cls, level: str, than: str) -> bool:
        return level != than and cls.weakest(level, than) == level

    @classmethod
    def weakest(cls, *levels: str) -> "Assurance":
        if len(levels) == 1:
            return cls(levels[0])
        ranks = list(cls)
        return max((cls(level) for level in levels), key=ranks.index, default=cls.DECLARED)


class Method(models.TextChoices):
    API_PULL = "api_pull", _("demandé à l’organisme")
    API_PUSH = "api_push", _("envoyé par l’organisme")
    UPLOAD = "upload", _("lu sur un papier")
    TYPED = "typed", _("saisi")
    DERIVED = "derived", _("calculé")


class Role(models.TextChoices):
    SELF = "self", _("vous")
    SPOUSE = "spouse", _("votre conjoint")
    CHILD = "child", _("votre enfant")
    HOUSEHOLD = "household", _("votre foyer")


class PaperState(models.TextChoices):
    QUARANTINED = "quarantined", _("En attente de contrôle")
    CHECKING = "checking", _("Contrôle en cours")
    TO_CONFIRM = "to_confirm", _("À confirmer")
    KEPT = "kept", _("Rangé")
    REFUSED = "refused", _("Refusé")


class Outcome(models.TextChoices):
    PASSED = "passed", _("Contrôle réussi")
    FAILED = "failed", _("À regarder")
    INCONCLUSIVE = "inconclusive", _("Non vérifié")


class Validity(models.TextChoices):
    """The rule that gives the end of a paper's validity."""

    ON_PAPER = "until_date_on_paper", _("jusqu’à la date écrite dessus")
    FROM_ISSUE = "duration_from_issue", _("un nombre de mois après son établissement")
    ALWAYS = "always", _("toujours")
    MAX_AGE = "max_age_when_presented", _("récent au moment de le montrer")
    SCHOOL_YEAR = "school_year", _("l’année scolaire")
    NEXT_ISSUE = "until_next_issue", _("jusqu’au suivant")
    PERIOD = "covers_printed_period", _("la période écrite dessus")


class Pages(models.TextChoices):
    """The pages of a paper to send."""

    ALL = "all", _("toutes")
    FRONT = "front", _("le recto")
    FRONT_BACK = "front_back", _("le recto et le verso")
    IDENTITY = "identity_page", _("la page d’identité")
    FILLED = "filled_pages", _("les pages remplies")
    PARTS = "parts_1_2_3", _("les volets 1, 2 et 3")
    VACCINATION = "vaccination_pages", _("les pages des vaccinations")


class HolderTheme(models.TextChoices):
    STATE = "state", _("État et impôts")
    SOCIAL = "social", _("Allocations et retraite")
    EMPLOYMENT = "employment", _("Travail")
    HEALTH = "health", _("Santé et handicap")
    EDUCATION = "education", _("Études")
    HOUSING = "housing", _("Logement")
    ENERGY = "energy", _("Énergie et eau")
    BANK = "bank", _("Banque")
    TELECOM = "telecom", _("Téléphone et internet")
    MOBILITY = "mobility", _("Déplacements")
    PURCHASES = "purchases", _("Achats")
    CITY = "city", _("Services de la ville")


class Channel(models.TextChoices):
    """A way to send a request to a holder."""

    ONLINE_ACCOUNT = "online_account", _("dans votre compte en ligne")
    ONLINE_FORM = "online_form", _("par un formulaire sur son site")
    DPO_EMAIL = "dpo_email", _("par e-mail à son délégué à la protection des données")
    DPO_POST = "dpo_post", _("par courrier à son délégué à la protection des données")
    DESK = "desk", _("au guichet")
    AGENCY = "agency", _("à votre agence")
    TICKET = "ticket", _("par une demande d’assistance en ligne")
    SCHOOL_OFFICE = "school_office", _("au secrétariat ou à la scolarité")
    HR_OFFICE = "hr_office", _("au service du personnel")
    CITY_DPO = "city_dpo", _("au délégué à la protection des données de la ville")


class Right(models.TextChoices):
    """The right behind a request: article 15 or 20 of the GDPR."""

    ACCESS = "access", _("une copie de vos données (accès)")
    PORTABILITY = "portability", _("un fichier réutilisable de vos données (portabilité)")


class Mode(models.TextChoices):
    """The use that a recipient makes of the values."""

    COUNT = "count", _("compter, sans montrer")
    LOOK = "look", _("regarder")
    KEEP = "keep", _("garder une copie")


class GrantState(models.TextChoices):
    """The state of a grant, computed from its row and never stored."""

    TO_COME = "to_come", _("Pas encore commencé")
    ACTIVE = "active", _("En cours")
    PAUSED = "paused", _("En pause")
    OVER = "over", _("Terminé")
    STOPPED = "stopped", _("Arrêté")


class RefusalCode(StrEnum):
    """Why the gate refused a reading."""

    STOPPED = "stopped"
    PAUSED = "paused"
    OVER = "over"
    TO_COME = "to_come"
    NOT_COVERED = "not_covered"
    TOO_SOON = "too_soon"
    NOT_ANCHORED = "not_anchored"
    FORGED = "forged"
    LABEL = "label"
    WITHDRAWN = "label_withdrawn"  # final


class GrantChannel(models.TextChoices):
    """The way in which the resident agreed."""

    PAGE = "page", _("sur ce site")
    SPOKEN = "spoken", _("au guichet, de vive voix")
    DESK = "desk", _("au guichet, sur un formulaire signé")
    TELEPHONE = "telephone", _("par un code reçu sur votre téléphone")
    EMERGENCY = "emergency", _("en urgence, sans votre accord")


class Happened(models.TextChoices):
    """An event of a grant. Each has a receipt, except what changes no grant: reminders, requests to erase."""

    GIVEN = "given", _("Accord donné")
    PAUSED = "paused", _("Mis en pause")
    RESUMED = "resumed", _("Repris")
    SHORTENED = "shortened", _("Raccourci")
    NARROWED = "narrowed", _("Une ligne retirée")
    STOPPED = "stopped", _("Arrêté")
    REPLACED = "replaced", _("Remplacé par un nouvel accord")
    RETURNED = "returned", _("Rendu par qui le recevait")
    REVOKED = "revoked", _("Terminé par la ville")
    OVER = "over", _("Arrivé à sa fin")
    ERASING = "erasing", _("Effacement demandé")
    ENDING = "ending", _("Nous vous avons rappelé sa fin")
    UNUSED = "unused", _("Nous vous avons dit qu’il ne servait pas")
    TOLD = "told", _("Nous vous avons dit qu’il était rendu")

    @property
    def has_receipt(self) -> bool:
        return self not in {Happened.ERASING, Happened.ENDING, Happened.UNUSED, Happened.TOLD}

    @property
    def ends(self) -> bool:
        return self in {
            Happened.STOPPED,
            Happened.REPLACED,
            Happened.RETURNED,
            Happened.REVOKED,
            Happened.OVER,
        }


class HouseholdRole(models.TextChoices):
    PARTNER = "partner", _("conjoint ou partenaire")
    ADULT = "adult", _("autre adulte du foyer")
