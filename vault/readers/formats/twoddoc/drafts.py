"""The record that each document type becomes. Values of other document types are shown, not stored."""

import dataclasses
import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from vault.readers.formats.twoddoc import values
from vault.readers.formats.twoddoc.code import Code
from vault.readers.formats.twoddoc.values import Entries


@dataclasses.dataclass(frozen=True)
class Draft:
    """A record to build from a code. Without `holder`, the holder is the organisation that signed."""

    type: str
    payload: Mapping[str, Any]
    holder: str = ""
    period: Mapping[str, str] | None = None
    until: str | None = None


#: The paper kind of each document type that has only one.
KINDS = {
    "03": "rib",
    "04": "avis_impot",
    "06": "bulletin_salaire",
    "10": "contrat_travail",
    "11": "releve_bancaire",
    "18": "asdir",
    "24": "asdir",
    "27": "asdir",
    "28": "avis_impot",
    "29": "attestation_employeur",
    "A2": "cmi",
    "B0": "diplome",
    "B1": "cvec",
}
#: Document types that only the tax office issues: a code signed by another organisation is refused.
TAX_OFFICE_ONLY = {"02", "04", "18", "24", "27", "28"}
DGFIP = "dgfip"
#: Proofs of address; the signer shows which kind of bill they are.
ADDRESS_PROOFS = {"00", "01"}
BILLS_OF = (
    (r"\bEDF\b|ELECTRICITE DE FRANCE|ENGIE|ENEDIS|TOTALENERGIES", "facture_energie"),
    (r"\bEAUX?\b|VEOLIA|SAUR", "facture_eau"),
    (r"TELECOM|\bFREE\b|\bSFR\b|ORANGE", "facture_telecom"),
)


def draft(code: Code, entries: Entries) -> Draft | None:
    builder = BUILDERS.get(code.doc_type)
    return builder(code, entries) if builder else None


def kind_of(code: Code, organisation: str) -> str | None:
    """Return the paper's kind. `organisation` is the signer's name, empty if unknown."""
    if code.doc_type in ADDRESS_PROOFS:
        return next((kind for names, kind in BILLS_OF if re.search(names, organisation.upper())), None)
    return KINDS.get(code.doc_type)


def _notice(code: Code, entries: Entries) -> Draft:
    home = values.address(
        entries, complement=("6S", "6T"), street="6U", place="6V", postcode="6W", town="6X", country="6Y"
    )
    year = values.year(entries, "45")
    payload = {
        "annee_revenus": year,
        "reference_avis": values.text(entries, "44"),
        "numero_fiscal_declarant1": values.text(entries, "47", "40"),
        "numero_fiscal_declarant2": values.text(entries, "49"),
        "declarant1": values.name(entries, "46", "10"),
        "declarant2": values.name(entries, "48"),
        "revenu_fiscal_reference": values.integer(entries, "41"),
        "nombre_parts": values.parts(entries, "43"),
        "impot_revenu_net": values.integer(entries, "4V"),
        "retenue_source": values.integer(entries, "4X"),
        "reste_a_payer": values.integer(entries, "4W"),
        "situation_familiale": values.text(entries, "42"),
        "date_mise_en_recouvrement": values.day(entries, "4A"),
        "date_etablissement": values.day(entries, "4B"),
        "adresse": home or values.address_line(entries, "4Y") or None,
        "type_document": "avis_ir" if code.doc_type in {"04", "28"} else "asdir",
    }
    return Draft("fiscal.avis_ir", _known(payload), DGFIP, values.whole_year(year) if year else None)


def _home(code: Code, entries: Entries) -> Draft | None:
    home = values.address(
        entries, complement=("20", "21"), street="22", place="23", postcode="24", town="25", country="26"
    )
    if not home.keys() - {"pays"}:
        return None
    people = [values.name(entries, "10"), values.name(entries, "1I")]
    people = [one for one in people if one] or [
        " ".join(filter(None, (values.text(entries, "13"), values.text(entries, "12"))))
    ]
    payload = {
        "adresse": home,
        "occupants": [one for one in people if one],
        "depuis": values.day(entries, "1C"),
        "justificatif_type": {"01": "Facture", "02": "Avis de taxe d’habitation"}.get(
            code.doc_type, "Justificatif de domicile"
        ),
    }
    return Draft("logement.domicile", _known(payload), DGFIP if code.doc_type == "02" else "")


def _payslip(code: Code, entries: Entries) -> Draft | None:
    first = values.day(entries, "53")
    if first is None:
        return None
    start = date.fromisoformat(first)
    hours = values.decimal(entries, "51")
    payload = {
        "mois": first[:7],
        "employeur": values.text(entries, "5M", "4U"),
        "siret": values.text(entries, "50"),
        "brut": values.money(entries, "5A"),
        "net_avant_impot": values.money(entries, "5C"),
        "net_imposable": values.money(entries, "58"),
        "heures": float(hours) if hours is not None else None,
    }
    end = start.replace(day=monthrange(start.year, start.month)[1])
    return Draft("emploi.revenu", _known(payload), "employeur", values.span(start, end))


def _account(code: Code, entries: Entries) -> Draft | None:
    iban = values.text(entries, "31")
    if iban is None:
        return None
    at_end = values.money(entries, "39")
    on = values.day(entries, "37" if at_end else "36")
    payload = {
        "identifiant": iban,
        "devise": "EUR" if iban.startswith("FR") else None,
        "solde": at_end or values.money(entries, "38"),
        "date_solde": values.midnight(date.fromisoformat(on)) if on else None,
    }
    return Draft("banque.compte", _known(payload))


def _mobility_card(code: Code, entries: Entries) -> Draft | None:
    until = values.day(entries, "AI")
    return Draft("handicap.cmi", {"date_fin": until}, until=until) if until else None


def _vehicle(code: Code, entries: Entries) -> Draft | None:
    """Build a vehicle from an air-quality certificate (Crit'Air), which lacks the national kind (VP, CTTE)."""
    plate, co2, registered = values.text(entries, "A1"), entries.get("A7"), values.day(entries, "AA")
    payload = {
        "immatriculation_masquee": re.sub(r"\d", "*", plate) if plate else None,
        "date_premiere_immatriculation": registered,
        "marque": values.text(entries, "A2"),
        "modele": values.text(entries, "A3"),
        "categorie": values.text(entries, "A5"),
        "energie_code": values.text(entries, "A6"),
        "co2_g_km": co2.value if co2 and isinstance(co2.value, int) else None,
    }
    found = _known(payload)
    return Draft("mobilite.vehicule", found) if found else None


def _known(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out missing values: a payload has no null."""
    return {key: value for key, value in payload.items() if value not in (None, [])}


BUILDERS: dict[str, Callable[[Code, Entries], Draft | None]] = {
    **dict.fromkeys(("04", "18", "24", "27", "28"), _notice),
    **dict.fromkeys(("00", "01", "02"), _home),
    **dict.fromkeys(("03", "11"), _account),
    "06": _payslip,
    "A2": _mobility_card,
    **dict.fromkeys(("A0", "A7"), _vehicle),
}
