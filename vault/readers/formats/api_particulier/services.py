"""Find the service of an answer, by its path or else by the fields that only this service has."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from vault.readers.files.opening import path_of
from vault.readers.formats.api_particulier import household, school, social, vehicle, work
from vault.readers.found import Found

Read = Callable[[Mapping[str, Any], Found], None]


@dataclasses.dataclass(frozen=True)
class Service:
    """One service of API Particulier.

    `paths` has a set of path parts for each of v2, v3 and v4; `keys` are fields that no other service has. Without
    `read`, the vault has no type for its values.
    """

    paths: tuple[frozenset[str], ...]
    keys: frozenset[str]
    read: Read | None


def _service(read: Read | None, *paths: str, keys: str = "") -> Service:
    return Service(tuple(frozenset(path.split("/")) for path in paths), frozenset(keys.split()), read)


#: The first service with a matching key is kept: an answer of EAJE has a household too.
SERVICES = (
    _service(household.nursery, "participation_familiale_eaje", keys="parametres_calcul_participation_familiale"),
    _service(
        household.quotient,
        "quotient_familial",
        "quotient_familial_v2",
        "composition_familiale",
        "composition_familiale_v2",
        keys="quotient_familial quotientFamilial allocataires enfants",
    ),
    _service(social.benefit("rsa"), "revenu_solidarite_active"),
    _service(social.benefit("prime_activite"), "prime_activite"),
    _service(social.benefit("aah"), "allocation_adulte_handicape"),
    _service(social.benefit("asf"), "allocation_soutien_familial"),
    _service(social.disabled_child, "allocation_enfant_handicape"),
    _service(social.health_cover, "complementaire_sante_solidaire", keys="avec_participation"),
    _service(
        school.pupil, "scolarites", keys="module_elementaire_formation annee_scolaire est_scolarise statut_eleve"
    ),
    _service(
        school.grant,
        "etudiant_boursier",
        "etudiants_boursiers",
        keys="statut_boursier periode_versement_bourse echelonBourse dateDeRentree",
    ),
    _service(school.student, "statut_etudiant", "etudiants", keys="admissions inscriptions"),
    _service(
        work.registration, "france_travail/statut", "situations_pole_emploi", keys="inscription codeCertificationCNAV"
    ),
    _service(work.payments, "france_travail/indemnites", "paiements_pole_emploi", keys="paiements"),
    _service(
        vehicle.vehicle,
        "extrait_immatriculation_vehicule",
        keys="caracteristiques_techniques_vehicule donnees_immatriculation_vehicule",
    ),
    _service(None, "service_national", keys="statut_service_national"),
    _service(None, "service_civique"),
    _service(None, "statut_sportif", keys="est_sportif_de_haut_niveau"),
)
#: Fields that show, in the first bytes, that an answer comes from API Particulier; the last one is common to several.
SHOWS = (
    *(
        "quotient_familial",
        "quotientFamilial",
        "allocataires",
        "parametres_calcul_participation_familiale",
        "avec_participation",
    ),
    *(
        "module_elementaire_formation",
        "est_scolarise",
        "statut_eleve",
        "statut_boursier",
        "periode_versement_bourse",
        "echelonBourse",
    ),
    *(
        "regime_formation",
        "dateDebutInscription",
        "dateDebutAdmission",
        "code_certification_cnav",
        "codeCertificationCNAV",
    ),
    *("montant_allocations", "caracteristiques_techniques_vehicule", "donnees_immatriculation_vehicule"),
    *("statut_service_national", "est_sportif_de_haut_niveau", "est_beneficiaire"),
)


def of_path(endpoint: str) -> Service | None:
    parts = {part.lower().replace("-", "_") for part in path_of(endpoint).split("/")}
    return next((service for service in SERVICES if any(path <= parts for path in service.paths)), None)


def of_content(data: Mapping[str, Any]) -> Service | None:
    return next((service for service in SERVICES if service.keys & data.keys()), None)
