"""A family as JSON and as vault records, for tests without the sample folder."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

if TYPE_CHECKING:
    from accounts.models import User
    from services.aids.household import Household
    from services.aids.models import LocalAid

MONTH = "2025-11"
CHILD = UUID("00000000-0000-4000-8000-00000000c41d")


def single(**changes: Any) -> dict[str, Any]:
    """Awa: one adult with a part-time job and a furnished flat."""
    pay = {"type": "salary", "from": "2023-01", "to": MONTH, "net": 900, "taxable": 933.3, "gross": 1153.84}
    person = {"id": "p1", "role": "applicant", "birth_date": "1993-04-12", "status": "employed", "incomes": [pay]}
    return {
        "id": "awa",
        "date": MONTH,
        "people": [person],
        "housing": {"status": "tenant_private_furnished", "rent": 520, "charges": 0, "insee": "17300"},
        "tax_notices": [
            {"income_year": 2023, "rfr": 10080, "parts": 1},
            {"income_year": 2024, "rfr": 10080, "parts": 1},
        ],
        "benefits_received": [],
    } | changes


def family(**changes: Any) -> dict[str, Any]:
    """Awa with two children, aged seven and four."""
    base = single()
    base["people"] += [
        {
            "id": "k1",
            "role": "child",
            "birth_date": "2018-03-10",
            "status": "inactive",
            "incomes": [],
            "school": "primaire",
        },
        {
            "id": "k2",
            "role": "child",
            "birth_date": "2021-06-02",
            "status": "inactive",
            "incomes": [],
            "school": "maternelle",
        },
    ]
    base["tax_notices"] = [{"income_year": year, "rfr": 10080, "parts": 2.5} for year in (2023, 2024)]
    return base | changes


def computed(household: "Household") -> Any:
    from services.aids import results

    return results.compute(household)


def simulated(user: "User", today: date | None = None) -> Any:
    from services.aids.actions import simulations as actions

    return actions.simulate(resident_id=user.pk, today=today)


def counting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Patch the engine; return the list of the number of households in each later run."""
    from services.aids.engine import run as engine

    runs: list[int] = []
    real = engine.run

    def counted(households: Sequence["Household"], **options: Any) -> "engine.Run":
        runs.append(len(households))
        return real(households, **options)

    monkeypatch.setattr(engine, "run", counted)
    return runs


def with_partner(household: dict[str, Any], **changes: Any) -> dict[str, Any]:
    partner = {"id": "p2", "role": "partner", "birth_date": "1990-01-01", "status": "inactive", "incomes": []}
    household["people"].append(partner | changes)
    return household


def paid(household: dict[str, Any], net: float) -> dict[str, Any]:
    """Set the applicant's net wage, with matching taxable and gross amounts."""
    wage = household["people"][0]["incomes"][0]
    household["people"][0]["incomes"] = [
        wage | {"net": net, "taxable": round(net * 1.037, 2), "gross": round(net * 1.282, 2)}
    ]
    return household


def person(household: dict[str, Any], rank: int = 0, **changes: Any) -> dict[str, Any]:
    household["people"][rank] |= changes
    return household


def without(household: dict[str, Any], *names: str, rank: int | None = None) -> dict[str, Any]:
    """Remove keys: their values become unknown, not zero."""
    target = household if rank is None else household["people"][rank]
    for name in names:
        target.pop(name, None)
    return household


def put(user: "User", type: str, payload: Mapping[str, Any], person: UUID | None = None, role: str = "self") -> UUID:
    from vault.records.actions import Subject, add_record

    subject = Subject(type=type, person=person or user.pk, role=role)
    record = add_record(resident_id=user.pk, by=user.pk, subject=subject, payload=payload, in_place=True)
    return record.pk


def identity(user: "User", born: str = "1993-04-12", gender: str = "female") -> UUID:
    return put(
        user,
        "identite.pivot",
        {"given_name": "Awa", "family_name": "Traoré", "birthdate": born, "gender": gender, "birthcountry": "99100"},
    )


def notice(user: "User", year: int, rfr: int = 10080, parts: float = 1.5) -> UUID:
    return put(user, "fiscal.avis_ir", {"annee_revenus": year, "revenu_fiscal_reference": rfr, "nombre_parts": parts})


def payslip(user: "User", month: str, net: str = "900.00") -> UUID:
    figures = {
        "net_avant_impot": net,
        "net_social": net,
        "net_imposable": f"{float(net) * 1.037:.2f}",
        "brut": f"{float(net) * 1.282:.2f}",
    }
    return put(user, "emploi.revenu", {"mois": month, **figures})


def full_vault(user: "User", *, month: str = MONTH) -> None:
    """Fill the vault of Awa and her child of seven, so that no question affects the main aids."""
    from services.aids.household import months

    identity(user)
    put(
        user,
        "foyer.composition",
        {
            "allocataires": [
                {
                    "id": str(user.pk),
                    "nom_naissance": "TRAORÉ",
                    "prenoms": "Awa",
                    "date_naissance": "1993-04-12",
                    "sexe": "F",
                }
            ],
            "enfants": [
                {
                    "id": str(CHILD),
                    "nom_naissance": "TRAORÉ",
                    "prenoms": "Moussa",
                    "date_naissance": "2018-03-10",
                    "sexe": "M",
                }
            ],
            "separation_recente": False,
        },
        role="household",
    )
    put(user, "foyer.situation", {"activite": "actif", "nationalite": "FR", "enceinte": False, "ass_ouverte": False})
    put(user, "foyer.situation", {"garde_alternee": False, "scolarite": "primaire"}, person=CHILD, role="child")
    put(user, "handicap.decision", {"taux_incapacite": 0})
    put(user, "handicap.decision", {"taux_incapacite": 0}, person=CHILD, role="child")
    put(
        user,
        "logement.domicile",
        {
            "adresse": {"cog": "00042", "commune": "Villebrume"},
            "statut_occupation": "locataire_hlm",
            "loyer": "430.00",
            "charges": "40.00",
        },
    )
    for year in (2023, 2024):
        notice(user, year)
    for ago in range(1, 15):
        payslip(user, months.shift(month, -ago))
    put(
        user, "revenu.mensuel", {"mois": months.shift(month, -1), "nature": "pension_alimentaire_recue", "net": "0.00"}
    )
    put(
        user,
        "social.paiement",
        {
            "mois": months.shift(month, -1),
            "lignes": [{"libelle": "Aide personnalisée au logement", "montant": "210.00"}],
        },
    )
    put(user, "social.quotient_familial", {"fournisseur": "CNAF", "valeur": 480, "annee": 2025, "mois": 10})


def local_aids(codes: Sequence[str] | None = None) -> "list[LocalAid]":
    """Publish shipped aids, open since the start of the year of these tests."""
    from services.aids import catalogue, shipping

    wanted = catalogue.DEMONSTRATION if codes is None else codes
    items = [item for item in catalogue.local_aids() if item["code"] in wanted]
    return [shipping.write({**item, "valid_from": "2025-01-01"}) for item in items]
