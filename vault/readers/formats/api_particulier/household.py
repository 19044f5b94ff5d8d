"""Quotient familial and household, as CAF and MSA tell them (v2's composition familiale, v3's quotient familial, day nurseries)."""

import re
from collections.abc import Mapping
from typing import Any

from vault.readers import sentences
from vault.readers.files import plain
from vault.readers.found import Found

HOLDERS = {"CNAF": "caf", "MSA": "msa"}
#: v2 gives `MARIE DUPONT` in one string: first names, then the family name and what goes before it.
ONE_STRING = re.compile(
    r"(?P<first>.+?)\s+(?P<family>(?:(?:DE|DU|DES|D|LE|LA|LES|EL|BEN|VAN|VON|SAINT|ST)\s+)*\S+)", re.IGNORECASE
)


def quotient(data: Mapping[str, Any], found: Found) -> None:
    told = _quotient(data)
    provider = plain.text(told.get("fournisseur")) or plain.text(data.get("regime"))
    # v2 asked CNAF only, and says so nowhere.
    provider = provider or ("CNAF" if "quotientFamilial" in told else None)
    payload = {
        "fournisseur": provider if provider in HOLDERS else None,
        "valeur": plain.integer(told.get("valeur", told.get("quotientFamilial"))),
        "annee": plain.integer(told.get("annee")),
        "mois": _month(told.get("mois")),
        "annee_calcul": plain.integer(told.get("annee_calcul")),
        "mois_calcul": _month(told.get("mois_calcul")),
    }
    holder = HOLDERS.get(provider or "", "caf")
    if payload["valeur"] is not None:
        found.keep("social.quotient_familial", payload, holder=holder)
        _tell_missing(payload, ("fournisseur", "annee", "mois"), found)
    household(data, found, holder)


def household(data: Mapping[str, Any], found: Found, holder: str) -> None:
    """A masked list is left out: it does not mean that there is nobody in it."""
    quality: list[str] = []
    people = {
        name: _people(data[name], quality) for name in ("allocataires", "enfants") if isinstance(data.get(name), list)
    }
    address = _address(data.get("adresse"))
    if not people:
        return
    payload = people | ({"adresse": address} if address else {})
    found.keep("foyer.composition", payload, holder=holder, quality=quality)
    _tell_missing(payload, ("allocataires", "enfants"), found)
    if "estimated" in quality:
        found.warn(sentences.NAMES_IN_ONE)
    if "partial_date" in quality:
        found.warn(sentences.PARTIAL_DATE)


def nursery(data: Mapping[str, Any], found: Found) -> None:
    """What day nurseries compute their price from. The vault has no type for the yearly income that it holds: it is shown."""
    household(data, found, "caf")
    told = data.get("parametres_calcul_participation_familiale")
    told = told if isinstance(told, dict) else {}
    base = told.get("base_ressources_annuelles")
    base = base if isinstance(base, dict) else {}
    found.fact("children_in_charge", plain.integer(told.get("nombre_enfants_a_charge")))
    found.fact("yearly_income", plain.integer(base.get("valeur")), "EUR")
    found.fact("year", plain.integer(base.get("annee_calcul")))


def _quotient(data: Mapping[str, Any]) -> Mapping[str, Any]:
    nested = data.get("quotient_familial")
    return nested if isinstance(nested, dict) else data


def _month(value: object) -> int | None:
    number = plain.integer(value)
    return number if number is not None and 1 <= number <= 12 else None


def _people(rows: list[Any], quality: list[str]) -> list[dict[str, Any]]:
    found = [_person(row, quality) for row in rows[:50] if isinstance(row, dict)]
    return [person for person in found if person.keys() & {"nom_naissance", "prenoms"}]


def _person(row: Mapping[str, Any], quality: list[str]) -> dict[str, Any]:
    family, first = plain.text(row.get("nom_naissance")), plain.text(row.get("prenoms"))
    if family is None and first is None and (whole := plain.text(row.get("nomPrenom"))):
        parts = ONE_STRING.fullmatch(whole)
        first, family = (parts["first"], parts["family"]) if parts else (None, whole)
        quality.append("estimated")
    born = plain.partial_day(row.get("date_naissance", row.get("dateDeNaissance")))
    if born and "-00" in born:
        quality.append("partial_date")
    sex = plain.text(row.get("sexe"))
    return plain.known(
        {
            "nom_naissance": family,
            "nom_usage": plain.text(row.get("nom_usage")),
            "prenoms": first,
            "date_naissance": born,
            "sexe": sex if sex in {"F", "M"} else None,
            "cog_naissance": plain.commune_code(row.get("code_cog_insee_commune_naissance")),
        }
    )


def _address(told: object) -> dict[str, Any]:
    if not isinstance(told, dict):
        return {}
    extra = ("complement_information", "complement_information_geographique", "lieu_dit")
    older = ("complementIdentite", "complementIdentiteGeo", "lieuDit")
    return plain.address(
        street=told.get("numero_libelle_voie", told.get("numeroRue")),
        complement=plain.joined(*(told.get(name) for name in (*extra, *older)), by=", "),
        code_and_town=told.get("code_postal_ville", told.get("codePostalVille")),
        country=told.get("pays"),
    )


def _tell_missing(payload: Mapping[str, Any], needed: tuple[str, ...], found: Found) -> None:
    if any(payload.get(name) is None for name in needed):
        found.warn(sentences.MASKED)
