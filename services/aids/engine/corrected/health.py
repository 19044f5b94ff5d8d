"""Complementary health cover (C2S), as the law has it and openfisca-france 176.1.8 has not."""

from typing import Any

from numpy import logical_not, where
from openfisca_core.variables import Variable
from openfisca_france.entities import Famille
from openfisca_france.model.prestations.minima_sociaux.cs import css

from services.aids.engine.corrected.populations import Instead

WORK = ("salaire_net", "remuneration_apprenti", "rpns_auto_entrepreneur_benefice")
CHILD = 0.5  # of a share, for a child in alternating residence


class css_participation_forfaitaire_montant_i(Variable):  # type: ignore[misc]
    """Order of 21 June 2019, article 1: the price is that of the age on 1 January. Stock: of the age that month."""

    def formula(individu, period, parameters):  # type: ignore[no-untyped-def]
        born = individu("date_naissance", period).astype("datetime64[D]")
        year = born.astype("datetime64[Y]")
        age = period.start.year - 1970 - year.astype(int) - (born > year)
        stock = css.css_participation_forfaitaire_montant_i.formula
        return stock(Instead(individu, {"age": age}), period, parameters)


class css_participation_forfaitaire_montant(Variable):  # type: ignore[misc]
    """R. 861-2 CSS: of the persons of the household. A child of 25 or more is not of it; stock counts them."""

    def formula(famille, period, parameters):  # type: ignore[no-untyped-def]
        counted = logical_not(famille.members.has_role(Famille.ENFANT)) + _is_young(famille, period, parameters)
        return famille.sum(counted * famille.members("css_participation_forfaitaire_montant_i", period))


class cmu_c_plafond(Variable):  # type: ignore[misc]
    """R. 861-2, R. 861-3 CSS: the limit grows with each child under 25. Stock counts children of any age."""

    def formula(famille, period, parameters):  # type: ignore[no-untyped-def]
        law = parameters(period).prestations_sociales.solidarite_insertion.minima_sociaux.cs.cmu
        members, parents = famille.members, famille("nb_parents", period)
        counts = members.has_role(Famille.ENFANT) * _is_young(famille, period, parameters)
        rank = members.get_rank(famille, -members("age_en_mois", period), condition=counts)
        place = rank + famille.project(parents) + 1
        share = where(place == 2, law.coeff_p2, where(place <= 4, law.coeff_p3_p4, law.coeff_p5_plus))
        children = famille.sum(counts * share * where(members("garde_alternee", period), CHILD, 1))
        overseas = 1 + famille("cmu_eligible_majoration_dom", period) * law.majoration_dom
        return (law.plafond_base * overseas * (1 + law.coeff_p2 * (parents > 1) + children)).round()


def _is_young(famille: Any, period: Any, parameters: Any) -> Any:  # noqa: ANN401 - numpy column
    law = parameters(period).prestations_sociales.solidarite_insertion.minima_sociaux.cs.cmu
    return famille.members("age", period) < law.age_limite_pac


class css_participation_forfaitaire(Variable):  # type: ignore[misc]
    """L. 861-2 1° to 3° CSS: who has the ASPA, the ASI, or alone the whole AAH, is deemed under the second limit.

    Not with work in M-3 to M-1 (R. 861-11): this is read in the side row of C2S, whose incomes are a month later.
    """

    def formula_2019_11_01(famille, period, parameters):  # type: ignore[no-untyped-def]
        found = css.css_participation_forfaitaire.formula_2019_11_01(famille, period)
        law, members, had = parameters(period).prestations_sociales, famille.members, period.last_month
        read = (period, had, had.last_month)
        works = sum(famille.sum(members(kind, month)) for kind in WORK for month in read) > 0
        children = famille.sum(_is_young(famille, period, parameters), role=Famille.ENFANT)
        alone = (famille("nb_parents", period) == 1) * (children == 0)
        pension = famille.sum(members("retraite_nette", period) + members("pensions_invalidite", period)) > 0
        paid = famille.sum(members("aah", had), role=Famille.PARENT)
        whole = (paid >= law.prestations_etat_de_sante.invalidite.aah.montant - 0.01) + (paid > 0) * pension
        deemed = (famille("aspa", had) > 0) + (famille.sum(members("asi", had)) > 0) + alone * whole
        price = famille("css_participation_forfaitaire_montant", period) * famille("css_cmu_acs_eligibilite", period)
        opened = (found == 0) * logical_not(famille("cmu_c", period)) * logical_not(works) * deemed
        return where(opened, price, found)


CLASSES = (
    css_participation_forfaitaire_montant_i,
    css_participation_forfaitaire_montant,
    cmu_c_plafond,
    css_participation_forfaitaire,
)
