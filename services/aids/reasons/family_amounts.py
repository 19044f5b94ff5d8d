"""The steps that lead to the amounts of family benefits: each is a share of one base amount, the BMAF."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from services.aids.household import Person
from services.aids.reasons.common import (
    FAMILY,
    Context,
    Figure,
    cents,
    difference,
    per_month,
    per_year,
    percent,
    product,
    total,
)

#: Years from which who works is no pupil.
OUT_OF_SCHOOL: Final = 16
AF: Final = f"{FAMILY}.prestations_generales.af"
PRESENCE: Final = f"{FAMILY}.education_presence_parentale"
BASE: Final = f"{FAMILY}.bmaf.bmaf"


@dataclass(frozen=True, slots=True)
class Steps:
    """The figures of a calculation, and the operation on them that gives the amount."""

    figures: list[Figure]
    formula: str


def _base_amount(context: Context, month: str) -> Figure:
    law = context.law(BASE)
    label = _("Base mensuelle des prestations familiales")
    return per_month(label, context.parameter(BASE, month), rule=law.title)


# Allocations familiales


def af(context: Context) -> Steps:
    """The amounts of the children, reduced by the household's income, then completed just above a ceiling."""
    base, older, flat = (
        float(context.read(name)) for name in ("af_base", "af_majoration", "af_allocation_forfaitaire")
    )
    over, flat_over = (
        float(context.read(name))
        for name in ("af_complement_degressif", "af_allocation_forfaitaire_complement_degressif")
    )
    parts = [
        (_("Pour vos enfants"), base, _children_product(context, base)),
        (_("Majoration pour l’âge"), older, _age_product(context, older)),
        (_("Pour un enfant de 20 ans"), flat, _flat_product(context, flat)),
        (_("Complément, juste au-dessus de la tranche"), over, _taper(context, base + older, over)),
        (_("Complément, juste au-dessus de la tranche"), flat_over, _taper(context, flat, flat_over)),
    ]
    paid = [part for part in parts if part[1]]
    figures = [per_month(label, round(value, 2), rule=rule) for label, value, rule in paid]
    return Steps(
        [_base_amount(context, context.month), *figures],
        total([value for _label, value, _rule in paid], context.amount("af")),
    )


def _children_product(context: Context, amount: float) -> str:
    children = int(context.read("af_nbenf"))
    second, third = (context.parameter(f"{AF}.af_cm.taux.{name}") for name in ("enf2", "enf3"))
    share = second * (children >= 2) + third * max(children - 2, 0)
    base = context.parameter(BASE)
    whole = round(base * share, 2) / base if base else 0
    shared, rate = (float(context.read(name)) for name in ("af_coeff_garde_alternee", "af_taux_modulation"))
    return product(amount, (whole, percent(share)), (base, cents(base)), *_custody(shared), *_reduction(rate))


def _age_product(context: Context, amount: float) -> str:
    base, share = context.parameter(BASE), context.parameter(f"{AF}.af_maj.maj_age_deux_enfants.taux1")
    children = sum(float(context.read("af_majoration_enfant", person=child)) > 0 for child in context.children)
    rate = float(context.read("af_taux_modulation"))
    return product(amount, *_many(children), (share, percent(share)), (base, cents(base)), *_reduction(rate))


def _flat_product(context: Context, amount: float) -> str:
    children = int(context.read("af_allocation_forfaitaire_nb_enfants"))
    share = context.parameter(f"{AF}.af_maj.majoration_enfants.allocation_forfaitaire.taux")
    rate = float(context.read("af_allocation_forfaitaire_taux_modulation"))
    base = context.parameter(BASE)
    return product(amount, *_many(children), (share, percent(share)), (base, cents(base)), *_reduction(rate))


def _taper(context: Context, reduced: float, amount: float) -> str:
    """Return “75,90 € − (79 000 € − 78 565 €) ÷ 12”: the reduced amount less a twelfth of what exceeds the ceiling."""
    have = float(context.read("prestations_familiales_base_ressources"))
    children = int(context.read("af_nbenf"))
    more = children * context.parameter(f"{AF}.af_cond_ress.majoration_plafond_par_enfant_supplementaire")
    caps = [context.parameter(f"{AF}.af_cond_ress.plafond_tranche_{rank}_base") + more for rank in (1, 2)]
    cap = max((cap for cap in caps if cap < have), default=0.0)
    same = abs(reduced - (have - cap) / 12 - amount) < 0.01
    return f"{cents(reduced)} − ({cents(have)} − {cents(cap)}) ÷ 12" if same else ""


def _many(children: int) -> list[tuple[float, str]]:
    return [(float(children), str(children))] if children > 1 else []


def _custody(share: float) -> list[tuple[float, str]]:
    return [(share, _("%(share)s (garde alternée)") % {"share": percent(share)})] if share < 1 else []


def _reduction(rate: float) -> list[tuple[float, str]]:
    return [(rate, _("%(share)s (selon vos revenus)") % {"share": percent(rate)})] if rate < 1 else []


# Allocation de soutien familial


def asf(context: Context, children: int, received: float) -> Steps:
    """A share of the base for each child, less the alimony received."""
    share, base = (
        context.parameter(path) for path in (f"{PRESENCE}.asf.montant_asf.orphelin_assimile_seul_parent", BASE)
    )
    due = children * share * base
    label = ngettext("Pour %(count)s enfant", "Pour %(count)s enfants", children) % {"count": children}
    rule = product(due, *_many(children), (share, percent(share)), (base, cents(base)))
    alimony = [
        figure for figure in context.incomes(context.month, context.month) if figure.key.endswith("alimony_received")
    ]
    amount = context.amount("asf")
    formula = difference(due, received, amount) if received else total([due], amount)
    return Steps([_base_amount(context, context.month), per_month(label, round(due, 2), rule=rule), *alimony], formula)


# Allocation de rentrée scolaire


def ars(context: Context, have: float, cap: float) -> Steps:
    """A share of the base by the age of each child at the end of the year, less what exceeds the ceiling.

    Args:
        have: the year's income that counts.
        cap: its ceiling, before the tapering of the amount.
    """
    month = f"{context.month[:4]}-10"
    base = context.parameter(BASE, month)
    steps = [
        _schooled(context, name, ages, count=count, base=base)
        for name, ages, count in (
            ("primaire", _("de 6 à 10 ans"), _pupils(context, 5, 10)),
            ("college", _("de 11 à 14 ans"), _pupils(context, 11, 14)),
            ("lycee", _("de 15 à 18 ans"), _pupils(context, 15, 18)),
        )
        if count
    ]
    over = max(have - cap, 0)
    taper = (
        [per_year(_("Ce qui dépasse la limite"), round(over, 2), rule=f"{cents(have)} − {cents(cap)}")] if over else []
    )
    whole, amount = sum(step.value for step in steps), context.amount("ars")
    formula = total([step.value for step in steps], amount)
    if over:
        formula = difference(whole, over, amount)
    return Steps([_base_amount(context, month), *steps, *taper], formula)


def _schooled(context: Context, name: str, ages: str, *, count: int, base: float) -> Figure:
    share = context.parameter(f"{PRESENCE}.ars.ars_m.taux_{name}", f"{context.month[:4]}-10")
    due = count * share * base
    label = ngettext("Pour %(count)s enfant %(ages)s", "Pour %(count)s enfants %(ages)s", count)
    rule = product(due, *_many(count), (share, percent(share)), (base, cents(base)))
    return per_year(label % {"count": count, "ages": ages}, due, rule=rule)


def _pupils(context: Context, youngest: int, oldest: int) -> int:
    """Count the children by their age on 31 December; one may be 6 in January, or turn 18 after 15 September."""
    return sum(youngest <= _age(context, child) <= oldest for child in context.children if is_pupil(context, child))


def is_pupil(context: Context, child: Person) -> bool:
    """Return whether a child brings the allowance: 6 before 1 February, under 18 on 15 September, not at work.

    R. 543-2 and L. 543-1 CSS. The published engine takes the age on 31 December, and asks for no school.
    """
    if context.stock:
        return 6 <= _age(context, child) <= 17 or (_age(context, child) == 18 and child.birth_date.month >= 10)
    year = int(context.month[:4])
    of_age = date(year - 18, 9, 15) < child.birth_date < date(year - 5, 2, 1)
    left_school = child.status in {"employed", "self_employed", "unemployed"} and child.school is None
    earns = context.read("autonomie_financiere", f"{year}-10", child)
    return of_age and not earns and not (_age(context, child) >= OUT_OF_SCHOOL and left_school)


def _age(context: Context, child: Person) -> int:
    return int(context.month[:4]) - child.birth_date.year
