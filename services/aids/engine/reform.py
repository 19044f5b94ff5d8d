"""Corrections of the law where openfisca-france 176.1.8 is out of date, each with its date and source.

To review each April and January: `stale` lists the parameters of our benefits without a new value for thirteen months.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

VERSION: Final = "2026.7"


@dataclass(frozen=True, slots=True)
class Change:
    """One corrected value: the engine's parameter, the first day of the value and its source."""

    path: str
    since: str
    value: float
    source: str
    link: str = ""


SOCIAL: Final = "prestations_sociales"
SPORT: Final = f"{SOCIAL}.education.pass_sport"
ENERGY: Final = f"{SOCIAL}.solidarite_insertion.autre_solidarite.cheque_energie.baremes"
C2S: Final = f"{SOCIAL}.solidarite_insertion.minima_sociaux.cs.cmu.plafond_base"
SPORT_2025: Final = "https://www.sports.gouv.fr/pass-sport"
CHANGES: Final = (
    Change(
        C2S,
        "2025-04-01",
        10339,
        source="Plafond de la complémentaire santé solidaire au 1er avril 2025",
        link="https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI000037950247",
    ),
    Change(
        f"{SOCIAL}.prestations_etat_de_sante.invalidite.aah.age_legal_retraite",
        "2023-09-01",
        62,
        source="Retraite pour inaptitude à 62 ans : fin de l’AAH de 50 à 79 %, Aspa anticipée (L351-1-5, L821-2 CSS)",
        link="https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI000047450737",
    ),
    Change(f"{SPORT}.montant", "2025-09-01", 70, source="Pass’Sport 2025 : 70 €", link=SPORT_2025),
    Change(
        f"{SPORT}.critere_age.age_minimum_profil_ars",
        "2025-09-01",
        14,
        source="Pass’Sport 2025 : de 14 à 17 ans",
        link=SPORT_2025,
    ),
    Change(
        f"{ENERGY}.une_uc.4.threshold",
        "2025-01-01",
        11000,
        source="Chèque énergie 2025 : 11 000 € par unité de consommation",
    ),
    Change(
        f"{ENERGY}.une_uc_a_deux_uc.4.threshold",
        "2025-01-01",
        11000,
        source="Chèque énergie 2025 : 11 000 € par unité de consommation",
    ),
    Change(
        f"{ENERGY}.plus_de_deux_ucs.4.threshold",
        "2025-01-01",
        11000,
        source="Chèque énergie 2025 : 11 000 € par unité de consommation",
    ),
)


def apply(system: Any) -> Any:  # noqa: ANN401 - OpenFisca is untyped
    """Correct a freshly loaded law in place: a second copy would take 60 MB."""
    for change in CHANGES:
        parameter(system, change.path).update(start=change.since, value=change.value)
    from services.aids.engine import corrected  # imports the engine, which `VERSION` is read without

    for variable in corrected.CLASSES:
        system.update_variable(variable)
    return system


def parameter(system: Any, path: str) -> Any:  # noqa: ANN401 - OpenFisca is untyped
    node = system.parameters
    for step in path.split("."):
        node = node.brackets[int(step)] if step.isdecimal() else getattr(node, step)
    return node


def change_of(path: str, month: str) -> Change | None:
    """Return our correction of a parameter that is in force that month."""
    return next((change for change in CHANGES if change.path == path and change.since <= f"{month}-01"), None)


WATCHED: Final = (
    f"{SOCIAL}.solidarite_insertion.minima_sociaux",
    f"{SOCIAL}.solidarite_insertion.minimum_vieillesse",
    f"{SOCIAL}.solidarite_insertion.autre_solidarite.cheque_energie",
    f"{SOCIAL}.prestations_familiales",
    f"{SOCIAL}.aides_logement",
    f"{SOCIAL}.prestations_etat_de_sante.invalidite",
    f"{SOCIAL}.education",
    "chomage.allocations_assurance_chomage.ass",
)


def stale(system: Any, today: date) -> list[tuple[str, str]]:  # noqa: ANN401 - OpenFisca is untyped
    """Return (parameter, date of its latest value) for amounts that usually change each year but did not for thirteen
    months. Those without a value of the last three years are no longer revalued: they are not listed.
    """
    oldest = f"{today.year - 1:04d}-{today.month:02d}-01" if today.month > 1 else f"{today.year - 2:04d}-12-01"
    limit = _a_month_before(oldest)
    revalued = f"{today.year - 3:04d}-{today.month:02d}-01"
    found = [(path, latest) for path, latest in _amounts(system) if revalued <= latest < limit]
    return sorted(found)


def _a_month_before(day: str) -> str:
    year, month = int(day[:4]), int(day[5:7])
    return f"{year - (month == 1):04d}-{(month - 2) % 12 + 1:02d}-01"


def _amounts(system: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - OpenFisca is untyped
    """Yield the parameters in euros with at least three values: those that usually change each year."""
    for root in WATCHED:
        for node in parameter(system, root).get_descendants():
            values = getattr(node, "values_list", None)
            if values and len(values) >= 3 and node.metadata.get("unit") == "currency" and values[0].value is not None:
                yield node.name, values[0].instant_str
