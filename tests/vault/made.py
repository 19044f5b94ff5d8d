"""Fictional values for the tests of the vault, written with the verbs."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from accounts.models import User
from vault.records import actions
from vault.records.enums import Role
from vault.records.models import Record

NOTICE = {
    "annee_revenus": 2025,
    "declarant1": "KERVELLA NADIA",
    "revenu_fiscal_reference": 12312,
    "nombre_parts": 2.5,
    "type_document": "avis_ir",
}
IDENTITY = {
    "family_name": "Kervella",
    "given_name": "Nadia",
    "given_name_array": ["Nadia", "Maëlle"],
    "birthdate": "1988-03-31",
    "gender": "female",
    "birthcountry": "99100",
}
HOME = {
    "adresse": {"voie": "14 rue des Tanneries", "code_postal": "00420", "commune": "Villebrume"},
    "loyer": "612.00",
}
HOUSEHOLD = {
    "allocataires": [{"nom_naissance": "Kervella", "prenoms": "Nadia", "date_naissance": "1988-03-31", "sexe": "F"}],
    "enfants": [
        {"nom_naissance": "Kervella", "prenoms": "Milo", "date_naissance": "2017-05-12", "sexe": "M"},
        {"nom_naissance": "Kervella", "prenoms": "Lison", "date_naissance": "2022-02-02", "sexe": "F"},
    ],
}


def add(
    resident: User,
    type_code: str,
    payload: Mapping[str, Any],
    *,
    person: UUID | None = None,
    role: str = Role.SELF,
    in_place: bool = False,
    **source: Any,
) -> Record:
    """Write a record. `source` takes the fields of `actions.Source`."""
    return actions.add_record(
        resident_id=resident.pk,
        by=resident.pk,
        subject=actions.Subject(type=type_code, person=person or resident.pk, role=role),
        payload=payload,
        source=actions.Source(**source),
        in_place=in_place,
    )


def add_signed_notice(resident: User, **payload: Any) -> Record:
    return add(
        resident,
        "fiscal.avis_ir",
        {**NOTICE, **payload},
        holder="dgfip",
        method="upload",
        assurance="signature_verified",
    )
