"""Housing aid, as the law has it and openfisca-france 176.1.8 has not: one class for each article."""

from datetime import date
from typing import Any

from numpy import datetime64, logical_not, timedelta64
from openfisca_core.periods import Period
from openfisca_core.variables import Variable
from openfisca_france.entities import Famille
from openfisca_france.model.base import TypesActivite
from openfisca_france.model.prestations import aides_logement
from openfisca_france.model.revenus.activite.salarie import TypesConges

from services.aids.engine.corrected.populations import AFTER_COSTS, Instead, count_months_since, sum_of_year

#: R. 823-4 CCH: of the ASPA, the most that an adult dependant may have.
OF_ASPA = 1.25
SEVERE = 1e-6  # under a rate, for a float of single precision
FOREIGN_STUDENTS = date(2026, 7, 1)


class al_nb_personnes_a_charge(Variable):  # type: ignore[misc]
    """R. 823-4, R. 823-12 CCH: a child until the month before 21; then from 80 % on, or with a restriction on work.

    Stock counts a child in the month of 21, and then over 80 % only.
    """

    def formula(famille, period, parameters):  # type: ignore[no-untyped-def]
        law, persons = parameters(period).prestations_sociales, famille.members
        after = count_months_since(persons, period, 21)
        young = (persons("age", period) >= 0) * (after < 0)
        child = young * logical_not(persons("autonomie_financiere", period))
        aspa = parameters(period.n_2.stop).prestations_sociales.solidarite_insertion.minimum_vieillesse.aspa
        most = aspa.plafond_ressources.personnes_seules * OF_ASPA
        least = law.aides_logement.allocations_logement.ressources.personnes_a_charge.pourcentage_min_handicap
        unfit = (
            (persons("taux_incapacite", period) >= least - SEVERE)
            + persons("aah_restriction_substantielle_durable_acces_emploi", period)
            + persons("inapte_travail", period)
        )
        poor = persons("prestations_familiales_base_ressources_individu", period) <= most
        return famille.sum(child + (after >= 0) * unfit * poor, role=Famille.ENFANT)


class aide_logement_base_ressources_individu(Variable):  # type: ignore[misc]
    """R. 822-4 CCH: the profit of a micro-enterprise and rents of the year before last, and sick pay as wages, count.

    Stock leaves them out: who earns them alone has the aid of who earns nothing.
    """

    def formula_2021_01_01(individu, period, parameters):  # type: ignore[no-untyped-def]
        stock, year = aides_logement.aide_logement_base_ressources_individu.formula_2021_01_01, period.n_2
        profit = individu("rpns_imposables", year) + sum_of_year(individu, "rpns_auto_entrepreneur_benefice", year)
        found = stock(Instead(individu, {"rpns_imposables": profit}), period, parameters)
        months = Period(("year", period.start, 1)).offset(-1).offset(-1, "month")
        sick = sum_of_year(individu, "indemnites_journalieres_imposables", months)
        return found + sum_of_year(individu, "revenus_locatifs", year) + AFTER_COSTS * sick


class aide_logement_abattement_revenus_activite_professionnelle(Variable):  # type: ignore[misc]
    """R. 822-14 CCH: 30 % off after two whole months. Stock asks for more than two."""

    def formula(individu, period):  # type: ignore[no-untyped-def]
        stock = aides_logement.aide_logement_abattement_revenus_activite_professionnelle.formula
        eve = individu("date_debut_chomage", period) - timedelta64(1, "D")
        return stock(Instead(individu, {"date_debut_chomage": eve}), period)


class aide_logement_condition_neutralisation(Variable):  # type: ignore[misc]
    """R. 822-15 CCH: the incomes of the unemployed person, after two whole months. Stock leaves out both spouses'."""

    def formula(individu, period):  # type: ignore[no-untyped-def]
        paid = individu("chomage_imposable", period) > 0
        without = (individu("activite", period) == TypesActivite.chomeur) * logical_not(paid)
        jobless = without + paid * (individu("ass", period) > 0)
        long_since = individu("date_debut_chomage", period) <= datetime64(str(period.offset(-2, "month").start))
        on_leave = individu("type_conges", period) == TypesConges.conge_parental
        with_rsa = individu.famille("rsa", period.last_month) > 0
        return (jobless * long_since + on_leave + with_rsa > 0) * individu.has_role(Famille.PARENT)


class aide_logement_montant_selectionne_avant_seuil(Variable):  # type: ignore[misc]
    """L. 821-1 CCH: the aid is for a rent or a loan. Stock pays the flat charges to who pays none."""

    def formula(famille, period):  # type: ignore[no-untyped-def]
        stock = aides_logement.aide_logement_montant_selectionne_avant_seuil.formula
        return stock(famille, period) * (famille.demandeur.menage("loyer", period) > 0)


class aide_logement_montant_brut(Variable):  # type: ignore[misc]
    """D. 823-16 CCH: a rent over the limit is spared to who has the AAH or the AEEH. Stock: to any disability rate."""

    def formula_2016_07_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        stock, persons = aides_logement.aide_logement_montant_brut.formula_2016_07_01, famille.members
        of_parent = (persons("aah", period) > 0) * persons.has_role(Famille.PARENT)
        entitled = of_parent + famille.project(famille("aeeh", period) > 0)
        seen = Instead(famille, members=Instead(persons, {"handicap": entitled}))
        return stock(seen, period, parameters)


class aide_logement_montant_brut_crds(Variable):  # type: ignore[misc]
    """L. 822-2 I 3° CCH: since July 2026, not for students from outside Europe without a grant. Stock pays."""

    def formula_2018(famille, period, parameters):  # type: ignore[no-untyped-def]
        found = aides_logement.aide_logement_montant_brut_crds.formula_2018(famille, period, parameters)
        if period.start.date < FOREIGN_STUDENTS:
            return found
        students = famille.sum(_is_foreign_student(famille.members, period), role=Famille.PARENT)
        return found * (students < famille("nb_parents", period))


def _is_foreign_student(person: Any, period: Any) -> Any:  # noqa: ANN401 - numpy column
    european = person("ressortissant_eee", period) + (person("nationalite", period) == b"CH")
    protected = person("duree_possession_titre_sejour", period) >= 10
    return person("etudiant", period) * logical_not(european + protected + person("boursier", period))


CLASSES = (
    aide_logement_base_ressources_individu,
    al_nb_personnes_a_charge,
    aide_logement_abattement_revenus_activite_professionnelle,
    aide_logement_condition_neutralisation,
    aide_logement_montant_selectionne_avant_seuil,
    aide_logement_montant_brut,
    aide_logement_montant_brut_crds,
)
