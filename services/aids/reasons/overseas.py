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
    home = context.household.housing
    commune = (home and home.insee) or ""
    if context.stock or not commune.startswith("9"):
        return True
    return not (commune.startswith(ELSEWHERE) or (code in OTHERWISE and commune.startswith(DEPARTMENTS)))


def explain_uncovered(benefit: Benefit) -> Explanation:
    """Send the household to whom pays the aid there."""
    texts = (
        _("Nos règles ne couvrent pas cette aide là où vous vivez."),
        _("Qui peut vous répondre : %(giver)s.") % {"giver": benefit.given_by},
    )
    return Explanation(benefit.code, [needs_more(" ".join(texts), keys=("housing.insee",))])
