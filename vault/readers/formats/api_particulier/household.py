"""Quotient familial and household from CAF and MSA: v2's composition familiale, v3's quotient familial, nurseries."""

import re
from collections.abc import Mapping
from typing import Any

from vault.readers import sentences
from vault.readers.files import plain
from vault.readers.found import Found

HOLDERS = {"CNAF": "caf", "MSA": "msa"}
#: v2 gives `MARIE DUPONT` in one string: first names, then the family name and its particle.
ONE_STRING = re.compile(
    r"(?P<first>.+?)\s+(?P<family>(?:(?:DE|DU|DES|D|LE|LA|LES|EL|BEN|VAN|VON|SAINT|ST)\s+)*\S+)", re.IGNORECASE
)


def quotient(data: Mapping[str, Any], found: Found) -> None:
    answer = _quotient(data)
    provider = plain.text(answer.get("fournisseur")) or plain.text(data.get("regime"))
    # v2 calls CNAF only, and does not name it.
    provider = provider or ("CNAF" if "quotientFamilial" in answer else None)
    payload = {
        "fournisseur": provider if provider in HOLDERS else None,
        "valeur": plain.integer(answer.get("valeur", answer.get("quotientFamilial"))),
        "annee": plain.integer(answer.get("annee")),
        "mois": _month(answer.get("mois")),
        "annee_calcul": plain.integer(answer.get("annee_calcul")),
        "mois_calcul": _month(answer.get("mois_calcul")),
    }
    holder = HOLDERS.get(provider or "", "caf")
    if payload["valeur"] is not None:
        found.keep("social.quotient_familial", payload, holder=holder)
        _warn_if_missing(payload, ("fournisseur", "annee", "mois"), found)
    elif payload["annee"] or payload["mois"]:
        found.warn(sentences.MASKED)
    household(data, found, holder)


def household(data: Mapping[str, Any], found: Found, holder: str) -> None:
    """Keep the household. A masked list is left out, since it is not an empty one."""
    quality: list[str] = []
    people = {
        name: _people(data[name], quality) for name in ("allocataires", "enfants") if isinstance(data.get(name), list)
    }
    address = _address(data.get("adresse"))
    if not people:
        return
    payload = people | ({"adresse": address} if address else {})
    found.keep("foyer.composition", payload, holder=holder, quality=quality)
    _warn_if_missing(payload, ("allocataires", "enfants"), found)
    if "estimated" in quality:
        found.warn(sentences.NAMES_IN_ONE)
    if "partial_date" in quality:
        found.warn(sentences.PARTIAL_DATE)
    everyone = [person for listed in people.values() for person in listed]
    if any("date_naissance" not in person for person in everyone):
        found.warn(sentences.NO_BIRTH_DATE)


def nursery(data: Mapping[str, Any], found: Found) -> None:
    """Keep the household that day nurseries bill. Its yearly income, which has no type in the vault, is only shown."""
    household(data, found, "caf")
    parameters = data.get("parametres_calcul_participation_familiale")
    parameters = parameters if isinstance(parameters, dict) else {}
    base = parameters.get("base_ressources_annuelles")
    base = base if isinstance(base, dict) else {}
    found.fact("children_in_charge", plain.integer(parameters.get("nombre_enfants_a_charge")))
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


def _address(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    extra = ("complement_information", "complement_information_geographique", "lieu_dit")
    older = ("complementIdentite", "complementIdentiteGeo", "lieuDit")
    return plain.address(
        street=value.get("numero_libelle_voie", value.get("numeroRue")),
        complement=plain.joined(*(value.get(name) for name in (*extra, *older)), by=", "),
        code_and_town=value.get("code_postal_ville", value.get("codePostalVille")),
        country=value.get("pays"),
    )


def _warn_if_missing(payload: Mapping[str, Any], needed: tuple[str, ...], found: Found) -> None:
    if any(payload.get(name) is None for name in needed):
        found.warn(sentences.MASKED)
