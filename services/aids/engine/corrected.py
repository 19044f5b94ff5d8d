"""Formulas of the law that openfisca-france 176.1.8 has not, or has otherwise: one class each, with its article.

A class keeps the published formula and changes what the article says, so that what else the engine corrects is kept.
`services.aids.differences` lists them for readers. Imported with the engine only.
"""

from typing import Any

from numpy import datetime64, logical_not, maximum, where
from openfisca_core.periods import Period
from openfisca_core.populations import ADD
from openfisca_core.variables import Variable
from openfisca_france.entities import Famille
from openfisca_france.model.base import TypesActivite
from openfisca_france.model.prestations import education
from openfisca_france.model.prestations.minima_sociaux import aah, asi_aspa, ppa, rsa
from openfisca_france.model.prestations.minima_sociaux.cs import css
from openfisca_france.model.prestations.prestations_familiales import asf

#: Wages and what stands in for them, which R. 262-13 leaves out once nothing replaces them. A trader's months vary.
WORK = ("salaire_net", "indemnites_chomage_partiel", "remuneration_apprenti")
SEPTEMBER = 9


class aeeh(Variable):  # type: ignore[misc]  # OpenFisca is untyped, here and below
    """R. 541-2 CSS: complement N has the rate N; the published formula takes the rate N - 1 from the second on."""

    def formula_2006_01_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        law = parameters(period).prestations_sociales.prestations_familiales
        rates, bmaf = law.education_presence_parentale.aeeh, law.bmaf.bmaf
        level = famille.members("aeeh_niveau_handicap", period)
        alone = famille.project(logical_not(famille("en_couple", period)))
        entitled = famille.members("handicap", period) * (famille.members("age", period) < rates.age_maximum_enfant)
        added = sum(
            (level == one)
            * (
                rates.complement_allocation[f"categorie_{one}"] * (bmaf if one < 6 else 1)
                + (alone * rates.majoration_parent_isole[f"categorie_{one}"] * bmaf if one > 1 else 0)
            )
            for one in range(1, 7)
        )
        return famille.sum(entitled * (rates.base * bmaf + added), role=Famille.ENFANT)


class enfant_eligible_paje(Variable):  # type: ignore[misc]
    """L. 531-3 CSS: paid until the month before the third birthday, the last whole one. Stock pays one more."""

    def formula(individu, period, parameters):  # type: ignore[no-untyped-def]
        law = parameters(period).prestations_sociales.prestations_familiales.petite_enfance.paje.paje_cm
        years = int(law.age_limite_enfant_adopte_non)
        birthday = individu("date_naissance", period).astype("datetime64[M]") + 12 * years
        return (birthday > datetime64(str(period.start)[:7])) * logical_not(individu("autonomie_financiere", period))


class css_participation_forfaitaire_montant_i(Variable):  # type: ignore[misc]
    """Order of 21 June 2019, article 1: the price is that of the age on 1 January. Stock: of the age that month."""

    def formula(individu, period, parameters):  # type: ignore[no-untyped-def]
        stock, age = css.css_participation_forfaitaire_montant_i.formula, individu("age", period.this_year.first_month)
        return stock(_Instead(individu, "age", age), period, parameters)


class _Instead:
    """A population of which one variable has other values, for a published formula that reads it."""

    def __init__(self, population: Any, name: str, values: Any) -> None:  # noqa: ANN401 - OpenFisca is untyped
        self._population, self._name, self._values = population, name, values

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - OpenFisca is untyped
        return getattr(self._population, name)

    def __call__(self, name: str, period: Any, **options: Any) -> Any:  # noqa: ANN401 - numpy column
        return self._values if name == self._name else self._population(name, period, **options)


class aah_eligible(Variable):  # type: ignore[misc]
    """L. 821-2 CSS: under 80 %, paid until the age of L. 351-1-5, 62; stock until 64, and during that whole year."""

    def formula_2011_01_01(individu, period, parameters):  # type: ignore[no-untyped-def]
        found = aah.aah_eligible.formula_2011_01_01(individu, period, parameters)
        law = parameters(period).prestations_sociales.prestations_etat_de_sante.invalidite.aah
        severe = individu("taux_incapacite", period) >= law.taux_capacite.taux_incapacite
        return found * (severe + (individu("age", period) < law.age_legal_retraite))


class aspa(Variable):  # type: ignore[misc]
    """L. 821-1 CSS: who has an AAH past 62 need not claim the ASPA, which is not paid on top. Stock grants both."""

    def formula_2020_04_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        found = asi_aspa.aspa.formula_2020_04_01(famille, period, parameters)
        had = famille.sum(famille.members("aah", period), role=Famille.PARENT)
        return where(famille("en_couple", period), maximum(found - had, 0), found * (had == 0))


class rsa_socle(Variable):  # type: ignore[misc]
    """A child in alternating residence raises the RSA by half (Conseil d'État, 21 July 2017, 398911), and a spouse who
    has not the right to reside that L. 262-5 CASF asks for is not counted. Stock counts both wholly.
    """

    def formula_2009_06_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        stock, children = rsa.rsa_socle.formula_2009_06_01, famille("rsa_nb_enfants", period)
        counted = _Instead(famille, "nb_parents", _counted_parents(famille, period))
        without = _Instead(counted, "rsa_nb_enfants", children - _shared(famille, period))
        return (stock(counted, period, parameters) + stock(without, period, parameters)) / 2


class rsa_condition_nationalite(Variable):  # type: ignore[misc]
    """L. 262-6 CASF: a European citizen at work is asked for no three months of residence. Stock asks everybody."""

    def formula_2009_06_01(individu, period, parameters):  # type: ignore[no-untyped-def]
        found = rsa.rsa_condition_nationalite.formula_2009_06_01(individu, period, parameters)
        european = individu("ressortissant_eee", period) + (individu("nationalite", period) == b"CH")
        return found + european * (individu("activite", period) == TypesActivite.actif)


class rsa_forfait_logement(Variable):  # type: ignore[misc]
    """L. 262-5 CASF: of the persons that `rsa_socle` counts."""

    def formula_2009_06_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        counted = _Instead(famille, "nb_parents", _counted_parents(famille, period))
        return rsa.rsa_forfait_logement.formula_2009_06_01(counted, period, parameters)


class ppa_eligibilite(Variable):  # type: ignore[misc]
    """L. 842-2 CSS: the nationality or the permit is a parent's. Stock takes a child's, whom we take to be French."""

    def formula(famille, period, parameters):  # type: ignore[no-untyped-def]
        parent_may = famille.any(famille.members("rsa_condition_nationalite", period), role=Famille.PARENT)
        found = ppa.ppa_eligibilite.formula(famille, period, parameters)
        return found * (parent_may + (famille("rsa_majore_eligibilite", period) > 0))


def _counted_parents(famille: Any, period: Period) -> Any:  # noqa: ANN401 - numpy column
    may = famille.sum(famille.members("rsa_condition_nationalite", period), role=Famille.PARENT)
    return where(may > 0, may, famille("nb_parents", period))


def _shared(famille: Any, period: Period) -> Any:  # noqa: ANN401 - numpy column
    """Return how many of the children that count for the RSA live with each parent in turn."""
    shared = famille.members("garde_alternee", period) * famille.members("rsa_enfant_a_charge", period)
    return famille.sum(shared, role=Famille.ENFANT)


class asf_elig_enfant(Variable):  # type: ignore[misc]
    """L. 523-1 CSS: not for a child in alternating residence, whom the other parent keeps too. Stock pays."""

    def formula(individu, period, parameters):  # type: ignore[no-untyped-def]
        found = asf.asf_elig_enfant.formula(individu, period, parameters)
        return found * logical_not(individu("garde_alternee", period))


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


class bourse_college_echelon(Variable):  # type: ignore[misc]
    """Order of 22 March 2016, article 2: a school year reads the last tax notice, that of the year before it begins.

    Stock reads the income of two years before, right from January on, a year late from September to December.
    """

    def formula_2016_07_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        return education.bourse_college_echelon.formula_2016_07_01(famille, _school_year(famille, period), parameters)


class bourse_lycee_echelon(Variable):  # type: ignore[misc]
    """As `bourse_college_echelon`."""

    def formula(famille, period, parameters):  # type: ignore[no-untyped-def]
        return education.bourse_lycee_echelon.formula(famille, _school_year(famille, period), parameters)


def _school_year(famille: Any, period: Period) -> Period:  # noqa: ANN401 - OpenFisca is untyped
    """Return the month whose year but two is the notice's: from September on one of next year, if it is given."""
    later = period.offset(12)
    given = famille.simulation.is_given("rfr", later.n_2)
    return later if period.start.month >= SEPTEMBER and given else period


CLASSES = (
    aeeh,
    enfant_eligible_paje,
    css_participation_forfaitaire_montant_i,
    aah_eligible,
    aspa,
    rsa_socle,
    rsa_condition_nationalite,
    rsa_forfait_logement,
    ppa_eligibilite,
    asf_elig_enfant,
    rsa_revenu_activite_individu,
    rsa_base_ressources_individu,
    bourse_college_echelon,
    bourse_lycee_echelon,
)
