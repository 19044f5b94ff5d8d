"""The agreement of the watch: the values that the computation of aids reads, each in one line."""

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from services.aids.facts import from_vault
from services.watch import ending
from services.watch.enums import AGREEMENT as CODE
from services.watch.enums import CITY_KIND, MONTHS
from vault.records.enums import Mode
from vault.records.grants.agreements import Agreement, Item

PURPOSE: Final = gettext_noop("Vous prévenir quand un droit apparaît ou change")


def _of(*types: str) -> tuple[str, ...]:
    """Return the fields of these types that the computation reads."""
    return tuple(name for name in from_vault.FIELDS if name.partition("#")[0] in types)


def _only(type_code: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{type_code}#/{name}" for name in names)


#: Values of foyer.situation that a resident may leave out.
NATIONALITY = _only("foyer.situation", "nationalite", "titre_sejour", "titre_sejour_depuis")
PREGNANCY = _only("foyer.situation", "enceinte", "date_terme")
HOUSING_TROUBLE = _only("foyer.situation", "difficulte_logement")
SITUATION = tuple(name for name in _of("foyer.situation") if name not in {*NATIONALITY, *PREGNANCY, *HOUSING_TROUBLE})

AGREEMENT: Final = Agreement(
    code=CODE,
    version="3",
    title=_("La veille de vos droits"),
    purpose=PURPOSE,
    words=(
        _("Un programme de la ville refait le calcul de vos aides quand votre coffre ou la loi change."),
        _("Personne ne lit vos valeurs. La ville ne sait pas qui a la veille, ni combien de personnes l’ont."),
        _("Vous recevez un message qui ne dit ni l’aide ni le montant. Le reste est ici."),
        _("Rien n’est demandé à votre place. Sans réponse de vous, rien ne part."),
        _("Chaque calcul est une ligne de votre journal."),
        _("Arrêter efface ce que la veille a gardé et trouvé, tout de suite."),
    ),
    items=(
        Item("people", _("Qui vit avec vous, et les âges"), _of("identite.pivot", "foyer.composition"), required=True),
        Item("work", _("Votre activité et vos études"), SITUATION, required=True),
        Item("home", _("Votre logement, son loyer"), _of("logement.domicile"), required=True),
        Item(
            "incomes",
            _("Vos revenus"),
            _of("emploi.revenu", "emploi.indemnite_ft", "emploi.inscription_ft", "revenu.mensuel"),
            required=True,
        ),
        Item("notices", _("Vos avis d’impôt"), _of("fiscal.avis_ir"), required=True),
        Item(
            "paid",
            _("Les aides que vous recevez, votre quotient familial"),
            _of("social.paiement", "social.prestation", "social.quotient_familial", "sante.c2s"),
        ),
        Item(
            "studies",
            _("Les inscriptions et les bourses"),
            _of("etudes.inscription", "etudes.bourse", "scolarite.eleve"),
        ),
        Item("nationality", _("Votre nationalité et votre titre de séjour"), NATIONALITY),
        Item("pregnancy", _("Une grossesse"), PREGNANCY),
        Item("disability", _("Un handicap reconnu"), _of("handicap.decision", "handicap.cmi")),
        Item("trouble", _("Une difficulté de logement"), HOUSING_TROUBLE),
    ),
    modes=(Mode.COUNT,),
    uses={Mode.COUNT: _("Vos valeurs sont comptées par un programme, et personne ne les voit")},
    enough=_("La veille dure douze mois. Elle ne se renouvelle pas toute seule."),
    months=(MONTHS,),
    renewable=False,
    recipient_kind=CITY_KIND,
    stopping=_("Ce que la veille a trouvé est effacé. Vos valeurs et vos dossiers ne changent pas."),
    ended=ending.ended,
)
