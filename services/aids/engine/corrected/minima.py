"""RSA and prime d'activité: one class for each article that openfisca-france 176.1.8 has not, or has otherwise."""

from typing import Any

from numpy import logical_not, where
from openfisca_core.periods import Period
from openfisca_core.populations import ADD
from openfisca_core.variables import Variable
from openfisca_france.entities import Famille
from openfisca_france.model.base import TypesActivite
from openfisca_france.model.prestations.minima_sociaux import ppa as published_ppa
from openfisca_france.model.prestations.minima_sociaux import rsa

from services.aids.engine.corrected.populations import Instead, count_months_since

#: Wages and what stands in for them, which R. 262-13 leaves out once nothing replaces them. A trader's months vary.
WORK = ("salaire_net", "indemnites_chomage_partiel", "remuneration_apprenti")
#: Months after that of the birth in which the basic allowance of a lone parent is left out.
NEWBORN = 3


class rsa_socle(Variable):  # type: ignore[misc]
    """A child in alternating residence raises the RSA by half (Conseil d'État, 21 July 2017, 398911), and a spouse who
    has not the right to reside that L. 262-5 CASF asks for is not counted. Stock counts both wholly.
    """

    def formula_2009_06_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        stock, children = rsa.rsa_socle.formula_2009_06_01, famille("rsa_nb_enfants", period)
        counted = Instead(famille, {"nb_parents": _counted_parents(famille, period)})
        without = Instead(counted, {"rsa_nb_enfants": children - _shared(famille, period)})
        return (stock(counted, period, parameters) + stock(without, period, parameters)) / 2


class rsa_socle_majore(Variable):  # type: ignore[misc]
    """As `rsa_socle`: half of the increase of lone parents too, for a child in alternating residence."""

    def formula_2009_06_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        stock, children = rsa.rsa_socle_majore.formula_2009_06_01, famille("rsa_nb_enfants", period)
        others = children - _shared(famille, period)
        whole = stock(famille, period, parameters)
        without = stock(Instead(famille, {"rsa_nb_enfants": others}), period, parameters)
        one = parameters(
            period
        ).prestations_sociales.solidarite_insertion.minima_sociaux.rsa.rsa_m.montant_de_base_du_rsa
        alone = (others == 0) * logical_not(famille("enceinte_fam", period)) * (whole > 0)
        return (whole + where(alone, one, without)) / 2


class rsa_eligibilite(Variable):  # type: ignore[misc]
    """L. 262-4 1° CASF: a child to be born opens the right, to a couple too. Stock waits for the birth."""

    def formula_2010_01_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        children = famille("rsa_nb_enfants", period) + famille("enceinte_fam", period)
        counted = Instead(famille, {"rsa_nb_enfants": children})
        return rsa.rsa_eligibilite.formula_2010_01_01(counted, period, parameters)


class rsa_condition_nationalite(Variable):  # type: ignore[misc]
    """L. 262-6 CASF: a European citizen at work is asked for no three months of residence. Stock asks everybody."""

    def formula_2009_06_01(individu, period, parameters):  # type: ignore[no-untyped-def]
        found = rsa.rsa_condition_nationalite.formula_2009_06_01(individu, period, parameters)
        european = individu("ressortissant_eee", period) + (individu("nationalite", period) == b"CH")
        return found + european * (individu("activite", period) == TypesActivite.actif)


class rsa_forfait_logement(Variable):  # type: ignore[misc]
    """L. 262-5 CASF: of the persons that `rsa_socle` counts."""

    def formula_2009_06_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        counted = Instead(famille, {"nb_parents": _counted_parents(famille, period)})
        return rsa.rsa_forfait_logement.formula_2009_06_01(counted, period, parameters)


class ppa_eligibilite(Variable):  # type: ignore[misc]
    """R. 842-2 I a CSS: asked in the month of the right alone, by `ppa`. Stock asks for it in each month read."""

    def formula(famille, period, parameters):  # type: ignore[no-untyped-def]
        return famille("nb_parents", period) > 0


class ppa(Variable):  # type: ignore[misc]
    """R. 842-2 I a, L. 842-2 CSS: the age and the nationality or the permit of a parent, in the month of the right.

    Stock takes a child's nationality, whom we take to be French.
    """

    def formula_2024_10(famille, period, parameters):  # type: ignore[no-untyped-def]
        found = published_ppa.ppa.formula_2024_10(famille, period, parameters)
        law = parameters(period).prestations_sociales.solidarite_insertion.minima_sociaux.ppa
        adult = famille.any(famille.members("age", period) >= law.pa_cond.age_min, role=Famille.PARENT)
        may = famille.any(famille.members("rsa_condition_nationalite", period), role=Famille.PARENT)
        return found * adult * (may + (famille("rsa_majore_eligibilite", period) > 0))


class ppa_eligibilite_apprenants(Variable):  # type: ignore[misc]
    """R. 842-2 I b, R. 843-1 CSS: work in the months M-4 to M-2 since March 2025. Stock reads M-3 to M-1."""

    def formula(famille, period, parameters):  # type: ignore[no-untyped-def]
        stock = published_ppa.ppa_eligibilite_apprenants.formula
        everywhere = famille("departement_experimentation_rsa", period)
        earlier = stock(famille, period.last_month, parameters)
        return where(everywhere, earlier, stock(famille, period, parameters))


class ppa_montant_forfaitaire_familial_non_majore(Variable):  # type: ignore[misc]
    """R. 842-2 II CSS: a spouse without the right to reside of L. 842-2 is not counted. Stock counts them."""

    def formula(famille, period, parameters):  # type: ignore[no-untyped-def]
        counted = Instead(famille, {"nb_parents": _counted_parents(famille, period)})
        return published_ppa.ppa_montant_forfaitaire_familial_non_majore.formula(counted, period, parameters)


class ppa_forfait_logement(Variable):  # type: ignore[misc]
    """R. 844-3 CSS: of the persons that `ppa_montant_forfaitaire_familial_non_majore` counts."""

    def formula(famille, period, parameters):  # type: ignore[no-untyped-def]
        counted = Instead(famille, {"nb_parents": _counted_parents(famille, period)})
        return published_ppa.ppa_forfait_logement.formula(counted, period, parameters)


def _counted_parents(famille: Any, period: Period) -> Any:  # noqa: ANN401 - numpy column
    may = famille.sum(famille.members("rsa_condition_nationalite", period), role=Famille.PARENT)
    return where(may > 0, may, famille("nb_parents", period))


def _shared(famille: Any, period: Period) -> Any:  # noqa: ANN401 - numpy column
    """Return how many of the children that count for the RSA live with each parent in turn."""
    shared = famille.members("garde_alternee", period) * famille.members("rsa_enfant_a_charge", period)
    return famille.sum(shared, role=Famille.ENFANT)


class rsa_base_ressources_prestations_familiales(Variable):  # type: ignore[misc]
    """R. 262-11 2° CASF: a lone parent's basic allowance is left out until the baby is three months old. Stock counts
    it.
    """

    def formula_2017_01_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        found = rsa.rsa_base_ressources_prestations_familiales.formula_2017_01_01(famille, period, parameters)
        return found - _of_newborn(famille, period)


class ppa_base_ressources_prestations_familiales(Variable):  # type: ignore[misc]
    """R. 844-5 2° CSS: as `rsa_base_ressources_prestations_familiales`, for the prime d'activité."""

    def formula(famille, period, parameters):  # type: ignore[no-untyped-def]
        found = published_ppa.ppa_base_ressources_prestations_familiales.formula(famille, period, parameters)
        return found - _of_newborn(famille, period)


def _of_newborn(famille: Any, period: Period) -> Any:  # noqa: ANN401 - numpy column
    months = count_months_since(famille.members, period, 0)
    born = famille.any((months >= 0) * (months <= NEWBORN), role=Famille.ENFANT)
    return born * (famille("rsa_majore_eligibilite", period) > 0) * famille("paje_base", period)


class rsa_revenu_activite_individu(Variable):  # type: ignore[misc]
    """R. 262-13 CASF: stopped wages are left out, in whichever month they stopped. Stock does so for a month only."""

    def formula_2024_10(individu, period, parameters):  # type: ignore[no-untyped-def]
        found = rsa.rsa_revenu_activite_individu.formula_2024_10(individu, period)
        return found - _stopped_before(individu, period, WORK)


class rsa_base_ressources_individu(Variable):  # type: ignore[misc]
    """R. 262-13 CASF: the same of an unemployment benefit that ended."""

    def formula_2024_10(individu, period, parameters):  # type: ignore[no-untyped-def]
        found = rsa.rsa_base_ressources_individu.formula_2024_10(individu, period, parameters)
        return found - _stopped_before(individu, period, ("chomage_net",))


def _stopped_before(individu: Any, period: Period, kinds: tuple[str, ...]) -> Any:  # noqa: ANN401 - numpy column
    """Return a month's share of the incomes that stopped before last month, for whom nothing replaces them.

    Stock leaves out what stopped last month. Who still has a job may be paid next month.
    """
    everywhere = individu.famille("departement_experimentation_rsa", period)
    nothing = logical_not(individu("rsa_has_ressources_substitution", period))
    out_of_work = individu("activite", period) != TypesActivite.actif
    total = 0.0
    for kind in kinds:
        stopped = (individu(kind, period) == 0) * (individu(kind, period.last_month) == 0)
        shifted = individu(kind, rsa.last_3_months_offset_minus_1(period), options=[ADD])
        usual = individu(kind, period.last_3_months, options=[ADD])
        total = total + stopped * where(everywhere, shifted, usual)
    return total * nothing * out_of_work / 3


CLASSES = (
    rsa_socle,
    rsa_socle_majore,
    rsa_eligibilite,
    rsa_condition_nationalite,
    rsa_forfait_logement,
    ppa,
    ppa_eligibilite,
    ppa_eligibilite_apprenants,
    ppa_montant_forfaitaire_familial_non_majore,
    ppa_forfait_logement,
    rsa_base_ressources_prestations_familiales,
    ppa_base_ressources_prestations_familiales,
    rsa_revenu_activite_individu,
    rsa_base_ressources_individu,
)
