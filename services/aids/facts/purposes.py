"""Why each question is asked: what its answer changes, in one or two sentences."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from services.aids.asking.variants import Question
from services.aids.local.conditions import ASKED


def purpose_of(question: Question) -> str:
    return purposes()[question.key]


def purposes() -> Mapping[str, str]:
    """Return one text per question, under the question's key."""
    return {**_of_the_family(), **_of_money(), **_of_rights(), **_of_the_city()}


def _of_the_family() -> Mapping[str, str]:
    return {
        "naissance": _(
            "Beaucoup d’aides ont un âge : 18 ans pour la prime d’activité, 25 ans pour le RSA sans enfant, "
            "l’âge de la retraite pour l’ASPA."
        ),
        "couple": _("À deux, la CAF compte les revenus de chacun, et les limites sont plus hautes."),
        "naissance_conjoint": _(
            "L’âge de votre conjoint compte pour ses propres droits, comme la retraite ou l’ASPA."
        ),
        "enfants": _(
            "Chaque enfant augmente les montants et les limites. Les allocations familiales commencent à deux enfants."
        ),
        "naissance_enfant": _(
            "Les aides changent avec l’âge : la PAJE avant 3 ans, la rentrée scolaire de 6 à 18 ans, "
            "une majoration pour les plus grands."
        ),
        "seul_depuis": _("Après une séparation récente, le RSA d’un parent seul est plus élevé."),
        "garde": _("Quand un enfant vit chez ses deux parents, plusieurs aides se partagent entre eux."),
        "pension_alimentaire": _(
            "Elle compte comme une ressource. Sans elle, ou si elle est petite, l’allocation de soutien familial "
            "la complète."
        ),
        "grossesse": _("Une naissance attendue ouvre une prime, et le RSA d’un parent seul dès la grossesse."),
        "terme": _("La prime à la naissance est versée au septième mois de grossesse : il faut savoir quand."),
        "parents": _("Avant 25 ans, vivre chez ses parents change le droit à la complémentaire santé solidaire."),
        "commune": _("L’aide au logement dépend de la commune, et les aides locales sont pour ses habitants."),
    }


def _of_money() -> Mapping[str, str]:
    return {
        "activite": _(
            "Chaque situation a ses aides : la prime d’activité pour qui travaille, une bourse pour qui étudie, "
            "l’ASPA pour qui est à la retraite."
        ),
        "revenus": _(
            "C’est ce qui change le plus les montants : la plupart des aides baissent quand les revenus montent."
        ),
        "mois": _("La CAF compte les revenus de trois mois, et l’aide au logement ceux de douze mois."),
        "avant": _("L’aide au logement et la complémentaire santé comptent aussi les mois d’avant."),
        "invalidite": _("Elle compte comme une ressource. Si elle est petite, l’ASI ou l’AAH peuvent la compléter."),
        "logement": _(
            "L’aide au logement est pour les locataires et les foyers. Être logé sans payer compte un peu "
            "comme une ressource."
        ),
        "loyer": _("L’aide au logement se calcule sur le loyer, dans la limite de la zone où vous vivez."),
        "crous": _("Dans un logement du Crous, l’aide au logement se calcule autrement."),
        "avis": _(
            "Les allocations familiales, la rentrée scolaire, les bourses et le chèque énergie "
            "comptent les revenus de cette année-là."
        ),
        "parts": _("Le contrat d’engagement jeune compte les revenus de vos parents divisés par ce nombre de parts."),
        "rattachement": _(
            "Si vous êtes sur la déclaration de vos parents, ce sont leurs revenus qui comptent pour plusieurs aides."
        ),
        "parents_revenus": _("La bourse du Crous dépend des revenus de vos parents."),
        "recu": _("Cela ne change aucun montant : nous ne vous montrons plus ce que vous recevez déjà."),
    }


def _of_rights() -> Mapping[str, str]:
    return {
        "nationalite": _(
            "Le RSA, la prime d’activité, l’AAH et l’ASPA demandent d’être français ou européen, "
            "ou d’avoir un titre de séjour depuis un certain temps."
        ),
        "titre": _("Le RSA ne demande pas cinq ans de séjour aux réfugiés ni avec une carte de résident."),
        "sejour": _(
            "Hors d’Europe, le RSA demande cinq ans avec le droit de travailler, l’ASPA dix. "
            "Un Européen sans emploi reste de droit après cinq ans."
        ),
        "ass": _("L’ASS remplace l’allocation chômage finie, si vous avez travaillé assez longtemps."),
        "deux_ans": _("Avant 25 ans et sans enfant, le RSA demande deux ans de travail sur les trois derniers."),
        "handicap_foyer": _("Un handicap reconnu par la MDPH ouvre l’AAH pour un adulte, l’AEEH pour un enfant."),
        "handicap": _("L’AAH est ouverte à partir d’un taux de 80 %, ou de 50 % si l’emploi est difficile à trouver."),
        "handicap_enfant": _("L’AEEH est ouverte à partir d’un taux de 50 % reconnu à l’enfant."),
        "rsdae": _("Entre 50 et 79 %, c’est cette restriction qui ouvre l’AAH."),
        "complement_aeeh": _("Le complément s’ajoute à l’AEEH, et son montant dépend de son numéro."),
        "etudes": _("Le lycée et l’université n’ont pas les mêmes bourses."),
        "etablissement": _("La bourse du Crous demande un établissement public, ou reconnu par l’État."),
    }


def _of_the_city() -> Mapping[str, str]:
    return {key: str(asked.purpose) for key, (asked, _fact) in ASKED.items()}
