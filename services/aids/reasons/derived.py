"""Prime de Noël: not computed by the engine, derived from the RSA or the ASS of November or December."""

from typing import Final

from django.utils.translation import gettext as _

from services.aids.reasons.common import EURO_MONTH, Context, Explanation, Law, Reason

# Decree of December, unchanged since 2009: one person; then 50 % more, 30 % for each of the next two, 40 % after.
BASE: Final = 152.45
SHARES: Final = (0.5, 0.3, 0.3)
FURTHER: Final = 0.4
DECREE: Final = Law(
    "Décret n° 2022-1568 du 14 décembre 2022",
    "https://www.legifrance.gouv.fr/jorf/id/JORFTEXT000046738342",
    "2022-12-14",
)


def christmas_bonus(people: int) -> float:
    """Euros, once a year, for a household of that many people. The ASS gives the one-person amount."""
    more = people - 1
    rate = 1 + sum(SHARES[:more]) + FURTHER * max(more - len(SHARES), 0)
    return round(BASE * rate, 2)


def prime_noel(context: Context) -> Explanation:
    rsa = context.amount("rsa")
    ass = sum(context.amount("ass", person) for person in context.household.parents)
    text = (
        _("Vous avez droit au RSA ou à l’ASS.")
        if rsa or ass
        else _("Il faut recevoir le RSA ou l’ASS en novembre ou en décembre.")
    )
    reasons = [Reason(text, bool(rsa or ass), round(rsa + ass, 2), 0, EURO_MONTH, DECREE, ("benefits_received",))]
    return Explanation("prime_noel", reasons, yes=_("Elle est versée en décembre à ceux qui ont le RSA ou l’ASS."))


def prime_noel_amount(context: Context) -> float:
    if context.amount("rsa"):
        children = int(context.read("rsa_nb_enfants"))
        return christmas_bonus(len(context.household.parents) + children)
    return BASE if any(context.amount("ass", person) for person in context.household.parents) else 0.0
