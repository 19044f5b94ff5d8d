"""Prime de Noël: derived from the RSA or the ASS, because the engine does not compute it."""

from typing import Final

from django.utils.translation import gettext as _

from services.aids.reasons.common import EURO_MONTH, Context, Explanation, Law
from services.aids.reasons.conditions import condition
from services.aids.reasons.residence import is_doubtful

# Scale of the yearly decree, unchanged since 2009: second person +50 %, further ones +30 % each, +40 % each from
# the third child on.
BASE: Final = 152.45
SECOND: Final = 0.5
FURTHER: Final = 0.3
THIRD_CHILD: Final = 0.4
DECREE: Final = Law(
    "Décret n° 2022-1568 du 14 décembre 2022",
    "https://www.legifrance.gouv.fr/jorf/id/JORFTEXT000046738342",
    "2022-12-14",
)


def christmas_bonus(parents: int, children: int) -> float:
    """Return the yearly amount in euros for a household."""
    shares = [FURTHER] * (parents - 1 + min(children, 2)) + [THIRD_CHILD] * max(children - 2, 0)
    return round(BASE * (1 + sum(shares) + (SECOND - FURTHER if shares else 0)), 2)


def prime_noel(context: Context) -> Explanation:
    rsa = context.amount("rsa")
    ass = sum(context.amount("ass", person) for person in context.household.parents)
    receives = condition(
        None if is_doubtful(context, "rsa") and not ass else bool(rsa or ass),
        yes=_("Vous avez droit au RSA ou à l’ASS."),
        no=_("Il faut recevoir le RSA ou l’ASS en novembre ou en décembre."),
        unknown=_("Elle dépend du RSA, dont nous ne savons pas s’il vous est ouvert."),
        value=round(rsa + ass, 2),
        limit=0,
        unit=EURO_MONTH,
        law=DECREE,
        keys=("benefits_received",),
    )
    return Explanation("prime_noel", [receives], yes=_("Elle est versée en décembre à ceux qui ont le RSA ou l’ASS."))


def prime_noel_amount(context: Context) -> float:
    """Return the bonus in euros a year. The ASS gives the amount for one person."""
    if context.amount("rsa") and not is_doubtful(context, "rsa"):
        return christmas_bonus(len(context.household.parents), int(context.read("rsa_nb_enfants")))
    return BASE if any(context.amount("ass", person) for person in context.household.parents) else 0.0
