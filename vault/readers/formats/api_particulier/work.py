"""France Travail: the registration as a jobseeker, and payments."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from vault.readers import sentences
from vault.readers.files import plain
from vault.readers.found import Found

CERTIFICATIONS = {"VC", "IC", "PC", "AC", "DC", "RC"}
MAX_PAYMENTS = 1000


def registration(data: Mapping[str, Any], found: Found) -> None:
    """Keep the registration; without an end date it is current. Contact and postal address, unneeded, are left out."""
    registered = data["inscription"] if isinstance(data.get("inscription"), dict) else data
    category = registered["categorie"] if isinstance(registered.get("categorie"), dict) else {}
    certified = plain.text(registered.get("code_certification_cnav", registered.get("codeCertificationCNAV")))
    code = plain.integer(category.get("code", registered.get("codeCategorieInscription")))
    payload = {
        "date_debut": plain.day(registered.get("date_debut", registered.get("dateInscription"))),
        "date_fin": plain.day(registered.get("date_fin", registered.get("dateCessationInscription"))),
        "categorie_code": code if code is not None and 1 <= code <= 8 else None,
        "categorie_libelle": plain.text(category.get("libelle", registered.get("libelleCategorieInscription"))),
        "code_certification_cnav": certified if certified in CERTIFICATIONS else None,
    }
    if payload["date_debut"] is None and payload["categorie_code"] is None:
        return
    found.keep("emploi.inscription_ft", payload, holder="france_travail")
    if None in (payload["date_debut"], payload["categorie_code"]):
        found.warn(sentences.MASKED)


def payments(data: Mapping[str, Any], found: Found) -> None:
    rows = data.get("paiements")
    total = Decimal(0)
    for row in rows[:MAX_PAYMENTS] if isinstance(rows, list) else []:
        if isinstance(row, dict):
            total += _payment(row, found)
    found.fact("payments", len(found.records))
    if found.records:
        found.fact("total", f"{total:.2f}", "EUR")


def _payment(row: Mapping[str, Any], found: Found) -> Decimal:
    paid_on, paid = (
        plain.day(row.get("date_versement", row.get("date"))),
        plain.money(row.get("montant_total", row.get("montant"))),
    )
    if paid_on is None or paid is None:
        found.warn(sentences.MASKED)
        return Decimal(0)
    payload = {
        "date_versement": paid_on,
        "montant_total": paid,
        "montant_allocations": plain.money(row.get("montant_allocations", row.get("allocations"))),
        "montant_aides": plain.money(row.get("montant_aides", row.get("aides"))),
        "montant_autres": plain.money(row.get("montant_autres", row.get("autres"))),
    }
    found.keep("emploi.indemnite_ft", payload, holder="france_travail")
    return Decimal(paid)
