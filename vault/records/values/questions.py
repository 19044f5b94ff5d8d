"""The values that a resident may type, in order, and the people they are about. The words are in the type files."""

from collections.abc import Sequence

from vault import types
from vault.records.enums import Role
from vault.types import FieldInfo
from vault.types.record_identity import DATA

#: The fields asked for a type, if not all of them: the others come from papers or organisations only.
_ASKED: dict[str, tuple[str, ...]] = {
    "identite.pivot": (
        "family_name",
        "preferred_username",
        "given_name",
        "birthdate",
        "gender",
        "birthplace",
        "birthcountry",
    ),
    "logement.domicile": (
        "adresse",
        "statut_occupation",
        "loyer",
        "charges",
        "colocation",
        "chambre",
        "logement_crous",
        "depuis",
    ),
    "foyer.composition": (
        "allocataires",
        "enfants",
        "situation_familiale",
        "couple_depuis",
        "separation_recente",
        "imposition_separee",
    ),
    "emploi.revenu": ("mois", "employeur", "net_avant_impot", "net_social", "net_imposable", "brut", "heures"),
    "emploi.indemnite_ft": ("date_versement", "montant_total"),
    "emploi.inscription_ft": ("date_debut", "categorie_code", "date_fin"),
    "fiscal.avis_ir": (
        "annee_revenus",
        "declarant1",
        "revenu_fiscal_reference",
        "nombre_parts",
        "revenu_brut_global",
        "revenu_imposable",
        "impot_revenu_net",
    ),
    "social.quotient_familial": ("fournisseur", "valeur", "annee", "mois"),
    "etudes.bourse": ("est_boursier", "echelon", "date_rentree", "etablissement"),
    "etudes.inscription": ("date_debut", "date_fin", "est_inscrit", "etablissement"),
    "scolarite.eleve": ("annee_scolaire", "est_scolarise", "est_boursier", "echelon_bourse"),
    "logement.batiment": (
        "type",
        "surface_m2",
        "annee_construction",
        "energie_chauffage",
        "ecs",
        "dpe_etiquette",
        "dpe_numero",
        "date_dpe",
    ),
    "energie.point": ("energie", "identifiant", "puissance_souscrite_kva", "option_tarifaire", "car_kwh"),
    "solaire.installation": ("puissance_kwc", "inclinaison_deg", "azimut_deg", "mode", "date_mise_en_service"),
    "acc.participation": ("operation", "pmo", "point", "role", "coefficient", "depuis"),
    "mobilite.vehicule": (
        "genre",
        "energie_code",
        "date_premiere_immatriculation",
        "marque",
        "modele",
        "co2_g_km",
        "crit_air",
        "statut",
    ),
    "mobilite.abonnement": ("service", "produit", "debut", "fin", "prix", "tarif_social"),
}
_OF_A_CHILD = ("scolarite", "annee_etude", "etablissement", "garde_alternee", "activite")
_OF_AN_ADULT = (
    "activite",
    "nationalite",
    "titre_sejour_depuis",
    "statut_marital",
    "enceinte",
    "date_terme",
    "annee_etude",
    "rattache_foyer_fiscal_parents",
    "vit_chez_parents",
    "ressources_parents_crous",
    "apprenti_depuis",
    "ass_ouverte",
)
#: Types that a service computes, or that come from an organisation or a device.
_NOT_TYPED = {"calcul.resultat", "banque.compte"} | DATA
#: Types about the whole household or its home: the page does not ask whose value it is.
_OF_THE_HOUSEHOLD = frozenset(
    {
        "identite.pivot",
        "identite.contact",
        "logement.domicile",
        "foyer.composition",
        "social.quotient_familial",
        "social.paiement",
        "logement.batiment",
        "energie.point",
        "energie.serie",
        "energie.index",
        "energie.facture",
        "solaire.installation",
        "acc.participation",
        "acc.repartition",
        "achats.ticket",
    }
)


def typed_types() -> list[types.DataType]:
    return [data_type for data_type in types.all_types() if data_type.code not in _NOT_TYPED]


def is_typed(code: str) -> bool:
    return code not in _NOT_TYPED and types.is_known(code)


def asks_whose(code: str) -> bool:
    return code not in _OF_THE_HOUSEHOLD


def names(code: str, role: str = Role.SELF, only: Sequence[str] = ()) -> list[str]:
    """Return the fields to ask, in order. `only` narrows them, but never leaves out a required field."""
    data_type = types.get(code)
    asked: Sequence[str] = _ASKED.get(code) or [pointer[1:] for pointer in data_type.fields]
    if code == "foyer.situation":
        asked = _OF_A_CHILD if role == Role.CHILD else _OF_AN_ADULT
    needed = [pointer[1:] for pointer, info in data_type.fields.items() if info.required]
    if only:
        wanted = set(only) | set(needed)
        asked = [name for name in [*asked, *only] if name in wanted]
    return list(dict.fromkeys(name for name in [*asked, *needed] if f"/{name}" in data_type.fields))


def field(code: str, name: str) -> FieldInfo:
    return types.field(f"{code}#/{name}")
