"""Where our amounts differ from the published engine's: what each correction is, in words for readers."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: Where a difference is reported, so that everybody's engine is mended.
REPORT: Final = "https://github.com/openfisca/openfisca-france/issues"


@dataclass(frozen=True)
class Difference:
    """One rule that the published engine applies otherwise.

    Attributes:
        variables: what `corrected` or `inputs` computes anew; empty if a value of `reform.CHANGES` does it.
        cases: the households of `tests/services/aids/law` that fail without the correction.
    """

    code: str
    rule: Promise
    article: str
    stock: Promise
    ours: Promise
    cases: tuple[str, ...]
    variables: tuple[str, ...] = ()


ALL: Final = (
    Difference(
        "aeeh",
        _("Complément de l’AEEH selon la catégorie de l’enfant"),
        "R541-2 CSS",
        _("Le taux de la catégorie juste en dessous, de la 2 à la 5"),
        _("Le taux de la catégorie"),
        ("aeeh_category_2",),
        ("aeeh",),
    ),
    Difference(
        "paje",
        _("Allocation de base : dernier mois avant les 3 ans"),
        "L531-3 CSS",
        _("Versée aussi le mois des 3 ans"),
        _("Versée jusqu’au mois précédent"),
        ("child_turns_3",),
        ("enfant_eligible_paje",),
    ),
    Difference(
        "c2s_age",
        _("Participation à la complémentaire santé : âge qui compte"),
        "Arrêté du 21 juin 2019, article 1",
        _("L’âge du mois"),
        _("L’âge au 1er janvier"),
        ("c2s_turned_30",),
        ("css_participation_forfaitaire_montant_i",),
    ),
    Difference(
        "c2s_rsa",
        _("Complémentaire santé de qui a droit au RSA"),
        "L861-2 CSS",
        _("Les deux regardent les mêmes mois"),
        _("Gratuite dès que le RSA est dû, même si les mois regardés diffèrent"),
        ("young_worker",),
    ),
    Difference(
        "aah_62",
        _("Fin de l’AAH avec un taux de 50 à 79 %"),
        "L821-2 et L351-1-5 CSS",
        _("Après 64 ans"),
        _("À 62 ans, puis l’Aspa"),
        ("aah_60_percent_62",),
        ("aah_eligible",),
    ),
    Difference(
        "aah_aspa",
        _("AAH et Aspa de la même personne"),
        "L821-1 CSS",
        _("Les deux en entier"),
        _("L’une ou l’autre"),
        ("aah_80_percent_66",),
        ("aspa",),
    ),
    Difference(
        "rsa_stopped",
        _("RSA après un salaire ou un chômage qui s’est arrêté"),
        "R262-13 CASF",
        _("L’ancien revenu est mis de côté un seul mois"),
        _("Mis de côté tant que rien ne le remplace"),
        ("short_job", "benefit_ended"),
        ("rsa_revenu_activite_individu", "rsa_base_ressources_individu"),
    ),
    Difference(
        "rsa_shared",
        _("RSA avec un enfant en résidence alternée"),
        "Conseil d’État, 21 juillet 2017, n° 398911",
        _("L’enfant compte en entier"),
        _("L’enfant compte pour moitié"),
        ("rsa_shared_custody",),
        ("rsa_socle",),
    ),
    Difference(
        "rsa_spouse",
        _("RSA d’un couple dont l’un n’a pas le titre de séjour demandé"),
        "L262-5 CASF",
        _("Les deux comptent"),
        _("Seul l’autre compte"),
        ("rsa_spouse_permit",),
        ("rsa_forfait_logement",),
    ),
    Difference(
        "rsa_permit",
        _("RSA et Aspa : réfugiés, apatrides, protection subsidiaire, carte de résident"),
        "L262-4 CASF, L816-1 CSS",
        _("L’ancienneté du titre de séjour compte seule"),
        _("Aucune ancienneté demandée ; dix ans pour l’Aspa avec une carte de résident"),
        ("rsa_refugee", "rsa_resident_card"),
        ("duree_possession_titre_sejour",),
    ),
    Difference(
        "rsa_european",
        _("RSA d’un citoyen européen qui travaille"),
        "L262-6 CASF",
        _("Trois mois de séjour demandés"),
        _("Aucune durée demandée"),
        ("rsa_european_at_work",),
        ("rsa_condition_nationalite",),
    ),
    Difference(
        "ppa_nationality",
        _("Prime d’activité : nationalité ou titre de séjour"),
        "L842-2 CSS",
        _("D’une personne du foyer, même un enfant"),
        _("De l’un des parents"),
        ("ppa_permit_of_last_year",),
        ("ppa_eligibilite",),
    ),
    Difference(
        "asf_shared",
        _("Allocation de soutien familial en résidence alternée"),
        "L523-1 CSS",
        _("Versée"),
        _("Non due : l’autre parent élève aussi l’enfant"),
        ("rsa_shared_custody",),
        ("asf_elig_enfant",),
    ),
    Difference(
        "housing_unemployed",
        _("Aide au logement sans allocation de chômage, ou avec l’ASS"),
        "R822-15 CCH",
        _("Les anciens revenus comptent"),
        _("Les anciens revenus sont mis de côté après deux mois"),
        ("ass_after_benefit",),
        ("date_debut_chomage",),
    ),
    Difference(
        "school_grants",
        _("Bourses de collège et de lycée, de septembre à décembre"),
        "Arrêtés du 22 mars 2016",
        _("Les revenus d’il y a deux ans"),
        _("Les revenus de l’an dernier, si leur avis est connu"),
        ("lycee_grant", "college_grant"),
        ("bourse_college_echelon", "bourse_lycee_echelon"),
    ),
)
