"""The agreement to count one's values in the aids that the partner computes for the couple."""

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from django_scopes import scope

from vault.records.actions import forget_derived
from vault.records.enums import HouseholdRole, Mode
from vault.records.grants.agreements import Agreement, Item
from vault.records.models import Grant

CODE: Final = "joint_simulation"
TOGETHER: Final = gettext_noop("Calculer les aides du couple avec les valeurs de chacun")
RESULT: Final = "calcul.resultat"


def _fields(type_code: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{type_code}#/{name}" for name in names)


def forget(grant: Grant) -> None:
    """Delete the results computed with these values from the recipient's vault."""
    with scope(resident=grant.recipient_id):
        forget_derived(resident_id=grant.recipient_id, type=RESULT, person=grant.resident_id)


AGREEMENT: Final = Agreement(
    code=CODE,
    version="5",
    title=_("Calculer nos aides à deux"),
    purpose=TOGETHER,
    received=_("Calculer nos aides à deux"),
    use_url="aids:together",
    words=(
        _("%(name)s peut calculer les aides de votre couple. Vos valeurs entrent dans le calcul sans être affichées."),
        _("Chaque calcul s’écrit dans votre journal."),
        _(
            "Le montant d’une aide dépend de vos revenus. À partir du résultat, %(name)s peut les deviner, "
            "parfois à l’euro près."
        ),
        _(
            "Le résultat peut entrer dans un dossier que %(name)s envoie à un organisme. "
            "Il dit que vos revenus ont compté, pas lesquels."
        ),
        _(
            "Ce sont toujours vos valeurs du jour du calcul. "
            "Votre adresse, vos papiers et votre journal n’en font pas partie."
        ),
        _("Sans accord, rien ne change : chacun peut calculer ses aides seul, avec ce qu’il sait."),
    ),
    items=(
        Item("birth", _("Votre date de naissance"), _fields("identite.pivot", "birthdate", "gender"), required=True),
        Item("work", _("Votre activité"), _fields("foyer.situation", "activite", "apprenti_depuis"), required=True),
        Item(
            "wages",
            _("Vos salaires"),
            _fields("emploi.revenu", "mois", "brut", "net_avant_impot", "net_social", "net_imposable"),
            required=True,
        ),
        Item(
            "unemployment",
            _("Vos allocations chômage"),
            (
                *_fields("emploi.indemnite_ft", "date_versement", "montant_total", "montant_allocations"),
                *_fields("emploi.inscription_ft", "date_debut", "date_fin", "categorie_code"),
            ),
            required=True,
        ),
        Item(
            "incomes",
            _("Vos autres revenus, comme une retraite"),
            _fields("revenu.mensuel", "mois", "nature", "net", "imposable", "brut"),
            required=True,
        ),
        Item(
            "notices",
            _("Vos avis d’impôt"),
            _fields(
                "fiscal.avis_ir",
                "annee_revenus",
                "revenu_fiscal_reference",
                "nombre_parts",
                "revenu_brut_global",
                "revenu_imposable",
            ),
        ),
        Item(
            "nationality",
            _("Votre nationalité et votre titre de séjour"),
            _fields("foyer.situation", "nationalite", "titre_sejour", "titre_sejour_depuis"),
        ),
        Item("pregnancy", _("Une grossesse"), _fields("foyer.situation", "enceinte", "date_terme")),
        Item(
            "disability",
            _("Un handicap reconnu"),
            (
                *_fields("handicap.decision", "taux_incapacite", "rsdae", "date_fin"),
                *_fields("handicap.cmi", "mentions", "date_fin"),
            ),
        ),
        Item("studies", _("Vos études"), _fields("etudes.inscription", "date_debut", "date_fin", "est_inscrit")),
    ),
    modes=(Mode.COUNT, Mode.LOOK),
    role=HouseholdRole.PARTNER,
    uses={Mode.LOOK: _("Les valeurs sont comptées, et un total peut s’afficher")},
    enough=_(
        "Un mois suffit pour une demande. Trois mois ou plus si vos revenus changent et que vous voulez recalculer."
    ),
    ended=forget,
)
