"""AAH, its increase, ASPA and AEEH, as the law has them and openfisca-france 176.1.8 has not."""

from typing import Any

from numpy import logical_not, maximum, where
from openfisca_core.variables import Variable
from openfisca_france.entities import Famille
from openfisca_france.model.prestations.minima_sociaux import aah, asi_aspa

from services.aids.engine.corrected.populations import Instead, count_months_since

WAGES = ("salaire_imposable", "remuneration_apprenti", "rpns_auto_entrepreneur_benefice")
PENSIONS = ("retraite_nette", "pensions_invalidite", "rente_accident_travail")
#: Half, for a rate that a float of single precision holds.
HALF = 0.5 - 1e-6


class aah_eligible(Variable):  # type: ignore[misc]
    """L. 821-2 CSS: under 80 %, paid until the age of L. 351-1-5, 62; stock until 64, and during that whole year.

    L. 821-1 CSS: of a European out of work, three months of residence. Stock does not ask.
    """

    def formula_2011_01_01(individu, period, parameters):  # type: ignore[no-untyped-def]
        found = aah.aah_eligible.formula_2011_01_01(individu, period, parameters)
        law = parameters(period).prestations_sociales.prestations_etat_de_sante.invalidite.aah
        severe = individu("taux_incapacite", period) >= law.taux_capacite.taux_incapacite
        may = logical_not(is_european(individu, period)) + individu("rsa_condition_nationalite", period)
        return found * may * (severe + (individu("age", period) < law.age_legal_retraite))


class eligibilite_caah(Variable):  # type: ignore[misc]
    """L. 821-1-2 CSS: with the whole AAH, or one that completes a pension, and no work now.

    Stock: with any AAH, after a year without work.
    """

    def formula_2015_07_01(individu, period, parameters):  # type: ignore[no-untyped-def]
        never = individu.empty_array()
        without_work = Instead(individu, {"salaire_imposable": never, "rpns_imposables": never})
        found = aah.eligibilite_caah.formula_2015_07_01(without_work, period, parameters)
        law = parameters(period).prestations_sociales.prestations_etat_de_sante.invalidite.aah
        completes = sum(individu(kind, period) for kind in PENSIONS) + individu("asi", period) > 0
        whole = individu("aah", period) >= law.montant - 0.01
        works = sum(individu(kind, period) for kind in WAGES) > 0
        return found * (whole + completes) * logical_not(works)


class aspa(Variable):  # type: ignore[misc]
    """L. 821-1 CSS: who has an AAH past 62 need not claim the ASPA, which is not paid on top. Stock grants both."""

    def formula_2020_04_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        found = asi_aspa.aspa.formula_2020_04_01(famille, period, parameters)
        had = famille.sum(famille.members("aah", period), role=Famille.PARENT)
        return where(famille("en_couple", period), maximum(found - had, 0), found * (had == 0))


class aspa_eligibilite(Variable):  # type: ignore[misc]
    """D. 351-1-14, R. 815-1 CSS: from 62 with an incapacity of at least 50 %. Stock asks for more than 50 %."""

    def formula(individu, period, parameters):  # type: ignore[no-untyped-def]
        unfit = individu("inapte_travail", period) + (individu("taux_incapacite", period) >= HALF)
        return asi_aspa.aspa_eligibilite.formula(Instead(individu, {"inapte_travail": unfit}), period, parameters)


class asi_aspa_condition_nationalite(Variable):  # type: ignore[misc]
    """L. 816-1 CSS: a permit of ten years; for Europeans, L. 262-6 CASF.

    Stock calls numpy's `or` with three columns, of which the third is where it writes: no permit is ever enough.
    """

    def formula(individu, period, parameters):  # type: ignore[no-untyped-def]
        law = parameters(period).prestations_sociales.solidarite_insertion.minimum_vieillesse.aspa
        years = individu("duree_possession_titre_sejour", period)
        european = is_european(individu, period)
        may = where(european, individu("rsa_condition_nationalite", period), years >= law.duree_min_titre_sejour)
        return may + (individu("nationalite", period) == b"FR")


def is_european(individu: Any, period: Any) -> Any:  # noqa: ANN401 - numpy column
    """Return who has the nationality of an EEA state, France included, or of Switzerland."""
    return individu("ressortissant_eee", period) + (individu("nationalite", period) == b"CH")


class aeeh(Variable):  # type: ignore[misc]  # OpenFisca is untyped, here and below
    """R. 541-2 CSS: complement N has the rate N; stock takes the rate N - 1 from the second on.

    R. 541-1, L. 512-3, R. 552-3 CSS: from 50 % on, until the month before the twentieth birthday, and not for a child
    who earns a living. Stock pays for any rate, in that month too, and whatever the child earns.
    """

    def formula_2006_01_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        law = parameters(period).prestations_sociales.prestations_familiales
        rates, bmaf = law.education_presence_parentale.aeeh, law.bmaf.bmaf
        level = famille.members("aeeh_niveau_handicap", period)
        alone = famille.project(logical_not(famille("en_couple", period)))
        child = (count_months_since(famille.members, period, int(rates.age_maximum_enfant)) < 0) * logical_not(
            famille.members("autonomie_financiere", period)
        )
        entitled = child * (famille.members("taux_incapacite", period) >= HALF)
        added = sum(
            (level == one)
            * (
                rates.complement_allocation[f"categorie_{one}"] * (bmaf if one < 6 else 1)
                + (alone * rates.majoration_parent_isole[f"categorie_{one}"] * bmaf if one > 1 else 0)
            )
            for one in range(1, 7)
        )
        return famille.sum(entitled * (rates.base * bmaf + added), role=Famille.ENFANT)


CLASSES = (aah_eligible, eligibilite_caah, aspa, aspa_eligibilite, asi_aspa_condition_nationalite, aeeh)
