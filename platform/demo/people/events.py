"""The records of what happened to each fictional resident, as their holders would have sent them.

Amounts are invented; the situations are those that social workers meet most often. Every date is relative to today.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

Payload = dict[str, Any]

CAF, FRANCE_TRAVAIL, EMPLOYER, MDPH = "caf", "france_travail", "employeur", "mdph"


@dataclass(frozen=True)
class Given:
    """One record as a holder gives it. `member` names a household member; empty for the resident."""

    type: str
    payload: Payload
    holder: str
    member: str = ""
    role: str = "self"
    declared: bool = False


@dataclass(frozen=True)
class Calendar:
    today: date

    def months(self, first: int, last: int) -> list[str]:
        """Return months as 2026-11, from `first` to `last` months ago, oldest first."""
        number = self.today.year * 12 + self.today.month - 1
        return [f"{(number - back) // 12:04d}-{(number - back) % 12 + 1:02d}" for back in range(first, last - 1, -1)]

    @property
    def known(self) -> int:
        """Number of months since the start of the year before last, which family benefits read."""
        return 24 + self.today.month - 1

    def birth(self, age: int, month: int = 3, day: int = 14) -> date:
        """Return a birth date that makes a person `age` years old today."""
        year = self.today.year - age
        return (
            date(year, month, day)
            if (month, day) <= (self.today.month, self.today.day)
            else date(year - 1, month, day)
        )


def wages(
    months: list[str],
    *,
    net: int,
    gross: int,
    member: str = "",
    role: str = "self",
    employer: str = "Ateliers du Lavoir",
) -> Iterator[Given]:
    for month in months:
        payload = {
            "mois": month,
            "employeur": employer,
            "brut": f"{gross}.00",
            "net_avant_impot": f"{net}.00",
            "net_social": f"{net}.00",
        }
        yield Given("emploi.revenu", payload | {"net_imposable": f"{round(net * 1.037)}.00"}, EMPLOYER, member, role)


def other(
    months: list[str],
    *,
    nature: str,
    net: int,
    holder: str,
    taxable: int | None = None,
    gross: int | None = None,
    member: str = "",
    role: str = "self",
) -> Iterator[Given]:
    amounts = {"net": net, "imposable": taxable, "brut": gross}
    for month in months:
        payload = {"mois": month, "nature": nature} | {
            name: f"{value}.00" for name, value in amounts.items() if value is not None
        }
        yield Given("revenu.mensuel", payload, holder, member, role)


def paid_by_caf(months: list[str], lines: Mapping[str, int]) -> Iterator[Given]:
    for month in months:
        payload = {
            "mois": month,
            "lignes": [{"libelle": label, "montant": f"{amount}.00"} for label, amount in lines.items()],
        }
        yield Given("social.paiement", payload, CAF, role="household")


def beneficiary(benefit: str, since: str, *, yes: bool = True) -> Given:
    return Given(
        "social.prestation",
        {"prestation": benefit, "est_beneficiaire": yes, "date_debut_droit": since if yes else None},
        CAF,
    )


def nadia(calendar: Calendar) -> Iterator[Given]:
    yield from wages(calendar.months(calendar.known, 1), net=1180, gross=1513, employer="Ateliers du Lavoir")
    yield from paid_by_caf(
        calendar.months(14, 1), {"Allocations familiales": 151, "Aide personnalisée au logement": 287}
    )
    yield beneficiary("apl", calendar.months(26, 26)[0] + "-01")


def paul(calendar: Calendar) -> Iterator[Given]:
    yield from wages(
        calendar.months(calendar.known, 1),
        net=1420,
        gross=1820,
        member="Irène",
        role="spouse",
        employer="Boulangerie du Port",
    )
    yield Given(
        "handicap.decision",
        {"taux_incapacite": 0.8, "rsdae": False, "date_debut": f"{calendar.today.year - 2}-02-01"},
        MDPH,
    )
    yield Given("handicap.cmi", {"mentions": ["stationnement"], "date_fin": f"{calendar.today.year + 3}-02-01"}, MDPH)
    yield from paid_by_caf(calendar.months(14, 1), {"Allocation aux adultes handicapés": 0})


def samir(calendar: Calendar) -> Iterator[Given]:
    start = calendar.today.year if calendar.today.month >= 9 else calendar.today.year - 1
    inscription = {
        "date_debut": f"{start}-09-01",
        "date_fin": f"{start + 1}-08-31",
        "est_inscrit": True,
        "regime_code": "RF1",
        "etablissement": "Université de Villebrume",
    }
    yield Given("etudes.inscription", inscription, "mesri_men")
    yield Given(
        "etudes.bourse",
        {"est_boursier": True, "echelon": "5", "date_rentree": f"{start}-09-01", "duree_mois": 10},
        "crous",
    )
    yield from paid_by_caf(calendar.months(14, 1), {"Allocation de logement sociale": 0})


def odette(calendar: Calendar) -> Iterator[Given]:
    yield from other(
        calendar.months(calendar.known, 1), nature="retraite", net=640, taxable=655, gross=690, holder="retraite"
    )


def leo(calendar: Calendar) -> Iterator[Given]:
    yield from wages(calendar.months(calendar.known, 1), net=1250, gross=1602, employer="Librairie des Quais")
    yield from paid_by_caf(calendar.months(14, 1), {"Prime d'activité": 0})


def karim(calendar: Calendar) -> Iterator[Given]:
    yield from wages(calendar.months(calendar.known, 11), net=1780, gross=2282, employer="Transports Brumois")
    since = calendar.months(10, 10)[0]
    yield Given(
        "emploi.inscription_ft",
        {
            "date_debut": f"{since}-01",
            "date_fin": None,
            "categorie_code": 1,
            "categorie_libelle": "Sans emploi, à la recherche d’un emploi",
        },
        FRANCE_TRAVAIL,
    )
    for month in calendar.months(10, 1):
        yield Given(
            "emploi.indemnite_ft",
            {"date_versement": f"{month}-28", "montant_total": "1015.00", "montant_allocations": "1015.00"},
            FRANCE_TRAVAIL,
        )


def elise(calendar: Calendar) -> Iterator[Given]:
    yield from wages(calendar.months(calendar.known, 1), net=1690, gross=2167, employer="Hôpital de Villebrume")
    yield from wages(
        calendar.months(calendar.known, 1),
        net=1850,
        gross=2372,
        member="Hugo",
        role="spouse",
        employer="Menuiserie Astier",
    )
    yield from paid_by_caf(calendar.months(14, 1), {"Allocations familiales": 344})


def claire(calendar: Calendar) -> Iterator[Given]:
    """Yield Claire's records. Yann's earnings are only in his vault."""
    yield from wages(calendar.months(calendar.known, 1), net=870, gross=1115, employer="Crèche des Berges")
    yield from paid_by_caf(calendar.months(14, 1), {"Prime d'activité": 0})


def yann(calendar: Calendar) -> Iterator[Given]:
    yield from wages(calendar.months(calendar.known, 1), net=1485, gross=1904, employer="Brasserie du Lavoir")


def mael(calendar: Calendar) -> Iterator[Given]:
    yield from other(calendar.months(14, 1), nature="apprentissage", net=860, holder=EMPLOYER)
