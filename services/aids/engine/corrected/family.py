"""Family benefits, as the law has them and openfisca-france 176.1.8 has not: one class for each article."""

from datetime import date
from typing import Any

from numpy import datetime64, full, logical_not, maximum, minimum, where
from openfisca_core.populations import ADD
from openfisca_core.variables import Variable
from openfisca_france.entities import Famille
from openfisca_france.model.base import TypesActivite
from openfisca_france.model.prestations.education import TypesScolarite
from openfisca_france.model.prestations.prestations_familiales import af, asf, base_ressource, cf, paje

from services.aids.engine.corrected.populations import (
    AFTER_COSTS,
    Instead,
    count_months_since,
    sum_of_year,
)

WAGES = ("salaire_net", "remuneration_apprenti")
#: Hours of the minimum wage of a month, for R. 512-2.
HOURS = 169
OF_SCHOOL = 16
COLLEGE, LYCEE = 11, 15


class autonomie_financiere(Variable):  # type: ignore[misc]
    """L. 512-3, R. 512-2 CSS: an apprentice's pay is a remuneration as any other. Stock reads wages only."""

    def formula(individu, period, parameters):  # type: ignore[no-untyped-def]
        law = parameters(period)
        hourly = law.marche_travail.salaire_minimum.smic.smic_b_horaire
        most = law.prestations_sociales.prestations_familiales.def_pac.revenu_plafond_pac_non_scolaire * hourly * HOURS
        read = [period.offset(-by, "month") for by in range(1, 7)]
        return sum(individu(kind, month) for kind in WAGES for month in read) / len(read) >= most


class prestations_familiales_enfant_a_charge(Variable):  # type: ignore[misc]
    """R. 552-3 CSS: paid until the month before the twentieth birthday. Stock pays in that month too."""

    def formula(individu, period, parameters):  # type: ignore[no-untyped-def]
        found = base_ressource.prestations_familiales_enfant_a_charge.formula(individu, period, parameters)
        return found * (count_months_since(individu, period, 20) < 0)


class abattements_speciaux_prestations_familiales(Variable):  # type: ignore[misc]
    """Art. 157 bis CGI: each spouse with the card has the deduction. Stock gives a couple one."""

    def formula(foyer_fiscal, period, parameters):  # type: ignore[no-untyped-def]
        stock = base_ressource.abattements_speciaux_prestations_familiales.formula
        both = foyer_fiscal("caseP", period) * foyer_fiscal("caseF", period)
        return minimum(foyer_fiscal("rng", period), stock(foyer_fiscal, period, parameters) * (1 + both))


class af_allocation_forfaitaire_nb_enfants(Variable):  # type: ignore[misc]
    """D. 521-2 CSS: the year that begins with the month of the twentieth birthday, when the allowances end."""

    def formula(famille, period, parameters):  # type: ignore[no-untyped-def]
        after = count_months_since(famille.members, period, 20)
        earns = famille.members("autonomie_financiere", period)
        return famille.sum((after >= 0) * (after < 12) * logical_not(earns), role=Famille.ENFANT)


class af_majoration_enfant(Variable):  # type: ignore[misc]
    """L. 521-3 CSS: of two children, all but the eldest, even of the same age, from the month after the birthday."""

    def formula_2026_03_01(individu, period, parameters):  # type: ignore[no-untyped-def]
        return _but_the_eldest(af.af_majoration_enfant.formula_2026_03_01, individu, period, parameters)

    def formula_2008_05_01(individu, period, parameters):  # type: ignore[no-untyped-def]
        return _but_the_eldest(af.af_majoration_enfant.formula_2008_05_01, individu, period, parameters)


def _but_the_eldest(stock: Any, individu: Any, period: Any, parameters: Any) -> Any:  # noqa: ANN401 - OpenFisca is untyped
    """Apply a formula to children of whom none is the eldest, then take the increase off the first born of two."""
    born = individu("date_naissance", period).astype("datetime64[D]")
    on_the_first = born == born.astype("datetime64[M]").astype("datetime64[D]")
    this_month = on_the_first * (count_months_since(individu, period, 0) % 12 == 0)
    of_no_age = Instead(individu.famille, {"af_age_aine": full(individu.count, -1)})
    persons = Instead(individu, {"age": individu("age", period) - this_month}, famille=of_no_age)
    found = stock(persons, period, parameters)
    dependent = individu("prestations_familiales_enfant_a_charge", period)
    rank = individu.get_rank(individu.famille, born.astype(int), condition=dependent)
    return found * logical_not((individu.famille("af_nbenf", period) == 2) * (rank == 0))


class cf_enfant_a_charge(Variable):  # type: ignore[misc]
    """R. 552-3 CSS: until the month before the twenty-first birthday. Stock pays in that month too."""

    def formula(individu, period, parameters):  # type: ignore[no-untyped-def]
        found = cf.cf_enfant_a_charge.formula(individu, period, parameters)
        return found * (count_months_since(individu, period, 21) < 0)


class cf_majore_plafond(Variable):  # type: ignore[misc]
    """R. 522-4 CSS: the lower limit is set each year, in whole euros for no child. Stock halves the higher one."""

    def formula_2014_04_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        law = parameters(period).prestations_sociales.prestations_familiales.prestations_generales.cf.cf_plaf
        higher, lower = famille("cf_plafond", period), law.plafond_ressources_majoration
        more = logical_not(famille("en_couple", period)) + famille("biactivite", period) > 0
        share = (higher - law.majoration.biactifs_isoles * more) / law.plafond_ressources_0_enfant
        fixed = share * lower.couple_avec_1_revenu + lower.biactifs_isoles * more
        return where(famille("cf_eligibilite_base", period), fixed, higher * law.plafond_cf_majore)


class biactivite(Variable):  # type: ignore[misc]
    """R. 522-2 CSS: each earned 13.6 % of the year's social security ceiling. Stock: twelve times the base."""

    def formula(famille, period, parameters):  # type: ignore[no-untyped-def]
        year, law = period.n_2, parameters(period).prestations_sociales.prestations_familiales.def_biactif
        rate = law.revenu_professionnel_plancher_couples_biactifs.en_pourcentage_pss
        least = rate * parameters(year.first_month).prelevements_sociaux.pss.plafond_securite_sociale_annuel
        wages = famille.members("revenu_assimile_salaire_apres_abattements", year)
        profit = sum_of_year(famille.members, "rpns_auto_entrepreneur_benefice", year)
        earned = famille.members("rpns_imposables", year) + profit + wages
        return (famille("nb_parents", period) > 1) * famille.all(earned >= least, role=Famille.PARENT)


class prestations_familiales_base_ressources_individu(Variable):  # type: ignore[misc]
    """R. 532-7 CSS: earlier wages count for 70 % with two months of unemployment benefit, not at all without or with
    the ASS. Stock counts them whole.

    R. 532-3 CSS: the profit of a micro-enterprise, rents and sick pay of that year count. Stock leaves them out.
    """

    def formula(individu, period):  # type: ignore[no-untyped-def]
        year = period.n_2
        profit = individu("rpns_imposables", year) + sum_of_year(individu, "rpns_auto_entrepreneur_benefice", year)
        with_profit = Instead(individu, {"rpns_imposables": profit})
        found = base_ressource.prestations_familiales_base_ressources_individu.formula(with_profit, period)
        found = found + sum_of_year(individu, "revenus_locatifs", year)
        found = found + AFTER_COSTS * sum_of_year(individu, "indemnites_journalieres_imposables", year)
        two_months = individu("date_debut_chomage", period) <= datetime64(str(period.offset(-2, "month").start))
        jobless = (individu("activite", period) == TypesActivite.chomeur) * two_months
        if not jobless.any():  # nothing of the ASS is read then, so that no later pass computes this again
            return found
        wages, benefit = (individu(kind, year, options=[ADD]) for kind in ("salaire_imposable", "chomage_imposable"))
        taxed = individu("revenu_assimile_salaire_apres_abattements", year)
        work = taxed * wages / maximum(wages + benefit, 1) + profit
        paid = (individu("chomage_imposable", period) > 0) * (individu("ass", period.last_month) == 0)
        return found - jobless * where(paid, 0.3 * work, taxed + profit)


class enfant_eligible_paje(Variable):  # type: ignore[misc]
    """L. 531-3, R. 552-2 CSS: from the month after the birth until the month before the third birthday.

    Stock pays in the month of the third birthday too, and in that of a birth on the 1st.
    """

    def formula(individu, period, parameters):  # type: ignore[no-untyped-def]
        law = parameters(period).prestations_sociales.prestations_familiales.petite_enfance.paje.paje_cm
        born = count_months_since(individu, period, 0) > 0
        young = count_months_since(individu, period, int(law.age_limite_enfant_adopte_non)) < 0
        return born * young * logical_not(individu("autonomie_financiere", period))


class paje_base(Variable):  # type: ignore[misc]
    """L. 531-3 CSS: one for each child of a multiple birth. Stock: one for the family."""

    def formula_2021_05_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        found = paje.paje_base.formula_2021_05_01(famille, period, parameters)
        young = famille.members("enfant_eligible_paje", period) * famille.members.has_role(Famille.ENFANT)
        born = where(young, famille.members("date_naissance", period).astype("datetime64[D]").astype(int), 0)
        together = 1
        for place in range(int(famille.members_position.max()) + 1):
            birth = famille.project(famille.value_nth_person(place, born, default=0))
            together = maximum(together, famille.sum(young * (born == birth)))
        return found * together


class asf_elig_enfant(Variable):  # type: ignore[misc]
    """L. 523-1 CSS: not for a child in alternating residence, whom the other parent keeps too; nor, R. 552-3, in the
    month of the twentieth birthday. Stock pays both.
    """

    def formula(individu, period, parameters):  # type: ignore[no-untyped-def]
        found = asf.asf_elig_enfant.formula(individu, period, parameters)
        young = count_months_since(individu, period, 20) < 0
        return found * young * logical_not(individu("garde_alternee", period))


class ars(Variable):  # type: ignore[misc]
    """R. 543-2, L. 543-1 CSS: a child who is 6 before 1 February and under 18 on 15 September, at school or under the
    wage of R. 512-2. The amount is that of the age of the year. Stock takes ages on 1 December and no school.
    """

    def formula(famille, period, parameters):  # type: ignore[no-untyped-def]
        october, september = (period.first_month.offset(by, "month") for by in (9, 8))
        law = parameters(october).prestations_sociales.prestations_familiales
        rules, persons, year = law.education_presence_parentale.ars, famille.members, period.start.year
        born = persons("date_naissance", october).astype("datetime64[D]")
        of_age = (born < datetime64(date(year - 5, 2, 1))) * (born > datetime64(date(year - 18, 9, 15)))
        turns = year - (born.astype("datetime64[Y]").astype(int) + 1970)
        due = of_age * logical_not((turns >= OF_SCHOOL) * _works(persons, september))
        due = due * logical_not(persons("autonomie_financiere", october))
        of_lycee = where(turns < LYCEE, rules.ars_m.taux_college, rules.ars_m.taux_lycee)
        rate = where(turns < COLLEGE, rules.ars_m.taux_primaire, of_lycee)
        whole = law.bmaf.bmaf * famille.sum(due * rate, role=Famille.ENFANT)
        more = famille("af_nbenf", october) * rules.ars_plaf.majoration_par_enf_supp
        limit = rules.ars_plaf.plafond_ressources * (1 + more)
        over = maximum(0, famille("prestations_familiales_base_ressources", period.first_month) - limit)
        amount = maximum(0, whole - over)
        return amount * (amount >= rules.montant_minimum_verse)


def _works(persons: Any, month: Any) -> Any:  # noqa: ANN401 - numpy column
    """Return who left school for work. An apprentice is at school."""
    activity = persons("activite", month)
    at_school = (persons("scolarite", month) != TypesScolarite.inconnue) + persons("apprenti", month)
    return ((activity == TypesActivite.actif) + (activity == TypesActivite.chomeur)) * logical_not(at_school)


CLASSES = (
    autonomie_financiere,
    abattements_speciaux_prestations_familiales,
    prestations_familiales_enfant_a_charge,
    af_allocation_forfaitaire_nb_enfants,
    af_majoration_enfant,
    cf_enfant_a_charge,
    cf_majore_plafond,
    biactivite,
    prestations_familiales_base_ressources_individu,
    enfant_eligible_paje,
    paje_base,
    asf_elig_enfant,
    ars,
)
