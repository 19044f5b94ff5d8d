"""Where to ask for a right: which dossier applies for it, and whether an office of the city receives that dossier."""

from typing import Final

from services.aids import benefits, catalogue

#: The dossier of each shipped aid of the city that has one.
LOCAL: Final = {
    "cantine-qf": "ville_cantine",
    "periscolaire-effort": "ville_cantine",
    "creche-priorite": "ville_creche",
    "transport-solidaire": "ville_transport",
    "transport-moins-18": "ville_transport",
    "transport-senior": "ville_transport",
    "energie-ccas": "ville_aide_energie",
    "pass-sport-ville": "ville_pass_sport",
}
#: How the code of a dossier begins that the city itself receives.
OWN: Final = "ville_"


def dossier_of(code: str) -> str:
    """Return the catalogue's code of the dossier that applies for an aid, or an empty string."""
    known = benefits.BY_CODE.get(code)
    found = known.dossier if known else LOCAL.get(code, "")
    return found if found and catalogue.exists(found) else ""


def goes_to_city(code: str) -> bool:
    return dossier_of(code).startswith(OWN)
