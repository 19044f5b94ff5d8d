"""Where to ask for a right: which procedure applies for it, and whether an office of the city receives it."""

from typing import Final

from services.aids import benefits
from services.procedures import finding

#: The procedure of each shipped aid of the city that has one.
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
#: How the code of a procedure begins that the city itself receives.
OWN: Final = "ville_"


def applying(code: str) -> str:
    """Return the code of the procedure that applies for an aid, open or not; empty without one."""
    known = benefits.BY_CODE.get(code)
    return known.dossier if known else LOCAL.get(code, "")


def dossier_of(code: str) -> str:
    """Return the code of the procedure that applies for an aid, empty without one that is open. Cost: one query."""
    found = applying(code)
    try:
        return found if found and finding.current([found]) else ""
    except finding.Unknown:
        return ""


def goes_to_city(code: str) -> bool:
    return dossier_of(code).startswith(OWN)
