"""What the rules do not cover: overseas, the aids that have rules of their own there get no amount from us."""

from typing import Final

from django.utils.translation import gettext as _

from services.aids.benefits import Benefit
from services.aids.reasons.common import Context, Explanation
from services.aids.reasons.conditions import needs_more

#: Guadeloupe, Martinique, Guyane and La Réunion, by INSEE's codes. Most rules are those of the mainland.
DEPARTMENTS: Final = ("971", "972", "973", "974")
#: Aids whose amounts or limits are others there: L755-11 and L755-16 CSS, and decrees of their own for housing.
OTHERWISE: Final = frozenset({"af", "cf", "aide_logement", "logement_social"})
#: Mayotte, Saint-Pierre-et-Miquelon, Saint-Barthélemy, Saint-Martin and the Pacific: other laws.
ELSEWHERE: Final = ("975", "976", "977", "978", "98")


def is_covered(context: Context, code: str) -> bool:
    """Return whether the rules of an aid are known where the household lives. No amount is given elsewhere."""
    insee = context.household.insee
    if context.stock or not insee.startswith("9"):
        return True
    return not (is_elsewhere(insee) or (code in OTHERWISE and insee.startswith(DEPARTMENTS)))


def is_elsewhere(insee: str) -> bool:
    """Return whether no rule of ours is that of this commune."""
    return insee.startswith(ELSEWHERE)


def name_office(name: str, insee: str) -> str:
    """Return who gives an aid where the household lives. Overseas has no MSA and no CPAM: L752-4 CSS."""
    health = any(office in name for office in ("CPAM", "Assurance maladie", "health insurance"))
    if insee.startswith("976") and (health or "CAF" in name):
        return _("la caisse de sécurité sociale de Mayotte")
    if insee.startswith(DEPARTMENTS) and health:
        return _("la caisse générale de sécurité sociale (CGSS)")
    return name


def explain_uncovered(benefit: Benefit, insee: str) -> Explanation:
    """Send the household to whom pays the aid there."""
    texts = (
        _("Nos règles ne couvrent pas cette aide là où vous vivez."),
        _("Qui peut vous répondre : %(giver)s.") % {"giver": name_office(str(benefit.given_by), insee)},
    )
    return Explanation(benefit.code, [needs_more(" ".join(texts), keys=("housing.insee",))])
