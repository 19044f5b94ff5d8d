"""Housing and energy: aide au logement, energy voucher, Visale, Loca-Pass, Mobili-jeune."""

from django.utils.translation import gettext as _

from services.aids import months
from services.aids.household import TENANTS, Person
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
    age_reason,
    count,
    euros,
    notice_figure,
    notice_key,
    resources_reason,
)

LOCATIF = f"{HOUSING}.allocations_logement.locatif"
ACTION = f"{HOUSING}.action_logement"
ENERGY = f"{SOCIAL}.solidarite_insertion.autre_solidarite.cheque_energie"


def _status(context: Context) -> str:
    home = context.household.housing
    return (home and home.status) or ""


def tenant_reason(context: Context, law: Law | None = None) -> Reason:
    tenant = _status(context) in TENANTS
    text = (
        _("Vous êtes locataire ou en foyer.")
        if tenant
        else _("Il faut payer un loyer : être locataire, ou vivre en foyer ou en résidence.")
    )
    return Reason(text, tenant, law=law, figures=("housing.status",))


def aide_logement(context: Context) -> Explanation:
    home = context.household.housing
    rent = float((home and home.rent) or 0)
    law = context.law(f"{LOCATIF}.seuils_minimum_versement.non_apl")
    reasons = [
        tenant_reason(context, law),
        Reason(
            _("Vous payez un loyer.") if rent else _("Nous ne connaissons pas de loyer."),
            rent > 0,
            rent,
            None,
            EURO_MONTH,
            law,
            ("housing.rent",),
        ),
    ]
    explanation = Explanation(
        "aide_logement", reasons, yes=_("Vous payez un loyer et vos revenus sont sous la limite.")
    )
    if not (reasons[0].ok and rent):
        return explanation
    have = float(context.read("aide_logement_base_ressources"))
    cap = _zero_point(context)
    paid = context.amount("aide_logement") > 0
    if cap is not None:
        cap = max(cap, have) if paid else min(cap, have - 1)
        reasons.append(
            resources_reason(
                _("Vos ressources de douze mois, %(have)s, sont sous la limite de %(limit)s."),
                _("Vos ressources sont %(gap)s au-dessus de la limite, par an."),
                have,
                cap,
                EURO_YEAR,
                law,
                (*context.income_keys(), "housing.rent", "housing.status", "housing.insee"),
            )
        )
        explanation.threshold = Threshold(_("Ressources de douze mois, jusqu’à l’avant-dernier"), have, cap, EURO_YEAR)
    elif not paid:
        reasons.append(
            Reason(
                _("Vos ressources, %(have)s par an, sont trop élevées pour ce loyer.") % {"have": euros(have)},
                False,
                have,
                None,
                EURO_YEAR,
                law,
                context.income_keys(),
            )
        )
    explanation.figures = [
        Figure(_("Loyer"), rent, EURO_MONTH, "housing.rent"),
        Figure(
            _("Loyer retenu, dans la limite de la zone"),
            round(float(context.read("aide_logement_loyer_retenu")), 2),
            EURO_MONTH,
            "housing.insee",
            _zone(context),
        ),
        *context.incomes(months.shift(context.month, -13), months.shift(context.month, -2), figure="taxable"),
        Figure(
            _("Ressources retenues"),
            round(have, 2),
            EURO_YEAR,
            "",
            _("Douze mois jusqu’à l’avant-dernier, après les abattements"),
        ),
    ]
    return explanation


def _zone(context: Context) -> str:
    return _("Zone %(zone)s") % {"zone": str(context.read("zone_apl")).removeprefix("zone_")}


def _zero_point(context: Context) -> float | None:
    """Yearly resources at which the aid stops at today's rent; None for a residence, whose formula has no such point."""
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
    housed = bool(context.read("cheque_energie_eligibilite_logement", year))
    units = float(context.read("cheque_energie_unites_consommation", year))
    rfr = float(context.read("rfr", str(int(year) - 2)))
    cap = _energy_cap(context, units)
    have = rfr / units if units else 0.0
    law = context.law(f"{ENERGY}.baremes.une_uc")
    own = any(not person.tax_dependent_of_parents for person in context.household.parents)
    reasons = [
        Reason(
            _("Vous avez votre propre logement, loué ou à vous.")
            if housed
            else _("Il faut un logement à soi, loué ou en propriété."),
            housed,
            law=law,
            figures=("housing.status",),
        ),
        Reason(
            _("Vous avez votre propre avis d’impôt.") if own else _("Il faut avoir son propre avis d’impôt."),
            own,
            figures=notice_key(context),
        ),
        resources_reason(
            _("Vos revenus par part, %(have)s par an, sont sous %(limit)s."),
            _("Vos revenus par part sont %(gap)s au-dessus de la limite, par an."),
            have,
            cap if have < cap else cap - 0.01,
            EURO_YEAR,
            law,
            notice_key(context),
        ),
    ]
    figures = [
        *notice_figure(context),
        Figure(
            _("Parts de consommation"),
            round(units, 2),
            COUNT,
            "household.people",
            _("1 pour la première personne, 0,5 pour la deuxième, 0,3 pour chaque autre"),
        ),
        Figure(_("Revenu par part"), round(have, 2), EURO_YEAR, "", f"{euros(rfr)} ÷ {count(round(units, 2))}"),
    ]
    threshold = Threshold(_("Revenu fiscal par part de consommation"), have, cap, EURO_YEAR)
    return Explanation(
        "cheque_energie", reasons, threshold, figures, yes=_("Vos revenus par part sont sous la limite.")
    )


def _energy_cap(context: Context, units: float) -> float:
    scale = "une_uc" if units <= 1 else "une_uc_a_deux_uc" if units < 2 else "plus_de_deux_ucs"
    return context.parameter(f"{ENERGY}.baremes.{scale}.4.threshold")


def visale(context: Context) -> Explanation:
    person = context.household.applicant
    path = f"{ACTION}.visale"
    cap = float(context.read("visale_montant_max"))
    oldest = int(context.parameter(f"{path}.eligibilite.age_max"))
    reasons = [
        age_reason(
            context,
            person,
            18,
            oldest,
            f"{path}.eligibilite.age_max",
            _("Âge : %(age)s ans. La garantie va de 18 à 30 ans."),
        ),
        _moving_reason(
            context, bool(context.amount("visale_eligibilite")), context.law(f"{path}.eligibilite.age_max")
        ),
    ]
    explanation = Explanation("visale", reasons, yes=_("Vous emménagez et le loyer est sous la limite."))
    if reasons[0].ok:
        text = _("Si vous signez un bail, la garantie couvre un loyer de %(limit)s au plus, charges comprises.") % {
            "limit": euros(cap)
        }
        explanation.changes.append(text)
        explanation.figures = [
            Figure(
                _("Loyer couvert au plus"),
                round(cap, 2),
                EURO_MONTH,
                "",
                _("La moitié de vos ressources, dans une limite"),
            )
        ]
    return explanation


def _moving_reason(context: Context, moving: bool, law: Law) -> Reason:
    text = (
        _("Vous emménagez dans un nouveau logement.") if moving else _("Il faut emménager dans un nouveau logement.")
    )
    return Reason(text, moving, law=law, figures=("housing.moved_in",))


def loca_pass(context: Context, person: Person) -> Explanation:
    entitled = bool(context.read("locapass_eligibilite_individu", person=person))
    law = context.law(f"{ACTION}.locapass.age_max")
    text = (
        _("Vous êtes salarié du privé, ou jeune de moins de 30 ans en emploi, en formation ou en recherche.")
        if entitled
        else _(
            "Il faut être salarié du privé, ou avoir moins de 30 ans et être en emploi, en formation ou en recherche."
        )
    )
    reasons = [
        Reason(
            text,
            entitled,
            person.age(context.month),
            int(context.parameter(f"{ACTION}.locapass.age_max")),
            YEARS,
            law,
            (f"people[{person.id}].status",),
        ),
        tenant_reason(context, law),
        _moving_reason(context, bool(context.amount("locapass_eligibilite", person)), law),
    ]
    explanation = Explanation(
        "loca_pass", reasons, yes=_("Vous emménagez : l’avance paie le dépôt de garantie."), person=person.id
    )
    if entitled:
        explanation.changes.append(
            _("Si vous signez un bail, demandez l’avance avant deux mois : elle se rembourse sans intérêt.")
        )
    return explanation


def mobili_jeune(context: Context, person: Person) -> Explanation:
    apprentice = person.status == "apprentice"
    path = f"{SCHOOL}.mobilite.mobili_jeune"
    law = context.law(f"{path}.age_maximum")
    reasons = [
        Reason(
            _("Vous êtes en alternance.") if apprentice else _("Il faut être en alternance."),
            apprentice,
            law=law,
            figures=(f"people[{person.id}].status",),
        ),
        age_reason(
            context,
            person,
            0,
            int(context.parameter(f"{path}.age_maximum")) - 1,
            f"{path}.age_maximum",
            _("Âge : %(age)s ans. L’aide va jusqu’à 29 ans."),
        ),
        tenant_reason(context, law),
    ]
    if all(reason.ok for reason in reasons) and not context.amount("mobili_jeune", person):
        reasons.append(
            Reason(
                _("Nous ne savons pas si votre employeur cotise à Action Logement : demandez-le-lui."), None, law=law
            )
        )
    return Explanation(
        "mobili_jeune", reasons, yes=_("Vous êtes en alternance et vous payez un loyer."), person=person.id
    )
