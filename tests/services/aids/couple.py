"""The vaults of a couple. The partner's amounts are unique, so that tests detect any leak."""

from collections.abc import Iterator
from datetime import date

from accounts.models import User
from services.aids.household import months
from tests.vault.couples import agreed, couple
from tests.vault.made import add
from vault.records.enums import Mode
from vault.records.models import Grant

#: Values of the partner's vault only: any text with one of them leaks it.
NET, GROSS, TAXABLE, BIRTH, PAY_MONTHS = "1737.41", "2229.77", "1801.63", "1987-11-23", 24
ITEMS = ("disability", "nationality", "pregnancy")


def fill(one: User, other: User, today: date) -> None:
    month = today.strftime("%Y-%m")
    family = {
        "allocataires": [
            {"nom_naissance": "Diallo", "prenoms": "Awa", "date_naissance": "1990-02-02", "sexe": "F"},
            {"nom_naissance": "Martin", "prenoms": "Bruno", "sexe": "M"},
        ],
        "enfants": [
            {"nom_naissance": "Martin", "prenoms": "Lou", "date_naissance": f"{today.year - 5}-03-03", "sexe": "F"}
        ],
        "situation_familiale": "O",
    }
    add(one, "identite.pivot", identity("Diallo", "Awa", "1990-02-02", "female"))
    add(one, "foyer.composition", family, role="household")
    add(
        one,
        "logement.domicile",
        {"adresse": {"cog": "17300"}, "statut_occupation": "locataire_vide", "loyer": "690.00"},
    )
    add(one, "foyer.situation", {"activite": "actif", "nationalite": "FR", "statut_marital": "O", "enceinte": False})
    add(one, "handicap.decision", {"taux_incapacite": 0})
    for past in pay(month):
        add(one, "emploi.revenu", {"mois": past, "net_social": "820.00", "net_avant_impot": "820.00"})
    add(other, "identite.pivot", identity("Martin", "Bruno", BIRTH, "male"))
    add(other, "foyer.situation", {"activite": "actif", "nationalite": "FR"})
    add(other, "handicap.decision", {"taux_incapacite": 0})
    for past in pay(month):
        figures = {"net_social": NET, "net_avant_impot": NET, "net_imposable": TAXABLE, "brut": GROSS}
        add(other, "emploi.revenu", {"mois": past, **figures})


def pay(month: str) -> Iterator[str]:
    return (months.shift(month, -back) for back in range(1, PAY_MONTHS))


def identity(family: str, given: str, birth: str, gender: str) -> dict[str, str]:
    return {"family_name": family, "given_name": given, "birthdate": birth, "gender": gender, "birthcountry": "99100"}


def together(one: User, other: User, today: date, *, mode: Mode = Mode.COUNT) -> Grant:
    """Fill both vaults; `other` gives `one` the agreement."""
    fill(one, other, today)
    couple(one, other)
    return agreed(other, one, "joint_simulation", *ITEMS, mode=mode)
