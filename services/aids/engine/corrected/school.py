"""School grants, as the education code has them and openfisca-france 176.1.8 has not."""

from typing import Any

from numpy import where
from openfisca_core.periods import Period
from openfisca_core.variables import Variable
from openfisca_france.model.base import TypesActivite
from openfisca_france.model.prestations import education
from openfisca_france.model.prestations.education import TypesScolarite

from services.aids.engine.corrected.populations import Instead

SEPTEMBER = 9
#: A student stays on the parents' notice until 25.
ON_A_NOTICE = 25


class bourse_college(Variable):  # type: ignore[misc]
    """D. 531-7 of the education code: the base of benefits of the January of the year in which the school year begins.

    Stock takes, from January on, that of the next one.
    """

    def formula(famille, period, parameters):  # type: ignore[no-untyped-def]
        return education.bourse_college.formula(famille, period, _as_at_school_start(period, parameters))


class bourse_lycee(Variable):  # type: ignore[misc]
    """D. 531-29 of the education code: as `bourse_college`."""

    def formula_2016_07_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        return education.bourse_lycee.formula_2016_07_01(famille, period, _as_at_school_start(period, parameters))


class crous_repas_un_euro_eligibilite(Variable):  # type: ignore[misc]
    """Since 1 May 2026 (finance act for 2026), for each student. Stock asks for a grant."""

    def formula_2026_05_01(individu, period):  # type: ignore[no-untyped-def]
        return individu("scolarite", period) == TypesScolarite.enseignement_superieur


def _as_at_school_start(period: Period, parameters: Any) -> Any:  # noqa: ANN401 - OpenFisca is untyped
    """Return the law, as of last year for the months before September."""
    return parameters if period.start.month >= SEPTEMBER else lambda asked: parameters(asked.offset(-1, "year"))


class bourse_college_echelon(Variable):  # type: ignore[misc]
    """Order of 22 March 2016, article 2: a school year reads the last tax notice, that of the year before it begins.

    Stock reads the income of two years before, right from January on, a year late from September to December. D. 531-5
    of the education code: the children of that notice. Stock counts those who have one of their own.
    """

    def formula_2016_07_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        stock = education.bourse_college_echelon.formula_2016_07_01
        return stock(_on_the_notice(famille, period), _school_year(famille, period), parameters)


class bourse_lycee_echelon(Variable):  # type: ignore[misc]
    """As `bourse_college_echelon`, by D. 531-21 of the education code."""

    def formula(famille, period, parameters):  # type: ignore[no-untyped-def]
        stock = education.bourse_lycee_echelon.formula
        return stock(_on_the_notice(famille, period), _school_year(famille, period), parameters)


class pass_sport(Variable):  # type: ignore[misc]
    """Decree 2025-630: 14 to 17 with the school allowance, 6 to 19 disabled, 16 to 30 with the AAH, students with a
    grant. Stock reads the grant and the disability allowance of the family, so a toddler gets the pupil's pass.
    """

    def formula_2025_09_01(individu, period, parameters):  # type: ignore[no-untyped-def]
        law = parameters(period).prestations_sociales.education.pass_sport
        ages, age = law.critere_age, individu("age", period)

        def between(profile: str) -> Any:  # noqa: ANN401 - numpy column
            return (age >= ages[f"age_minimum_profil_{profile}"]) * (age <= ages[f"age_maximum_profil_{profile}"])

        studies = individu("scolarite", period) == TypesScolarite.enseignement_superieur
        student = individu("boursier", period) * studies * (age <= ages.age_maximum_profil_boursier)
        pupil = (individu.famille("ars", period.this_year) > 0) * between("ars")
        disabled = (individu.famille("aeeh", period) > 0) * individu("handicap", period) * between("aeeh")
        adult = (individu("aah", period) > 0) * between("aah")
        return law.montant * ((student + pupil + disabled + adult) > 0)


def _school_year(famille: Any, period: Period) -> Period:  # noqa: ANN401 - OpenFisca is untyped
    """Return the month whose year but two is the notice's: from September on one of next year, if it is given."""
    later = period.offset(12)
    given = famille.simulation.is_given("rfr", later.n_2)
    return later if period.start.month >= SEPTEMBER and given else period


def _on_the_notice(famille: Any, period: Period) -> Instead:  # noqa: ANN401 - OpenFisca is untyped
    """Return the family with an age for the children of the parents' tax notice only: the formula counts ages."""
    persons = famille.members
    studies = (persons("activite", period) == TypesActivite.etudiant) * (persons("age", period) < ON_A_NOTICE)
    counted = (persons("enfant_a_charge", period.this_year) + studies) * (persons("age", period) >= 0)
    return Instead(famille, members=Instead(persons, {"age": where(counted, 0, -1)}))


CLASSES = (
    bourse_college,
    bourse_lycee,
    crous_repas_un_euro_eligibilite,
    pass_sport,
    bourse_college_echelon,
    bourse_lycee_echelon,
)
