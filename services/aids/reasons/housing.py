"""Housing and energy: aide au logement, energy voucher, Visale, Loca-Pass, Mobili-jeune."""

from datetime import date
from typing import Final

from django.utils.translation import gettext as _

from services.aids.household import TENANTS, Person, months
from services.aids.reasons.common import (
    COUNT,
    EURO_MONTH,
    EURO_YEAR,
    HOUSING,
    SCHOOL,
    SOCIAL,
    YEARS,
    Context,
    Explanation,
    Figure,
    Law,
    Reason,
    Threshold,
    cents,
    count,
    euros,
    notice_figure,
    notice_key,
    per_month,
    per_year,
)
from services.aids.reasons.conditions import age_between, condition, needs_more, refusal, resources_under

LOCATIF = f"{HOUSING}.allocations_logement.locatif"
# In old homes of zone 3, loans opened the aid two years longer.
LOANS_UNTIL: Final = 2020
#: The first month of the rule on students from outside Europe, and the years of residence after which they are spared.
FOREIGN_STUDENTS: Final = "2026-07"
TEN_YEARS: Final = 10
ACTION = f"{HOUSING}.action_logement"
ENERGY = f"{SOCIAL}.solidarite_insertion.autre_solidarite.cheque_energie"


def _status(context: Context) -> str:
    home = context.household.housing
    return (home and home.status) or ""


def tenant_reason(context: Context, law: Law) -> Reason:
    return condition(
        _status(context) in TENANTS,
        yes=_("Vous êtes locataire ou en foyer."),
        no=_("Il faut payer un loyer : être locataire, ou vivre en foyer ou en résidence."),
        law=law,
        keys=("housing.status",),
    )


def _rented(context: Context, rent: float, law: Law) -> list[Reason]:
    """The conditions of a tenant. A loan signed before 2018 still opens the aid (law n° 2017-1837, article 126), and
    nobody is asked for its day: an owner who moved in before, or on no known day, is sent to the CAF.
    """
    home = context.household.housing
    if home and home.status == "owner_mortgage" and not (home.moved_in and home.moved_in.year >= LOANS_UNTIL):
        text = _("Un prêt signé avant 2018 peut encore ouvrir cette aide. Demandez à la CAF.")
        return [needs_more(text, law=law, keys=("housing.status",))]
    tenant = tenant_reason(context, law)
    return [tenant, _rent_reason(rent, law)] if tenant.ok else [tenant]


def aide_logement(context: Context) -> Explanation:
    home = context.household.housing
    rent = float((home and home.rent) or 0)
    law = context.law(f"{LOCATIF}.seuils_minimum_versement.non_apl")
    reasons = _rented(context, rent, law)
    explanation = Explanation(
        "aide_logement", reasons, yes=_("Vous payez un loyer et vos revenus sont sous la limite.")
    )
    if not (reasons[0].ok and rent):
        return explanation
    have = float(context.read("aide_logement_base_ressources"))
    cap = _zero_point(context)
    paid = context.amount("aide_logement") > 0
    closed = [] if paid else _closed(context, rent)
    if closed:
        reasons += closed
        return explanation
    if cap is not None:
        cap = max(cap, have) if paid else min(cap, have - 1)
        reasons.append(_resources(context, have, cap, law))
        explanation.threshold = Threshold(_("Ressources de douze mois, jusqu’à l’avant-dernier"), have, cap, EURO_YEAR)
    elif not paid:
        text = _("Vos ressources, %(have)s par an, sont trop élevées pour ce loyer.") % {"have": euros(have)}
        reasons.append(refusal(text, value=have, unit=EURO_YEAR, law=law, keys=context.income_keys()))
    explanation.figures = [*_rent_figures(context, rent, have), *(_aid_figures(context) if paid else [])]
    explanation.formula = _aid_formula(context) if paid else ""
    return explanation


def _closed(context: Context, rent: float) -> list[Reason]:
    """Return why no income would open the aid: a rent over the last limit, or a student from outside Europe."""
    zone, path = context.read("zone_apl"), f"{LOCATIF}.coefficients_degressivite_suppression"
    limit = round(
        float(context.read("aide_logement_loyer_plafond")) * context.parameter(f"{path}.{zone}.suppression"), 2
    )
    paid = context.amount("aeeh") or any(context.amount("aah", person) for person in context.household.parents)
    spared = _status(context) == "residence" or bool(paid)
    if rent > limit and not spared:
        text = _("Votre loyer dépasse la limite de %(limit)s : au-dessus, l’aide n’est pas versée.")
        return [
            refusal(
                text % {"limit": euros(limit)},
                value=rent,
                limit=limit,
                unit=EURO_MONTH,
                law=context.law(f"{path}.{zone}.suppression"),
                keys=("housing.rent",),
            )
        ]
    parents = context.household.parents
    if context.stock or context.month < FOREIGN_STUDENTS:
        return []
    if not all(_is_foreign_student(context, person) for person in parents):
        return []
    text = _(
        "Depuis juillet 2026, un étudiant étranger hors d’Europe n’y a droit qu’avec une bourse. Demandez à la CAF."
    )
    law = Law("Article L822-2 du code de la construction et de l’habitation", "", f"{FOREIGN_STUDENTS}-01")
    keys = [person.key(name) for person in parents for name in ("nationality", "boursier")]
    return [needs_more(text, law=law, keys=tuple(keys))]


def _is_foreign_student(context: Context, person: Person) -> bool:
    european = person.nationality == "CH" or bool(context.read("ressortissant_eee", person=person))
    long_since = float(context.read("duree_possession_titre_sejour", person=person)) >= TEN_YEARS
    return person.status == "student" and not (european or long_since or context.read("boursier", person=person))


# 1 for a person whose unemployment is paid for two months, or who left work for a pension (R822-13, R822-14 CCH).
DEDUCTED: Final = "aide_logement_abattement_revenus_activite_professionnelle"


def _aid_parts(context: Context) -> tuple[float, float, float, float]:
    """Return the rent and the charges counted, then the part that the household pays and the flat reduction."""
    rent, charges, share = (
        float(context.read(f"aide_logement_{name}"))
        for name in ("loyer_retenu", "charges", "participation_personnelle")
    )
    return rent, charges, share, context.parameter(f"{LOCATIF}.minoration_forfaitaire")


def _aid_figures(context: Context) -> list[Figure]:
    _rent, charges, share, less = _aid_parts(context)
    return [
        per_month(_("Charges comptées, un forfait"), round(charges, 2)),
        per_month(_("Ce qui reste à votre charge"), round(share, 2), rule=_("Selon vos ressources et votre foyer")),
        per_month(_("Réduction forfaitaire"), round(less, 2)),
    ]


def _aid_formula(context: Context) -> str:
    """Return the sum that gives the amount: less a tax of 0.5 % on it, then rounded down to the euro."""
    rent, charges, share, less = _aid_parts(context)
    gross = rent + charges - share - less
    if not 0 <= gross - context.amount("aide_logement") < 0.01 * gross + 1:
        return ""
    total = f"{cents(rent)} + {cents(charges)} − {cents(share)} − {cents(less)}"
    return _("%(sum)s, moins la CRDS, arrondi à l’euro") % {"sum": total}


def _rent_reason(rent: float, law: Law) -> Reason:
    return condition(
        rent > 0,
        yes=_("Vous payez un loyer."),
        no=_("Nous ne connaissons pas de loyer."),
        value=rent,
        unit=EURO_MONTH,
        law=law,
        keys=("housing.rent",),
    )


def _resources(context: Context, have: float, cap: float, law: Law) -> Reason:
    return resources_under(
        cap,
        have=have,
        unit=EURO_YEAR,
        under=_("Vos ressources de douze mois, %(have)s, sont sous la limite de %(limit)s."),
        over=_("Vos ressources sont %(gap)s au-dessus de la limite, par an."),
        law=law,
        keys=(*context.income_keys(), "housing.rent", "housing.status", "housing.insee"),
    )


def _rent_figures(context: Context, rent: float, have: float) -> list[Figure]:
    counted = round(float(context.read("aide_logement_loyer_retenu")), 2)
    zone = _("Zone %(zone)s") % {"zone": str(context.read("zone_apl")).removeprefix("zone_")}
    after = _("Douze mois jusqu’à l’avant-dernier, après les abattements")
    if any(
        parent.status == "unemployed" and context.read(DEDUCTED, person=parent) for parent in context.household.parents
    ):
        after = _("Douze mois jusqu’à l’avant-dernier, après les abattements, dont 30 % des salaires pour le chômage")
    return [
        per_month(_("Loyer"), rent, key="housing.rent"),
        per_month(_("Loyer retenu, dans la limite de la zone"), counted, key="housing.insee", rule=zone),
        *context.incomes(months.shift(context.month, -13), months.shift(context.month, -2), figure="taxable"),
        per_year(_("Ressources retenues"), round(have, 2), rule=after),
    ]


def _zero_point(context: Context) -> float | None:
    """Return the yearly resources at which the aid stops for the current rent; None in a residence, whose formula has
    no such point.
    """
    share = float(context.read("aide_logement_taux_famille")) + float(context.read("aide_logement_taux_loyer"))
    if _status(context) == "residence" or not share:
        return None
    covered = float(context.read("aide_logement_loyer_retenu")) + float(context.read("aide_logement_charges"))
    agreed = bool(context.read("logement_conventionne"))
    least = max(
        context.parameter(f"{LOCATIF}.seuils_minimum_versement.{'apl' if agreed else 'non_apl'}"),
        context.parameter(f"{LOCATIF}.minoration_forfaitaire"),
    )
    minimum = float(context.read("aide_logement_participation_minimale"))
    return float(context.read("aide_logement_R0")) + (covered - minimum - least) / share


def cheque_energie(context: Context) -> Explanation:
    year = context.month[:4]
    units = float(context.read("cheque_energie_unites_consommation", year))
    rfr = float(context.read("rfr", str(int(year) - 2)))
    cap = _energy_cap(context, units)
    have = rfr / units if units else 0.0
    law = context.law(f"{ENERGY}.baremes.une_uc")
    own_notice = any(not person.tax_dependent_of_parents for person in context.household.parents)
    return Explanation(
        "cheque_energie",
        [
            _home_reason(context, year, law),
            condition(
                own_notice,
                yes=_("Vous avez votre propre avis d’impôt."),
                no=_("Il faut avoir son propre avis d’impôt."),
                keys=notice_key(context),
            ),
            _income_per_unit(context, have, cap if have < cap else cap - 0.01, law),
        ],
        threshold=Threshold(_("Revenu fiscal par part de consommation"), have, cap, EURO_YEAR),
        figures=_energy_figures(context, rfr, units, have),
        yes=_("Vos revenus par part sont sous la limite."),
        formula=_("Barème du chèque, pour ce revenu par part"),
    )


def _home_reason(context: Context, year: str, law: Law) -> Reason:
    contract = _status(context) in {"free", "residence"} and not context.stock
    return condition(
        None if contract else bool(context.read("cheque_energie_eligibilite_logement", year)),
        yes=_("Vous avez votre propre logement, loué ou à vous."),
        no=_("Il faut un logement à soi, loué ou en propriété."),
        unknown=_(
            "Il va à qui paie l’électricité du logement. Si le contrat est à votre nom, voyez chequeenergie.gouv.fr."
        ),
        law=law,
        keys=("housing.status",),
    )


def _income_per_unit(context: Context, have: float, limit: float, law: Law) -> Reason:
    return resources_under(
        limit,
        have=have,
        unit=EURO_YEAR,
        under=_("Vos revenus par part, %(have)s par an, sont sous %(limit)s."),
        over=_("Vos revenus par part sont %(gap)s au-dessus de la limite, par an."),
        law=law,
        keys=notice_key(context),
    )


def _energy_figures(context: Context, rfr: float, units: float, have: float) -> list[Figure]:
    return [
        *notice_figure(context),
        Figure(
            label=_("Parts de consommation"),
            value=round(units, 2),
            unit=COUNT,
            key="household.people",
            rule=_("1 pour la première personne, 0,5 pour la deuxième, 0,3 pour chaque autre"),
        ),
        per_year(_("Revenu par part"), round(have, 2), rule=f"{euros(rfr)} ÷ {count(round(units, 2))}"),
    ]


def _energy_cap(context: Context, units: float) -> float:
    scale = "une_uc" if units <= 1 else "une_uc_a_deux_uc" if units < 2 else "plus_de_deux_ucs"
    return context.parameter(f"{ENERGY}.baremes.{scale}.4.threshold")


def visale(context: Context) -> Explanation:
    path = f"{ACTION}.visale.eligibilite.age_max"
    cap = float(context.read("visale_montant_max"))
    person = context.household.applicant
    age = age_between(
        context,
        person,
        text=_("Âge : %(age)s ans. La garantie va de 18 à 30 ans."),
        path=path,
        least=18,
        most=int(context.parameter(path)),
    )
    if not age.ok and person.age(context.month) >= 18:
        # Action Logement asks for low wages, a new job or a transfer, none of which we know.
        text = _(
            "Après 30 ans, la garantie va à certains salariés du privé : petit salaire, embauche récente ou mutation. "
            "Demandez à Action Logement."
        )
        age = needs_more(text, law=context.law(path), keys=(person.key("birth_date"), person.key("status")))
    moving = _moving_reason(context, context.law(path))
    reasons = [age, moving, *([_rent_under(context, cap)] if moving.ok else [])]
    explanation = Explanation("visale", reasons, yes=_("Vous emménagez et le loyer est sous la limite."))
    if age.ok:
        text = _("Si vous signez un bail, la garantie couvre un loyer de %(limit)s au plus, charges comprises.") % {
            "limit": euros(cap)
        }
        explanation.changes.append(text)
        rule = _("La moitié de vos ressources, dans une limite")
        explanation.figures = [per_month(_("Loyer couvert au plus"), round(cap, 2), rule=rule)]
    return explanation


def _rent_under(context: Context, cap: float) -> Reason:
    home = context.household.housing
    rent = (home.rent or 0) + (home.charges or 0) if home else 0
    return condition(
        rent <= cap,
        yes=_("Le loyer est sous la limite."),
        no=_("Le loyer dépasse la limite : la moitié de vos ressources, ou moins dans votre zone."),
        value=rent,
        limit=round(cap, 2),
        unit=EURO_MONTH,
        keys=("housing.rent", *context.income_keys()),
    )


def _moving_reason(context: Context, law: Law) -> Reason:
    """Whether a move is known. Nobody is asked for their plans: the refusal says when to ask."""
    home = context.household.housing
    entered = home.moved_in if home else None
    return condition(
        entered is not None and entered > date.fromisoformat(f"{context.month}-01"),
        yes=_("Vous emménagez dans un nouveau logement."),
        no=_("Elle sert à qui change de logement : si vous emménagez, demandez-la au moment de signer le bail."),
        law=law,
        keys=("housing.moved_in",),
    )


def loca_pass(context: Context, person: Person) -> Explanation:
    path = f"{ACTION}.locapass.age_max"
    law = context.law(path)
    entitled = condition(
        bool(context.read("locapass_eligibilite_individu", person=person)),
        yes=_("Vous êtes salarié du privé, ou jeune de moins de 30 ans en emploi, en formation ou en recherche."),
        no=_(
            "Il faut être salarié du privé, ou avoir moins de 30 ans et être en emploi, en formation ou en recherche."
        ),
        value=person.age(context.month),
        limit=int(context.parameter(path)),
        unit=YEARS,
        law=law,
        keys=(person.key("status"),),
    )
    moving = _moving_reason(context, law)
    reasons = [entitled, *([tenant_reason(context, law)] if moving.ok else []), moving]
    explanation = Explanation(
        "loca_pass", reasons, yes=_("Vous emménagez : l’avance paie le dépôt de garantie."), person=person.id
    )
    if entitled.ok:
        explanation.changes.append(
            _("Si vous signez un bail, demandez l’avance avant deux mois : elle se rembourse sans intérêt.")
        )
    return explanation


def mobili_jeune(context: Context, person: Person) -> Explanation:
    path = f"{SCHOOL}.mobilite.mobili_jeune.age_maximum"
    law = context.law(path)
    reasons = [
        condition(
            person.status == "apprentice",
            yes=_("Vous êtes en alternance."),
            no=_("Il faut être en alternance."),
            law=law,
            keys=(person.key("status"),),
        ),
        age_between(
            context,
            person,
            text=_("Âge : %(age)s ans. L’aide va jusqu’à 29 ans."),
            path=path,
            most=int(context.parameter(path)) - 1,
        ),
        tenant_reason(context, law),
    ]
    if all(reason.ok for reason in reasons) and not context.amount("mobili_jeune", person):
        reasons.append(
            needs_more(_("Nous ne savons pas si votre employeur cotise à Action Logement : demandez-le-lui."), law=law)
        )
    return Explanation(
        "mobili_jeune", reasons, yes=_("Vous êtes en alternance et vous payez un loyer."), person=person.id
    )
