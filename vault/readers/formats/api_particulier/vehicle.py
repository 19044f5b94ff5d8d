"""A vehicle's registration (ANTS). The plate is stored masked: advice on travel needs the engine, not the number."""

import re
from collections.abc import Mapping
from typing import Any

from vault.readers import sentences
from vault.readers.files import plain
from vault.readers.found import Found

STATUSES = {"titulaire", "cotitulaire", "locataire"}


def vehicle(data: Mapping[str, Any], found: Found) -> None:
    plate, machine = (
        _part(data, "donnees_immatriculation_vehicule"),
        _part(data, "caracteristiques_techniques_vehicule"),
    )
    owner, status = _part(data, "identite_particulier"), plain.text(data.get("statut_rattachement"))
    found.fact("person", plain.joined(owner.get("nom"), owner.get("prenom")))
    found.fact("plate", plain.text(plate.get("numero_immatriculation")))
    payload = {
        "immatriculation_masquee": _masked(plain.text(plate.get("numero_immatriculation"))),
        "date_premiere_immatriculation": plain.day(plate.get("date_premiere_immatriculation")),
        "marque": plain.text(machine.get("marque")),
        "modele": plain.text(machine.get("denomination_commerciale")),
        "categorie": _code(machine, "categorie_vehicule"),
        "genre": _code(machine, "genre_national"),
        "energie_code": _code(machine, "type_carburant"),
        "co2_g_km": plain.number(machine.get("taux_co2")),
        "statut": status if status in STATUSES else None,
    }
    if not plain.known(payload):
        return
    found.keep("mobilite.vehicule", payload, holder="ants")
    if None in (payload["genre"], payload["energie_code"]):
        found.warn(sentences.MASKED)


def _masked(plate: str | None) -> str | None:
    """Mask the digits: `TM-***-KB` for `TM-003-KB`, which its owner still recognises."""
    return re.sub(r"\d", "*", plate) if plate else None


def _code(machine: Mapping[str, Any], name: str) -> str | None:
    return plain.text(_part(machine, name).get("code"))


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = data.get(name)
    return part if isinstance(part, dict) else {}
