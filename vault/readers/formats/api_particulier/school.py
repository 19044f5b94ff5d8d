"""Pupils (MEN), students (MESRI) and their grants (CNOUS)."""

import re
from collections.abc import Mapping
from typing import Any

from vault.readers import sentences
from vault.readers.files import plain
from vault.readers.found import Found

LEVELS = {"0bis", "1", "2", "3", "4", "5", "6", "7"}
SCHOOL_YEAR = re.compile(r"(\d{4})(?:-(\d{4}))?")
MAX_ADMISSIONS = 50


def pupil(data: Mapping[str, Any], found: Found) -> None:
    """Keep a pupil's school year, mostly a child's: the resident is asked whose it is."""
    _show_person(data.get("identite", data.get("eleve")), found)
    payload = {
        "annee_scolaire": _school_year(data.get("annee_scolaire")),
        "est_scolarise": plain.yes_no(data.get("est_scolarise")),
        "uai": plain.text(_part(data, "etablissement").get("code_uai", data.get("code_etablissement"))),
        "code_mef": plain.text(_part(data, "module_elementaire_formation").get("code_mef_stat")),
        "est_boursier": plain.yes_no(data.get("est_boursier")),
        "echelon_bourse": plain.integer(data.get("echelon_bourse", data.get("niveau_bourse"))),
    }
    found.fact("course", plain.text(_part(data, "module_elementaire_formation").get("libelle")))
    if payload["est_scolarise"] is not None:
        found.keep("scolarite.eleve", payload, holder="mesri_men", role="child")
        if payload["annee_scolaire"] is None:
            found.warn(sentences.MASKED)


def grant(data: Mapping[str, Any], found: Found) -> None:
    """Keep a grant. v4 has `est_boursier` within `statut_boursier`, and striking off; v2 is flat, in camel case."""
    _show_person(data.get("identite", data), found)
    status, level, paid = (
        _part(data, "statut_boursier"),
        _part(data, "echelon_bourse"),
        _part(data, "periode_versement_bourse"),
    )
    school = _part(data, "etablissement_etudes")
    written = plain.text(level.get("echelon", data.get("echelonBourse")))
    payload = {
        "est_boursier": plain.yes_no(status.get("est_boursier", data.get("est_boursier", data.get("boursier")))),
        "est_radie": plain.yes_no(status.get("est_radie")),
        "date_radiation": plain.day(status.get("date_radiation")),
        "echelon": written if written in LEVELS else None,
        "date_rentree": plain.day(paid.get("date_rentree", data.get("dateDeRentree"))),
        "duree_mois": plain.number(paid.get("duree", data.get("dureeVersement"))),
        "ville": plain.text(school.get("nom_commune", data.get("villeEtudes"))),
        "etablissement": plain.text(school.get("nom_etablissement", data.get("etablissement"))),
    }
    if payload["est_boursier"] is not None:
        found.keep("etudes.bourse", payload, holder="crous")


def student(data: Mapping[str, Any], found: Found) -> None:
    """Keep one record per admission. v2 has separate lists of inscriptions, admissions and schools."""
    _show_person(data.get("identite", data), found)
    before = len(found.records)
    for row in [*_rows(data.get("admissions")), *_rows(data.get("inscriptions"))][:MAX_ADMISSIONS]:
        _admission(row, data, found)
    found.fact("admissions", len(found.records) - before)


def _admission(row: Mapping[str, Any], data: Mapping[str, Any], found: Found) -> None:
    starts = plain.day(row.get("date_debut", row.get("dateDebutInscription", row.get("dateDebutAdmission"))))
    ends, mended = plain.last_day(row.get("date_fin", row.get("dateFinInscription", row.get("dateFinAdmission"))))
    status, school = plain.text(row.get("statut")), _school(row, data)
    enrolled = (
        plain.yes_no(row.get("est_inscrit"))
        if "est_inscrit" in row
        else {"inscrit": True, "admis": False}.get(status or "")
    )
    payload = {
        "date_debut": starts,
        "date_fin": ends,
        "est_inscrit": enrolled,
        "regime_code": plain.text(_part(row, "regime_formation").get("code", row.get("regime"))),
        "uai": plain.text(school.get("uai")),
        "etablissement": plain.text(school.get("nom")),
        "cog": plain.commune_code(row.get("code_cog_insee_commune", row.get("codeCommune"))),
    }
    if enrolled is None and not (starts or ends):
        return
    found.keep("etudes.inscription", payload, holder="mesri_men", quality=["estimated"] if mended else [])
    if mended:
        found.warn(sentences.MENDED_DATE)
    if None in (starts, ends, enrolled):
        found.warn(sentences.MASKED)


def _school(row: Mapping[str, Any], data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the row's own school, or the only one that the answer names."""
    own = _part(row, "etablissement_etudes") or _part(row, "etablissement")
    listed = _rows(data.get("etablissements"))
    return own or (listed[0] if len(listed) == 1 else {})


def _school_year(value: object) -> str | None:
    found = SCHOOL_YEAR.fullmatch(plain.text(value) or "")
    return f"{found[1]}-{found[2] or int(found[1]) + 1}" if found else None


def _show_person(identity: object, found: Found) -> None:
    """Show the name of the person that the answer is about. It is not stored: the vault has its own identity."""
    if isinstance(identity, dict):
        listed = identity.get("prenoms")
        first = listed[:10] if isinstance(listed, list) else [identity.get("prenom")]
        found.fact("person", plain.joined(identity.get("nom_naissance", identity.get("nom")), *first))


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = data.get(name)
    return part if isinstance(part, dict) else {}


def _rows(value: object) -> list[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
